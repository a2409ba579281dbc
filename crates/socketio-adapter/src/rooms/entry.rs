//! One room with members.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::slots::{Slots, Stamp};
use crate::room::Room;

/// A room: its name, stored once for all members, and the members.
///
/// An entry is closed for good when its last member leaves. A later join creates a new entry, so that
/// no member joins an entry that is about to be removed.
pub(super) struct RoomEntry<M> {
    name: Room,
    hash: u64,
    /// Written with `slots` locked.
    closed: AtomicBool,
    slots: Mutex<Slots<M>>,
}

impl<M> RoomEntry<M> {
    /// Creates a room with its first member. Returns it with that member's stamp.
    pub(super) fn with_first(name: Room, hash: u64, member: Arc<M>) -> (Arc<Self>, Stamp) {
        let (slots, stamp) = Slots::with_first(member);
        let entry = Self {
            name,
            hash,
            closed: AtomicBool::new(false),
            slots: Mutex::new(slots),
        };
        (Arc::new(entry), stamp)
    }

    pub(super) fn name(&self) -> &Room {
        &self.name
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn slots(&self) -> &Mutex<Slots<M>> {
        &self.slots
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Adds a member. Returns `None` if the entry is closed.
    pub(super) fn push(&self, member: &Arc<M>) -> Option<Stamp> {
        let mut slots = self.slots.lock();
        // A closed entry has no member, and one without a member is closed.
        (!slots.is_empty()).then(|| slots.push(Arc::clone(member)))
    }

    /// Removes a member. Returns whether that closed the entry.
    pub(super) fn remove(&self, stamp: Stamp) -> bool {
        let mut slots = self.slots.lock();
        let member = slots.remove(stamp);
        let closes = member.is_some() && slots.is_empty();
        if closes {
            self.closed.store(true, Ordering::Release);
        }
        drop(slots);
        // Dropped after the lock, because this may be the last reference.
        drop(member);
        closes
    }
}

impl<M> fmt::Debug for RoomEntry<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomEntry")
            .field("name", &self.name)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
