//! A transport that is being tried beside polling.

use std::time::Instant;

use super::{config::SessionConfig, deadline::after};
use crate::transport::Transport;

/// A transport that is being tried beside polling.
#[derive(Debug)]
pub(super) struct Probe {
    /// What is being tried.
    pub(super) transport: Transport,
    /// When the trial is over.
    expires: Instant,
    /// Whether the client's probe was answered. From then on it waits for its poll to end.
    answered: bool,
    /// When the poll that is pending is to be released.
    release: Option<Instant>,
}

impl Probe {
    pub(super) fn new(now: Instant, transport: Transport, config: &SessionConfig) -> Self {
        Self {
            transport,
            expires: after(now, config.upgrade_timeout),
            answered: false,
            release: None,
        }
    }

    pub(super) fn has_expired(&self, now: Instant) -> bool {
        now >= self.expires
    }

    /// The client's probe is answered. Whether this was the first time.
    pub(super) fn handle_answer(&mut self) -> bool {
        !std::mem::replace(&mut self.answered, true)
    }

    /// A poll arrived, which must not wait for long.
    pub(super) fn handle_poll(&mut self, now: Instant, config: &SessionConfig) {
        if self.answered {
            self.release = Some(after(now, config.noop_interval));
        }
    }

    /// The poll is no longer pending.
    pub(super) fn handle_poll_end(&mut self) {
        self.release = None;
    }

    /// Whether the pending poll is to be released now. True once.
    pub(super) fn take_release(&mut self, now: Instant) -> bool {
        self.release.take_if(|at| now >= *at).is_some()
    }

    pub(super) fn deadline(&self) -> Instant {
        self.release
            .map_or(self.expires, |release| release.min(self.expires))
    }
}
