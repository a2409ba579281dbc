//! The heartbeat of revision 4: the server asks, the client answers.

use std::time::Instant;

use super::{config::SessionConfig, deadline::after};

/// Whether the client is there.
#[derive(Debug)]
pub(super) struct Heartbeat {
    /// When the next ping is due, or, after a ping, when the patience ends.
    deadline: Instant,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Between a pong and the next ping.
    Resting,
    /// A ping is due or under way.
    Waiting {
        /// Whether a packet other than the pong has already bought the client more time.
        extended: bool,
    },
}

/// What the passing of time asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Beat {
    /// Nothing yet.
    None,
    /// Send a ping.
    Ping,
    /// The client did not answer in time.
    Lost,
}

impl Heartbeat {
    pub(super) fn new(now: Instant, config: &SessionConfig) -> Self {
        Self {
            deadline: after(now, config.ping_interval),
            phase: Phase::Resting,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// A pong arrived. Without a ping it moves the next ping, as in Node's server.
    pub(super) fn handle_pong(&mut self, now: Instant, config: &SessionConfig) {
        *self = Self::new(now, config);
    }

    /// Any other packet arrived: a client that is busy sending is there, but only the pong proves
    /// that it reads, so this counts once per ping.
    pub(super) fn handle_packet(&mut self, now: Instant, config: &SessionConfig) {
        if self.phase == (Phase::Waiting { extended: false }) {
            self.phase = Phase::Waiting { extended: true };
            self.deadline = after(now, config.ping_timeout);
        }
    }

    /// The pong may be delayed, or the ping lost, and not by the client: it gets the whole timeout
    /// again.
    pub(super) fn postpone(&mut self, now: Instant, config: &SessionConfig) {
        if let Phase::Waiting { .. } = self.phase {
            self.deadline = after(now, config.ping_timeout);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, config: &SessionConfig) -> Beat {
        if now < self.deadline {
            return Beat::None;
        }
        match self.phase {
            Phase::Resting => {
                self.phase = Phase::Waiting { extended: false };
                self.deadline = after(now, config.ping_timeout);
                Beat::Ping
            }
            Phase::Waiting { .. } => Beat::Lost,
        }
    }
}
