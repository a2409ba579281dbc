//! The GET of a polling client, which waits for packets.

use std::mem;

use crate::packet::Packet;

/// The GET of a polling client, which waits for packets.
#[derive(Debug, Default)]
pub(super) struct Poll {
    phase: Phase,
    /// It is to be ended by a noop unless something better is there.
    noop_due: bool,
    /// The session is over and this poll was not told yet.
    close_due: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    #[default]
    Absent,
    Pending,
    /// Pending, and something was yielded for it.
    Answering,
}

impl Poll {
    pub(super) fn is_pending(&self) -> bool {
        self.phase != Phase::Absent
    }

    /// Whether something was yielded for it that its end would lose.
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

    /// Owes the poll a noop, if one is pending.
    pub(super) fn owe_noop(&mut self) {
        self.noop_due = self.is_pending();
    }

    /// Owes the poll the close packet and nothing before it, if one is pending.
    pub(super) fn owe_close(&mut self) {
        self.noop_due = false;
        self.close_due = self.is_pending();
    }

    /// What the poll is owed.
    pub(super) fn take_due(&mut self) -> Option<Packet> {
        if mem::take(&mut self.noop_due) {
            Some(Packet::Noop)
        } else if mem::take(&mut self.close_due) {
            Some(Packet::Close)
        } else {
            None
        }
    }

    /// A packet was yielded for the poll, which makes a noop needless.
    pub(super) fn handle_yield(&mut self) {
        self.phase = Phase::Answering;
        self.noop_due = false;
    }
}
