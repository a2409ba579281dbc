//! The pending operations of a connection.

use std::collections::VecDeque;

/// The relation of a connection to broadcasts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Part {
    /// It is in the room, as is every new connection.
    #[default]
    Member,
    /// It joins and leaves the room during the broadcasts, and may or may not receive each.
    Guest,
    /// It has left the room and receives no broadcasts.
    Other,
}

/// The start times of the operations of a connection.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) part: Part,
    /// The operations that are answered in order.
    pub(crate) queue: VecDeque<u64>,
    /// The operations that are answered by their number; 0 is a free slot.
    pub(crate) slots: Vec<u64>,
    /// Whether the header of a binary event was received and its attachment was not.
    pub(crate) awaits_binary: bool,
    /// The number of received broadcasts.
    pub(crate) delivered: u64,
    /// The frames to join and to leave, for each slot.
    pub(crate) rooms: Vec<RoomTurn>,
}

/// Two alternating frames: to join and to leave.
pub(crate) struct RoomTurn {
    pub(crate) join: Vec<u8>,
    pub(crate) leave: Vec<u8>,
    pub(crate) joined: bool,
}

impl RoomTurn {
    /// Returns whether the last sent frame was the one to leave.
    pub(crate) fn has_left(&self) -> bool {
        !self.joined
    }

    /// Returns the next frame.
    #[inline]
    pub(crate) fn next(&mut self) -> &[u8] {
        self.joined = !self.joined;
        if self.joined { &self.join } else { &self.leave }
    }
}
