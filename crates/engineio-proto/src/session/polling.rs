//! Polls, the GET requests of a client on polling.

use std::time::Instant;

use super::{error::PollError, machine::Session};
use crate::{close_reason::CloseReason, transport::Transport};

/// Polls, the GET requests of a client on polling.
impl Session {
    /// Handles a poll.
    ///
    /// It is pending until [`poll_transmit`](Self::poll_transmit) has returned packets for it and then
    /// `None`, or until [`handle_poll_aborted`](Self::handle_poll_aborted).
    ///
    /// # Errors
    ///
    /// - [`PollError::Overlap`] if another poll is pending. The session is then closed with
    ///   [`CloseReason::TransportError`].
    /// - [`PollError::NotPolling`] after the upgrade.
    /// - [`PollError::Closed`] if the session is closed.
    pub fn handle_poll(&mut self, now: Instant) -> Result<(), PollError> {
        if self.is_closed() {
            return Err(PollError::Closed);
        }
        if self.transport != Transport::Polling {
            return Err(PollError::NotPolling);
        }
        if self.poll_pending() {
            self.abort(CloseReason::TransportError);
            return Err(PollError::Overlap);
        }
        self.poll.begin();
        // The close packet follows a noop, as in Node's server.
        if self.is_closing() {
            self.poll.schedule_noop();
        }
        if let Some(probe) = &mut self.probe {
            probe.handle_poll(now, &self.config);
        }
        Ok(())
    }

    /// Handles the abort of the pending poll by the client.
    ///
    /// The session is closed with [`CloseReason::TransportError`]. Exceptions are an unanswered poll during a
    /// probe and a poll after the upgrade, because clients discard those.
    pub fn handle_poll_aborted(&mut self) {
        if !self.poll_pending() {
            return;
        }
        // During a probe, an unanswered poll loses no packets.
        let loses_packets = self.poll.is_answering() || self.probe.is_none();
        self.handle_poll_answered();
        if loses_packets && self.transport == Transport::Polling {
            self.abort(CloseReason::TransportError);
        }
    }

    /// Ends the pending poll before [`poll_transmit`](Self::poll_transmit) has returned `None`.
    ///
    /// This is for a driver that stops early to limit the size of a response.
    pub fn handle_poll_answered(&mut self) {
        self.poll.end();
        if let Some(probe) = &mut self.probe {
            probe.handle_poll_end();
        }
        self.finish_shutdown();
    }

    /// Returns whether a poll is pending.
    #[must_use]
    pub fn poll_pending(&self) -> bool {
        self.poll.is_pending()
    }
}
