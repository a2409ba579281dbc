//! One room that has members.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::slots::{Slots, Stamp};
use crate::room::Room;

/// A room: its name, kept once for all its members, and the members.
///
/// An entry whose last member has left is closed for ever. Who joins the room afterwards makes a new
/// entry, so that nobody can be lost in one that is about to go.
pub(super) struct RoomEntry<M> {
    name: Room,
    hash: u64,
    /// Written with `slots` locked.
    closed: AtomicBool,
    slots: Mutex<Slots<M>>,
}

impl<M> RoomEntry<M> {
    /// Returns a room with its first member, and that member's stamp.
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

    /// Adds a member, unless the entry is closed.
    pub(super) fn push(&self, member: &Arc<M>) -> Option<Stamp> {
        let mut slots = self.slots.lock();
        // A closed entry has no member, and one without a member is closed.
        (!slots.is_empty()).then(|| slots.push(Arc::clone(member)))
    }

    /// Takes a member out, and tells whether that closed the entry.
    pub(super) fn remove(&self, stamp: Stamp) -> bool {
        let mut slots = self.slots.lock();
        let member = slots.remove(stamp);
        let closes = member.is_some() && slots.is_empty();
        if closes {
            self.closed.store(true, Ordering::Release);
        }
        drop(slots);
        // The caller's own reference keeps the member alive, but that is not for this type to know.
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
