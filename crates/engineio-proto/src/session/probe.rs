//! The probe of a transport that a session may upgrade to.

use std::time::Instant;

use super::config::{SessionConfig, deadline};
use crate::transport::Transport;

/// The probe of a transport.
#[derive(Debug)]
pub(super) struct Probe {
    /// The probed transport.
    pub(super) transport: Transport,
    /// The end of the upgrade timeout.
    expires: Instant,
    /// Whether the probe has been answered. The client then waits for its poll to end.
    answered: bool,
    /// Whether a poll has ended since the start of the probe.
    poll_ended: bool,
    /// The time at which the pending poll is released.
    release: Option<Instant>,
}

impl Probe {
    pub(super) fn new(now: Instant, transport: Transport, config: &SessionConfig) -> Self {
        Self {
            transport,
            expires: deadline(now, config.upgrade_timeout),
            answered: false,
            poll_ended: false,
            release: None,
        }
    }

    pub(super) fn has_expired(&self, now: Instant) -> bool {
        now >= self.expires
    }

    /// Handles the answer to the probe and returns whether it is the first one.
    pub(super) fn handle_answer(&mut self) -> bool {
        !std::mem::replace(&mut self.answered, true)
    }

    /// Handles a poll, which is released early once the probe has been answered.
    pub(super) fn handle_poll(&mut self, now: Instant, config: &SessionConfig) {
        if self.answered {
            self.release = Some(deadline(now, config.noop_interval));
        }
    }

    /// Handles the end of the pending poll.
    pub(super) fn handle_poll_end(&mut self) {
        self.poll_ended = true;
        self.release = None;
    }

    /// Returns whether the client upgrades as soon as it has received the answer to its poll.
    ///
    /// Clients pause polling until then, and do not resume it if the probed transport ends first.
    pub(super) fn upgrade_is_imminent(&self) -> bool {
        self.answered && self.poll_ended
    }

    /// Returns whether the pending poll has to be released at `now`. Returns `true` once.
    pub(super) fn take_release(&mut self, now: Instant) -> bool {
        self.release.take_if(|at| now >= *at).is_some()
    }

    pub(super) fn deadline(&self) -> Instant {
        self.release
            .map_or(self.expires, |release| release.min(self.expires))
    }
}
