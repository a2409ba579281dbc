//! The state of the current poll, the GET request of a client on polling.

use std::mem;

use crate::packet::Packet;

/// The state of the current poll.
#[derive(Debug, Default)]
pub(super) struct Poll {
    phase: Phase,
    /// Whether to end the poll with a noop if there is no other packet.
    noop_due: bool,
    /// Whether to end the poll with a close packet, because the session is closed.
    close_due: bool,
    /// Whether a queued packet has been returned for the poll.
    carries_queue: bool,
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
        self.close_due = self.is_pending() && self.accepts_close();
    }

    /// Returns whether the answer to the poll may contain the close packet.
    ///
    /// Clients handle the close packet at once and messages of the same payload later, so that the close
    /// packet would overtake them.
    pub(super) fn accepts_close(&self) -> bool {
        !self.carries_queue
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
    pub(super) fn handle_yield(&mut self, queued: bool) {
        self.phase = Phase::Answering;
        self.noop_due = false;
        self.carries_queue |= queued;
    }
}
