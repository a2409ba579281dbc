//! Polls, the GET requests of a client on polling.

use std::{mem, time::Instant};

use super::{error::PollError, machine::Session};
use crate::{close_reason::CloseReason, packet::Packet, transport::Transport};

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
        // A closing session sends a noop in front of its close packet, as Node's server does.
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
    }

    /// Returns whether a poll is pending.
    #[must_use]
    pub fn poll_pending(&self) -> bool {
        self.poll.is_pending()
    }
}

/// The state of the current poll.
#[derive(Debug, Default)]
pub(super) struct Poll {
    phase: Phase,
    /// Whether to end the poll with a noop if there is no other packet.
    noop_due: bool,
    /// Whether to end the poll with a close packet, because the session is closed.
    close_due: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    #[default]
    Absent,
    Pending,
    /// Pending, and packets have been returned for it.
    Answering,
}

impl Poll {
    pub(super) fn is_pending(&self) -> bool {
        self.phase != Phase::Absent
    }

    /// Returns whether packets have been returned for the poll, which its abort would lose.
    pub(super) fn is_answering(&self) -> bool {
        self.phase == Phase::Answering
    }

    pub(super) fn begin(&mut self) {
        *self = Self {
            phase: Phase::Pending,
            ..Self::default()
        };
    }

    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// Schedules a noop for a pending poll.
    pub(super) fn schedule_noop(&mut self) {
        self.noop_due = self.is_pending();
    }

    /// Schedules the close packet for a pending poll, instead of a noop.
    pub(super) fn schedule_close(&mut self) {
        self.noop_due = false;
        self.close_due = self.is_pending();
    }

    /// Removes the scheduled packet.
    pub(super) fn take_due(&mut self) -> Option<Packet> {
        if mem::take(&mut self.noop_due) {
            Some(Packet::Noop)
        } else if mem::take(&mut self.close_due) {
            Some(Packet::Close)
        } else {
            None
        }
    }

    /// Handles the return of a packet for the poll, which makes a noop unnecessary.
    pub(super) fn handle_yield(&mut self) {
        self.phase = Phase::Answering;
        self.noop_due = false;
    }
}
