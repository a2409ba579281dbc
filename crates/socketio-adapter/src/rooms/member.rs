//! What is in rooms, and what it knows of them.

use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::entry::RoomEntry;
use super::slots::Stamp;
use crate::room::Room;
use crate::socket_id::SocketId;

/// What can be in rooms: a socket.
pub trait Member: Send + Sync + Sized + 'static {
    /// Returns the id. It must never change.
    fn id(&self) -> &SocketId;

    /// Returns the member's own record of its rooms, which it holds for the index.
    fn memberships(&self) -> &Memberships<Self>;
}

/// A member's own record of its rooms.
///
/// It lives in the member, so that the index needs no second table from members to rooms. Only the
/// index that the member is inserted into reads and writes it.
pub struct Memberships<M> {
    state: Mutex<State<M>>,
}

/// ```text
///            insert              remove
/// Waiting ------------> Here ------------> Gone
///    |                                      ^
///    +---------------- remove --------------+
/// ```
#[derive(Debug)]
pub(super) enum State<M> {
    /// Not in the namespace yet. The rooms are joined once it is.
    Waiting(Vec<Room>),
    Here(Here<M>),
    Gone,
}

#[derive(Debug)]
pub(super) struct Here<M> {
    /// The place among all members.
    pub(super) stamp: Stamp,
    /// Whether the member is in the room of its own id, for which there is no entry.
    pub(super) own_room: bool,
    /// In the order of joining. A member has few rooms, and comparing pointers is cheap.
    pub(super) rooms: Vec<Joined<M>>,
}

#[derive(Debug)]
pub(super) struct Joined<M> {
    pub(super) entry: Arc<RoomEntry<M>>,
    pub(super) stamp: Stamp,
}

impl<M> Memberships<M> {
    /// Returns the record of a member that is not in the namespace yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: Mutex::new(State::Waiting(Vec::new())),
        }
    }

    /// Locks the record. No lock of the index may be held by the caller.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock()
    }

    /// Tells whether the member is in the room of its own id.
    pub(super) fn in_own_room(&self) -> bool {
        matches!(&*self.lock(), State::Here(here) if here.own_room)
    }

    /// Tells whether the member is in one of the rooms, which are sorted by address.
    pub(super) fn in_any(&self, entries: &[Arc<RoomEntry<M>>]) -> bool {
        match &*self.lock() {
            State::Here(here) => here.rooms.iter().any(|joined| {
                entries
                    .binary_search_by_key(&Arc::as_ptr(&joined.entry), Arc::as_ptr)
                    .is_ok()
            }),
            State::Waiting(_) | State::Gone => false,
        }
    }
}

impl<M> State<M> {
    /// Tells whether the member has joined a room, its own aside.
    pub(super) fn has_joined(&self, room: &str) -> bool {
        match self {
            Self::Waiting(rooms) => rooms.iter().any(|joined| joined == room),
            Self::Here(here) => here.rooms.iter().any(|joined| joined.entry.name() == room),
            Self::Gone => false,
        }
    }

    /// Returns how many rooms the member has joined, its own aside.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Waiting(rooms) => rooms.len(),
            Self::Here(here) => here.rooms.len(),
            Self::Gone => 0,
        }
    }
}

impl<M> Default for Memberships<M> {
    fn default() -> Self {
        Self::new()
    }
}

// Members print their record and rooms their members: name the rooms only.
impl<M> fmt::Debug for Memberships<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(state) = self.state.try_lock() else {
            return f.write_str("Memberships(<locked>)");
        };
        match &*state {
            State::Waiting(rooms) => f.debug_tuple("Waiting").field(rooms).finish(),
            State::Here(here) => f
                .debug_list()
                .entries(here.rooms.iter().map(|joined| joined.entry.name()))
                .finish(),
            State::Gone => f.write_str("Gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_small() {
        assert!(size_of::<Memberships<()>>() <= 48);
    }
}
