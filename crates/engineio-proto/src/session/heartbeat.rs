//! The heartbeat. The server sends the pings in revision 4, the client in revision 3.

use std::time::Instant;

use super::config::{SessionConfig, deadline};
use crate::protocol::Protocol;

/// The heartbeat of an open session.
#[derive(Debug)]
pub(super) struct Heartbeat {
    /// The time of the next ping in [`Phase::Idle`], otherwise the time at which the client is lost.
    deadline: Instant,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Revision 4, between a pong and the next ping.
    Idle,
    /// Revision 4, from a ping to its pong.
    AwaitingPong {
        /// Whether another packet of the client has already extended the deadline.
        extended: bool,
    },
    /// Revision 3, where the client has to send the next ping.
    AwaitingPing,
}

/// The result of a timeout.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Beat {
    /// The deadline has not passed.
    None,
    /// A ping has to be sent.
    Ping,
    /// The client did not send its half of the heartbeat in time.
    Lost,
}

impl Heartbeat {
    pub(super) fn new(now: Instant, protocol: Protocol, config: &SessionConfig) -> Self {
        match protocol {
            Protocol::V3 => Self::awaiting_ping(now, config),
            Protocol::V4 => Self::idle(now, config),
        }
    }

    fn idle(now: Instant, config: &SessionConfig) -> Self {
        Self {
            deadline: deadline(now, config.ping_interval),
            phase: Phase::Idle,
        }
    }

    fn awaiting_ping(now: Instant, config: &SessionConfig) -> Self {
        let timeout = config.ping_interval.saturating_add(config.ping_timeout);
        Self {
            deadline: deadline(now, timeout),
            phase: Phase::AwaitingPing,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Handles a ping and returns whether the revision allows it. It has to be answered then.
    pub(super) fn handle_ping(&mut self, now: Instant, config: &SessionConfig) -> bool {
        let allowed = self.phase == Phase::AwaitingPing;
        if allowed {
            *self = Self::awaiting_ping(now, config);
        }
        allowed
    }

    /// Handles a pong and returns whether the revision allows it.
    ///
    /// A pong without a ping postpones the next ping, as in Node's server.
    pub(super) fn handle_pong(&mut self, now: Instant, config: &SessionConfig) -> bool {
        let allowed = self.phase != Phase::AwaitingPing;
        if allowed {
            *self = Self::idle(now, config);
        }
        allowed
    }

    /// Returns whether [`handle_packet`](Self::handle_packet) would extend the deadline.
    #[inline]
    pub(super) fn can_extend(&self) -> bool {
        self.phase == (Phase::AwaitingPong { extended: false })
    }

    /// Handles any other packet, which extends the deadline of a pong once per ping.
    ///
    /// A client that is busy sending is connected, but only a pong proves that it reads. In revision 3 only
    /// pings count.
    pub(super) fn handle_packet(&mut self, now: Instant, config: &SessionConfig) {
        if self.can_extend() {
            self.phase = Phase::AwaitingPong { extended: true };
            self.deadline = deadline(now, config.ping_timeout);
        }
    }

    /// Restarts the timeout of an expected ping or pong, which may be delayed or lost by the server.
    pub(super) fn postpone(&mut self, now: Instant, config: &SessionConfig) {
        match self.phase {
            Phase::Idle => {}
            Phase::AwaitingPong { .. } => self.deadline = deadline(now, config.ping_timeout),
            Phase::AwaitingPing => *self = Self::awaiting_ping(now, config),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, config: &SessionConfig) -> Beat {
        if now < self.deadline {
            return Beat::None;
        }
        match self.phase {
            Phase::Idle => {
                self.phase = Phase::AwaitingPong { extended: false };
                self.deadline = deadline(now, config.ping_timeout);
                Beat::Ping
            }
            Phase::AwaitingPong { .. } | Phase::AwaitingPing => Beat::Lost,
        }
    }
}
