//! What one connection has under way.

use std::collections::VecDeque;

/// What a connection has to do with broadcasts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Part {
    /// It is in the room, as everybody is who connects.
    #[default]
    Member,
    /// It joins and leaves the room while there are broadcasts, and may receive them or not.
    Guest,
    /// It has left the room, and receives nothing.
    Other,
}

/// When the operations of one connection began.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) part: Part,
    /// Operations that are answered in order.
    pub(crate) queue: VecDeque<u64>,
    /// Operations that are answered under a number; 0 is a free slot.
    pub(crate) slots: Vec<u64>,
    /// The header of a binary event has come, its attachment has not.
    pub(crate) awaits_binary: bool,
    /// Broadcasts received so far.
    pub(crate) delivered: u64,
    /// Frames to join and to leave, per slot.
    pub(crate) rooms: Vec<RoomTurn>,
}

/// Two frames that take turns.
pub(crate) struct RoomTurn {
    pub(crate) join: Vec<u8>,
    pub(crate) leave: Vec<u8>,
    pub(crate) joined: bool,
}

impl RoomTurn {
    /// Whether the frame that was sent last was that to leave.
    pub(crate) fn has_left(&self) -> bool {
        !self.joined
    }

    /// The frame whose turn it is.
    #[inline]
    pub(crate) fn next(&mut self) -> &[u8] {
        self.joined = !self.joined;
        if self.joined { &self.join } else { &self.leave }
    }
}
