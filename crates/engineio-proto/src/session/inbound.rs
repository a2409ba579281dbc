//! What arrives: packets, failures, the passing of time.

use std::time::Instant;

use super::{
    heartbeat::Beat,
    machine::{Session, State},
};
use crate::{close_reason::CloseReason, message::Message, packet::Packet, transport::Transport};

/// What arrives: packets, failures, the passing of time.
impl Session {
    /// A packet arrived on the transport `from`. Returns the message for the application, if it is
    /// one.
    ///
    /// Packets that come when the session is closing or closed, or on a transport that it has left,
    /// are ignored; but a client that closes a closing session has not to be waited for. Packets of
    /// a transport that is being probed go to
    /// [`handle_probe_packet`](Self::handle_probe_packet).
    #[must_use = "a message is for the application"]
    pub fn handle_packet(
        &mut self,
        now: Instant,
        from: Transport,
        packet: Packet,
    ) -> Option<Message> {
        if from != self.transport {
            return None;
        }
        let heartbeat = match &mut self.state {
            State::Open(heartbeat) => heartbeat,
            State::Closing { reason, .. } => {
                let reason = *reason;
                if from == Transport::Polling && packet == Packet::Close {
                    self.abort(reason);
                }
                return None;
            }
            State::Closed(_) => return None,
        };
        match packet {
            Packet::Pong(_) if heartbeat.handle_pong(now, &self.config) => {
                // A ping that never left is answered as well: the client is there.
                self.beat_due = false;
                return None;
            }
            // Several that come before an answer has left share it, so that a client which asks
            // and does not read costs nothing.
            Packet::Ping(_) if heartbeat.handle_ping(now, &self.config) => {
                self.beat_due = true;
                return None;
            }
            // The revision decides who asks and who answers.
            Packet::Ping(_) | Packet::Pong(_) => {
                self.abort(CloseReason::TransportError);
                return None;
            }
            Packet::Close if from == Transport::Polling => {
                self.handle_client_close();
                return None;
            }
            _ => heartbeat.handle_packet(now, &self.config),
        }
        match packet {
            Packet::Message(message) => Some(message),
            // Only the other end sends these, or the end of the transport says the same.
            _ => None,
        }
    }

    /// Whether a message that arrives now on the transport `from` is for the application and changes
    /// nothing here. Neither has [`handle_packet`](Self::handle_packet) to be asked about it then,
    /// nor the clock.
    #[must_use]
    #[inline]
    pub fn passes_messages(&self, from: Transport) -> bool {
        match &self.state {
            State::Open(heartbeat) => from == self.transport && !heartbeat.awaits_packet(),
            State::Closing { .. } | State::Closed(_) => false,
        }
    }

    /// The client sent something that is no packet. Closes the session with
    /// [`CloseReason::ParseError`].
    pub fn handle_decode_error(&mut self) {
        if self.is_open() {
            self.abort(CloseReason::ParseError);
        }
    }

    /// The transport `transport` is gone; `error` if it failed rather than being closed.
    ///
    /// If it is the one that the session uses, the session is closed. One that is being probed
    /// goes alone.
    pub fn handle_transport_closed(&mut self, transport: Transport, error: bool) {
        if transport == self.transport {
            self.abort(if error {
                CloseReason::TransportError
            } else {
                CloseReason::TransportClose
            });
        } else {
            self.probe.take_if(|probe| probe.transport == transport);
        }
    }

    /// Nothing was read of late, because the application takes no more: what the client sent lies
    /// unread, perhaps a sign that it is there. Where that is awaited, it gets the whole time again.
    ///
    /// To be called before [`handle_timeout`](Self::handle_timeout) for as long as nothing is read,
    /// and when reading begins again.
    pub fn handle_blocked(&mut self, now: Instant) {
        if let State::Open(heartbeat) = &mut self.state {
            heartbeat.postpone(now, &self.config);
        }
    }

    /// Time has passed: it is `now`. Does what was to be done by then.
    ///
    /// To be called when [`poll_timeout`](Self::poll_timeout) is reached; harmless at other times.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Open(heartbeat) => match heartbeat.handle_timeout(now, &self.config) {
                Beat::None => {}
                Beat::Ping => self.beat_due = true,
                Beat::Lost => self.abort(CloseReason::PingTimeout),
            },
            State::Closing { reason, until } => {
                if now >= *until {
                    let reason = *reason;
                    self.abort(reason);
                }
            }
            State::Closed(_) => {}
        }
        let Some(probe) = &mut self.probe else {
            return;
        };
        if probe.has_expired(now) {
            self.probe = None;
            self.events.probe_expired = true;
        } else if probe.take_release(now) {
            self.poll.owe_noop();
        }
    }

    /// The client closed the session with a packet, which it can do on polling only.
    fn handle_client_close(&mut self) {
        self.finish(CloseReason::TransportClose);
        self.poll.owe_noop();
    }
}
