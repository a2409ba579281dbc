//! Upgrades: from HTTP to a WebSocket, and from polling to another transport.
//!
//! An upgrade of a session has these steps:
//!
//! 1. A request stores a [`ProbeChannel`](crate::transport::channel::ProbeChannel) in the shared
//!    state. The driver takes it and reads it beside the polling transport.
//! 2. The client sends `2probe` and receives `3probe`. The pending poll is answered with a noop
//!    packet.
//! 3. The client sends the upgrade packet `5`. From then on the session uses the new channel, and
//!    queued messages are sent there. While a POST is in progress, the upgrade is deferred until its
//!    packets are handled.
//!
//! If any step fails or takes too long, only the new channel is closed, and the session keeps
//! polling.

use std::task::{Context, Poll};

use engineio_proto::{Packet, ProbeResult, Transport};

use super::run_budget::RunBudget;
use super::{ChannelState, Core};
use crate::engine::application::Application;
use crate::session::SessionEvent;
use crate::transport::channel::Channel;

impl<A: Application> Core<A> {
    /// Polls the HTTP upgrade of a WebSocket, and opens the session if it is a new one.
    pub(super) fn poll_opening(&mut self, cx: &mut Context<'_>) {
        let ChannelState::Opening(opening) = &mut self.channel else {
            return;
        };
        let limit = self.engine.config.max_http_buffer_size;
        let Poll::Ready(websocket) = opening.upgrade.poll(cx, limit) else {
            return;
        };
        let session = opening.session.take();
        let Some(websocket) = websocket else {
            self.channel = ChannelState::None;
            self.transport_closed(Transport::WebSocket, false);
            return;
        };
        self.channel = ChannelState::Open(Channel::WebSocket(websocket));
        if let Some((request, open)) = session {
            self.write_handshake(&open);
            self.lend_writer();
            self.open(request);
        }
    }

    /// Handles a packet of the channel that is probing; `None` stands for a packet that cannot be
    /// decoded.
    pub(super) fn receive_probe(
        &mut self,
        budget: &mut RunBudget,
        from: Transport,
        packet: Option<Packet>,
    ) {
        let mut state = self.lock();
        // After the upgrade, the session would reject the rest of the POST.
        if packet == Some(Packet::Upgrade) && state.is_posting() {
            drop(state);
            self.upgrade_deferred = true;
            return;
        }
        let result = match packet {
            Some(packet) => state.proto.handle_probe_packet(budget.now(), packet),
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
                if let ChannelState::Open(channel) = &mut self.channel {
                    channel.write(&reply, true);
                }
                if let Some(observers) = observers {
                    observers.notify(SessionEvent::Upgrading(from));
                }
            }
            ProbeResult::Upgraded => {
                self.probing = false;
                self.lend_writer();
            }
            ProbeResult::Rejected => self.drop_probe(),
        }
    }

    pub(super) fn drop_probe(&mut self) {
        self.probing = false;
        self.upgrade_deferred = false;
        self.close_channel();
    }
}
