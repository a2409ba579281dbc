//! Upgrades: from HTTP to a WebSocket, and from polling to another transport.
//!
//! An upgrade of a session has these steps:
//!
//! 1. A request stores a [`ProbeChannel`](crate::transport::channel::ProbeChannel) in the shared
//!    state. The driver takes it and reads it beside the polling transport.
//! 2. The client sends `2probe` and receives `3probe`. The pending poll is answered with a noop
//!    packet.
//! 3. The client sends the upgrade packet `5`. From then on the session uses the new channel, and
//!    queued messages are sent there. The packets of a POST that is in progress are handled first.
//!    The new channel is not read meanwhile. A POST that takes longer than the upgrade timeout is
//!    ended.
//!
//! A request that arrives after the upgrade packet is refused. The driver reads what has arrived on
//! the probing channel before a request of polling is handled, see
//! [`read_probe`](super::polling::read_probe).
//!
//! If any step fails or takes too long, only the new channel is closed, and the session keeps
//! polling.

use std::task::{Context, Poll};

use engineio_proto::{Packet, ProbeResult, Transport};

use super::run_budget::RunBudget;
use super::{ChannelState, Core, Progress};
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
        let result = match packet {
            Some(packet) => state.proto.handle_probe_packet(budget.now(), packet),
            None => {
                state.proto.handle_transport_closed(from, true);
                ProbeResult::Rejected
            }
        };
        state.wake_poll();
        let awaits_post = result == ProbeResult::Upgraded && state.is_posting();
        if awaits_post {
            let limit = self.engine.config.session.upgrade_timeout;
            // `None` if the limit is longer than the clock can represent.
            state.cold_or_insert().post_deadline = budget.now().checked_add(limit);
        }
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
                self.awaits_post = awaits_post;
                self.lend_writer();
            }
            ProbeResult::Rejected => self.drop_probe(),
        }
    }

    /// Returns the number of requests that wait until the probing channel has been read.
    #[cold]
    pub(super) fn requests_awaiting_probe(&self) -> usize {
        self.lock().cold_or_insert().awaiting_probe.len()
    }

    /// Resumes the first `read` requests that wait for the probing channel, which arrived before it
    /// was read. All of them if the channel no longer probes.
    #[cold]
    pub(super) fn resume_requests(&mut self, cx: &mut Context<'_>, read: usize) -> Progress {
        if self.probing
            && let ChannelState::Open(channel) = &mut self.channel
            // A client that does not read is not read either.
            && channel.poll_writable(cx).is_ready()
            && channel.has_input()
        {
            // The runtime has not announced these bytes yet.
            return Progress::Yield;
        }
        let mut state = self.lock();
        let requests = &mut state.cold_or_insert().awaiting_probe;
        let read = if self.probing { read } else { requests.len() };
        let resumed: Vec<_> = requests.drain(..read.min(requests.len())).collect();
        drop(state);
        drop(resumed);
        Progress::Busy
    }

    pub(super) fn drop_probe(&mut self) {
        self.probing = false;
        self.close_channel();
    }
}
