//! The way from one transport to another.

use std::task::{Context, Poll};

use engineio_proto::{Packet, ProbeResult, Transport};

use super::turn::Turn;
use super::{Core, Socket};
use crate::engine::application::Application;
use crate::session::SessionEvent;
use crate::transport::channel::Channel;

impl<A: Application> Core<A> {
    /// Carries a WebSocket from HTTP to its first frame.
    pub(super) fn poll_opening(&mut self, cx: &mut Context<'_>) {
        let Socket::Opening(opening) = &mut self.socket else {
            return;
        };
        let limit = self.engine.config.max_http_buffer_size;
        let Poll::Ready(websocket) = opening.switching.poll(cx, limit) else {
            return;
        };
        let session = opening.session.take();
        let Some(websocket) = websocket else {
            self.socket = Socket::None;
            self.transport_closed(Transport::WebSocket, false);
            return;
        };
        self.socket = Socket::Open(Channel::WebSocket(websocket));
        if let Some((request, open)) = session {
            self.greet(&open);
            self.lend();
            self.open(request);
        }
    }

    /// Handles a packet of the transport that is being probed.
    pub(super) fn receive_probe(
        &mut self,
        turn: &mut Turn,
        from: Transport,
        packet: Option<Packet>,
    ) {
        let mut state = self.lock();
        // The session would not take what is being posted once it has left polling.
        if packet == Some(Packet::Upgrade) && state.is_posting() {
            drop(state);
            self.upgrade_held = true;
            return;
        }
        let result = match packet {
            Some(packet) => state.proto.handle_probe_packet(turn.now(), packet),
            None => {
                state.proto.handle_transport_closed(from, true);
                ProbeResult::Rejected
            }
        };
        state.wake_poll();
        let observers = state.observers();
        drop(state);
        match result {
            ProbeResult::Reply(reply) => {
                if let Socket::Open(channel) = &mut self.socket {
                    channel.write(&reply, true);
                }
                if let Some(observers) = observers {
                    observers.tell(SessionEvent::Upgrading(from));
                }
            }
            ProbeResult::Upgraded => {
                self.probing = false;
                self.lend();
            }
            ProbeResult::Rejected => self.drop_probe(),
        }
    }

    pub(super) fn drop_probe(&mut self) {
        self.probing = false;
        self.upgrade_held = false;
        self.close_socket();
    }
}
