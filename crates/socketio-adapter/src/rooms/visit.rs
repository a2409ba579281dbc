//! Selects the members of a target.

use std::sync::Arc;

use hashbrown::HashSet;

use super::directory::Directory;
use super::entry::RoomEntry;
use super::index::Index;
use super::member::Member;
use super::shards::NameHasher;
use super::slots::{Chunk, Cursor};
use crate::room::Room;
use crate::target::Target;

/// A visit of the index: the tables that it reads.
pub(super) struct Visit<'a, M> {
    pub(super) directory: &'a Directory<M>,
    pub(super) hasher: &'a NameHasher,
    pub(super) index: &'a Index<M>,
}

impl<M: Member> Visit<'_, M> {
    /// Calls `visitor` with each selected member. No lock is held during a call.
    pub(super) fn run(&self, target: &Target, mut visitor: impl FnMut(&Arc<M>)) {
        let excluded = self.excluded(target.excluded());
        let mut chunk = Chunk::new();
        let mut visitor = |member: &Arc<M>| {
            if !excluded.contains(member) {
                visitor(member);
            }
        };
        match target.rooms() {
            [] => self.directory.visit(&mut chunk, visitor),
            [room] => self.room(room, &mut chunk, visitor),
            rooms => {
                // By address. A member that gets the address of a dropped one was created after
                // the start, so it need not be visited.
                let mut seen = HashSet::new();
                for room in rooms {
                    self.room(room, &mut chunk, |member| {
                        if seen.insert(Arc::as_ptr(member).addr()) {
                            visitor(member);
                        }
                    });
                }
            }
        }
    }

    /// Visits the member whose id is the name, and the members that have joined the room of that name.
    /// The former is never among the latter.
    fn room(&self, room: &Room, chunk: &mut Chunk<M>, mut visitor: impl FnMut(&Arc<M>)) {
        let key = self.hasher.key(room.as_str());
        if let Some(member) = self.directory.find(key)
            && member.memberships().in_own_room()
        {
            visitor(&member);
        }
        let Some(entry) = self.index.find(key) else {
            return;
        };
        let mut cursor = Cursor::default();
        loop {
            let more = entry.slots().lock().next_chunk(&mut cursor, chunk);
            chunk.drain(&mut visitor);
            if !more {
                break;
            }
        }
    }

    fn excluded(&self, rooms: &[Room]) -> Excluded<M> {
        let mut excluded = Excluded {
            members: Vec::new(),
            rooms: Vec::new(),
        };
        for room in rooms {
            let key = self.hasher.key(room.as_str());
            let member = self.directory.find(key);
            excluded
                .members
                .extend(member.filter(|member| member.memberships().in_own_room()));
            excluded.rooms.extend(self.index.find(key));
        }
        excluded.members.sort_unstable_by_key(Arc::as_ptr);
        excluded.rooms.sort_unstable_by_key(Arc::as_ptr);
        excluded
    }
}

/// The excluded members and rooms, sorted by address.
///
/// Each selected member is checked against the excluded rooms. The members of excluded rooms are never
/// collected, because they may be far more than the selected ones.
struct Excluded<M> {
    members: Vec<Arc<M>>,
    rooms: Vec<Arc<RoomEntry<M>>>,
}

impl<M: Member> Excluded<M> {
    fn contains(&self, member: &Arc<M>) -> bool {
        let by_id = self
            .members
            .binary_search_by_key(&Arc::as_ptr(member), Arc::as_ptr);
        by_id.is_ok() || (!self.rooms.is_empty() && member.memberships().in_any(&self.rooms))
    }
}
