//! The members of rooms, and the rooms of one member.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard};

use super::entry::RoomEntry;
use super::slots::Stamp;
use crate::room::Room;
use crate::socket_id::SocketId;

/// A socket that can be in rooms.
pub trait Member: Send + Sync + Sized + 'static {
    /// Returns the id, which must never change.
    fn id(&self) -> &SocketId;

    /// Returns the record of the member's rooms, which it stores for the index.
    fn memberships(&self) -> &Memberships<Self>;
}

/// The record of a member's rooms.
///
/// The member stores it, so that the index needs no second table from members to rooms. Only the index
/// that the member is inserted into reads and writes it.
pub struct Memberships<M> {
    state: Mutex<MemberState<M>>,
    /// Whether the member is in its own room, which has no entry. Written with `state` locked.
    own_room: AtomicBool,
}

/// ```text
///            insert                 remove
/// Waiting ------------> Present ------------> Removed
/// ```
#[derive(Debug)]
pub(super) enum MemberState<M> {
    /// Not in the namespace yet. It joins the rooms when it is inserted.
    Waiting(Vec<Room>),
    Present(Present<M>),
    Removed,
}

#[derive(Debug)]
pub(super) struct Present<M> {
    /// The stamp among all members of the namespace.
    pub(super) stamp: Stamp,
    /// The other rooms in the order of joining. They are searched linearly: a member has few rooms,
    /// and comparing pointers is cheap.
    pub(super) rooms: Vec<Joined<M>>,
}

#[derive(Debug)]
pub(super) struct Joined<M> {
    pub(super) entry: Arc<RoomEntry<M>>,
    pub(super) stamp: Stamp,
}

impl<M> Memberships<M> {
    /// Creates the record of a member that is not in the namespace yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: Mutex::new(MemberState::Waiting(Vec::new())),
            own_room: AtomicBool::new(false),
        }
    }

    /// Locks the record. The caller must not hold a lock of the index.
    pub(super) fn lock(&self) -> MutexGuard<'_, MemberState<M>> {
        self.state.lock()
    }

    /// Returns whether the member is in its own room.
    pub(super) fn in_own_room(&self) -> bool {
        self.own_room.load(Ordering::Acquire)
    }

    /// Sets whether the member is in its own room. The caller has locked the record.
    pub(super) fn set_in_own_room(&self, is_in: bool) {
        self.own_room.store(is_in, Ordering::Release);
    }

    /// Returns whether the member is in one of the rooms, which are sorted by address.
    pub(super) fn in_any(&self, entries: &[Arc<RoomEntry<M>>]) -> bool {
        match &*self.lock() {
            MemberState::Present(present) => present.rooms.iter().any(|joined| {
                entries
                    .binary_search_by_key(&Arc::as_ptr(&joined.entry), Arc::as_ptr)
                    .is_ok()
            }),
            MemberState::Waiting(_) | MemberState::Removed => false,
        }
    }
}

impl<M> MemberState<M> {
    /// Returns whether the member has joined a room other than its own.
    pub(super) fn has_joined(&self, room: &str) -> bool {
        match self {
            Self::Waiting(rooms) => rooms.iter().any(|joined| joined == room),
            Self::Present(present) => present
                .rooms
                .iter()
                .any(|joined| joined.entry.name() == room),
            Self::Removed => false,
        }
    }

    /// Returns the number of joined rooms, not counting its own room.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Waiting(rooms) => rooms.len(),
            Self::Present(present) => present.rooms.len(),
            Self::Removed => 0,
        }
    }
}

impl<M> Default for Memberships<M> {
    fn default() -> Self {
        Self::new()
    }
}

// Prints only the names of the rooms: a room would print its members, and these their rooms.
impl<M> fmt::Debug for Memberships<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(state) = self.state.try_lock() else {
            return f.write_str("Memberships(<locked>)");
        };
        match &*state {
            MemberState::Waiting(rooms) => f.debug_tuple("Waiting").field(rooms).finish(),
            MemberState::Present(present) => f
                .debug_list()
                .entries(present.rooms.iter().map(|joined| joined.entry.name()))
                .finish(),
            MemberState::Removed => f.write_str("Removed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_at_most_48_bytes() {
        assert!(size_of::<Memberships<()>>() <= 48);
    }
}
