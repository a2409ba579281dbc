//! Whether the other end is there. In revision 4 the server asks and the client answers, in
//! revision 3 the client asks and the server answers.

use std::time::Instant;

use super::config::{SessionConfig, deadline};
use crate::protocol::Protocol;

/// Whether the client is there.
#[derive(Debug)]
pub(super) struct Heartbeat {
    /// When the next ping of the server is due, or, where the client's word is awaited, when the
    /// patience ends.
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
    /// Revision 3: the client's next ping is awaited.
    Listening,
}

/// What the passing of time asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Beat {
    /// Nothing yet.
    None,
    /// Send a ping.
    Ping,
    /// The client was not heard in time.
    Lost,
}

impl Heartbeat {
    pub(super) fn new(now: Instant, protocol: Protocol, config: &SessionConfig) -> Self {
        match protocol {
            Protocol::V3 => Self::listening(now, config),
            Protocol::V4 => Self::resting(now, config),
        }
    }

    fn resting(now: Instant, config: &SessionConfig) -> Self {
        Self {
            deadline: deadline(now, config.ping_interval),
            phase: Phase::Resting,
        }
    }

    fn listening(now: Instant, config: &SessionConfig) -> Self {
        let patience = config.ping_interval.saturating_add(config.ping_timeout);
        Self {
            deadline: deadline(now, patience),
            phase: Phase::Listening,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// A ping arrived. Whether it is the client that asks; it has to be answered then.
    pub(super) fn handle_ping(&mut self, now: Instant, config: &SessionConfig) -> bool {
        let asked = self.phase == Phase::Listening;
        if asked {
            *self = Self::listening(now, config);
        }
        asked
    }

    /// A pong arrived. Whether it is the client that answers. Without a ping it moves the next
    /// ping, as in Node's server.
    pub(super) fn handle_pong(&mut self, now: Instant, config: &SessionConfig) -> bool {
        let answers = self.phase != Phase::Listening;
        if answers {
            *self = Self::resting(now, config);
        }
        answers
    }

    /// Whether [`handle_packet`](Self::handle_packet) would change anything.
    #[inline]
    pub(super) fn awaits_packet(&self) -> bool {
        self.phase == (Phase::Waiting { extended: false })
    }

    /// Any other packet arrived: a client that is busy sending is there, but only the pong proves
    /// that it reads, so this counts once per ping. In revision 3 only pings count.
    pub(super) fn handle_packet(&mut self, now: Instant, config: &SessionConfig) {
        if self.awaits_packet() {
            self.phase = Phase::Waiting { extended: true };
            self.deadline = deadline(now, config.ping_timeout);
        }
    }

    /// The client's word may be delayed, or lost, and not by the client: it gets the whole time
    /// again.
    pub(super) fn postpone(&mut self, now: Instant, config: &SessionConfig) {
        match self.phase {
            Phase::Resting => {}
            Phase::Waiting { .. } => self.deadline = deadline(now, config.ping_timeout),
            Phase::Listening => *self = Self::listening(now, config),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, config: &SessionConfig) -> Beat {
        if now < self.deadline {
            return Beat::None;
        }
        match self.phase {
            Phase::Resting => {
                self.phase = Phase::Waiting { extended: false };
                self.deadline = deadline(now, config.ping_timeout);
                Beat::Ping
            }
            Phase::Waiting { .. } | Phase::Listening => Beat::Lost,
        }
    }
}
