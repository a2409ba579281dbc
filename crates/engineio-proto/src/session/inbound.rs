//! The methods of the driver for packets, failures and timeouts.

use std::time::Instant;

use super::{
    config::deadline,
    heartbeat::Beat,
    machine::{Session, Shutdown, State},
};
use crate::{close_reason::CloseReason, message::Message, packet::Packet, transport::Transport};

/// Packets, failures and timeouts.
impl Session {
    /// Handles a packet that arrived on the transport `from`, and returns the message for the application.
    ///
    /// Packets are ignored if the session is closing or closed, or no longer uses that transport. If the
    /// client closes a closing session, the session is closed immediately. Pass packets of a probed transport
    /// to [`handle_probe_packet`](Self::handle_probe_packet).
    #[must_use = "the message is for the application"]
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
                // The pong also answers a ping that has not been sent yet.
                self.beat_due = false;
                return None;
            }
            // Pings share the next pong, so that a client cannot queue pongs without reading.
            Packet::Ping(_) if heartbeat.handle_ping(now, &self.config) => {
                self.beat_due = true;
                return None;
            }
            // The wrong direction for the revision.
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
            // Only servers send these, or the end of the transport has the same meaning.
            _ => None,
        }
    }

    /// Returns whether a message on the transport `from` goes to the application without changing the session.
    ///
    /// The driver can then skip [`handle_packet`](Self::handle_packet) and the clock.
    #[must_use]
    #[inline]
    pub fn passes_messages(&self, from: Transport) -> bool {
        match &self.state {
            State::Open(heartbeat) => from == self.transport && !heartbeat.can_extend(),
            State::Closing { .. } | State::Closed(_) => false,
        }
    }

    /// Handles bytes that are not a packet: closes the session with [`CloseReason::ParseError`].
    pub fn handle_decode_error(&mut self) {
        if self.is_open() {
            self.abort(CloseReason::ParseError);
        }
    }

    /// Handles the end of a transport. `error` is set if it failed and was not closed.
    ///
    /// The end of the current transport closes the session. The end of a probed one ends only the probe.
    pub fn handle_transport_closed(&mut self, transport: Transport, error: bool) {
        if transport == self.transport {
            self.abort(if error {
                CloseReason::TransportError
            } else {
                CloseReason::TransportClose
            });
        } else {
            self.probe.take_if(|probe| probe.transport == transport);
            self.finish_shutdown();
        }
    }

    /// Restarts the timeout of the heartbeat, because the driver does not read from the client.
    ///
    /// A driver stops reading while the application is busy, and the expected ping or pong may be among the
    /// unread bytes. Call this before [`handle_timeout`](Self::handle_timeout) while nothing is read, and when
    /// reading resumes.
    pub fn handle_blocked(&mut self, now: Instant) {
        if let State::Open(heartbeat) = &mut self.state {
            heartbeat.postpone(now, &self.config);
        }
    }

    /// Handles the timeouts that have passed at `now`.
    ///
    /// Call this at the time of [`poll_timeout`](Self::poll_timeout). An earlier call has no effect.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Open(heartbeat) => match heartbeat.handle_timeout(now, &self.config) {
                Beat::None => {}
                Beat::Ping => self.beat_due = true,
                Beat::Lost => self.abort(CloseReason::PingTimeout),
            },
            State::Closing {
                reason,
                until,
                shutdown,
            } => {
                if *shutdown == Shutdown::AwaitsUpgrade {
                    let limit = deadline(now, self.config.noop_interval);
                    *until = limit.min(*until);
                    *shutdown = Shutdown::Requested;
                }
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
            self.poll.schedule_noop();
        }
    }

    /// Handles the close packet of the client, which has an effect only on polling.
    fn handle_client_close(&mut self) {
        self.finish(CloseReason::TransportClose);
        self.poll.schedule_noop();
    }
}
