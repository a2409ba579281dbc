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
    /// Calls `visitor` with the selected members, a chunk at a time. No lock is held during a call.
    //
    // All callers share this code. Only the loop over a chunk is compiled for each of them.
    pub(super) fn run(&self, target: &Target, visitor: &mut dyn FnMut(Selected<'_, M>)) {
        let excluded = self.excluded(target.excluded());
        let mut seen = (target.rooms().len() > 1).then(HashSet::new);
        let mut visitor = |chunk: &mut Chunk<M>| {
            visitor(Selected {
                chunk,
                excluded: &excluded,
                seen: seen.as_mut(),
            });
        };
        let mut chunk = Chunk::new();
        if target.rooms().is_empty() {
            self.directory.visit(&mut chunk, &mut visitor);
        }
        for room in target.rooms() {
            self.room(room, &mut chunk, &mut visitor);
        }
    }

    /// Visits the member whose id is the name, and the members that have joined the room of that name.
    /// The former is never among the latter.
    fn room(&self, room: &Room, chunk: &mut Chunk<M>, visitor: &mut dyn FnMut(&mut Chunk<M>)) {
        let key = self.hasher.key(room.as_str());
        let own = self.directory.find(key);
        if let Some(member) = own.filter(|member| member.memberships().in_own_room()) {
            chunk.set_own(member);
            visitor(chunk);
        }
        let Some(entry) = self.index.find(key) else {
            return;
        };
        let mut cursor = Cursor::default();
        loop {
            let more = entry.slots().lock().next_chunk(&mut cursor, chunk);
            visitor(chunk);
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

/// The members of one chunk, of which some may be skipped.
pub(super) struct Selected<'a, M> {
    chunk: &'a mut Chunk<M>,
    excluded: &'a Excluded<M>,
    /// The members visited so far, if one may be in several rooms. By address: a member that gets the
    /// address of a dropped one was created after the start, so it need not be visited.
    seen: Option<&'a mut HashSet<usize>>,
}

impl<M: Member> Selected<'_, M> {
    pub(super) fn for_each(mut self, visitor: &mut impl FnMut(&Arc<M>)) {
        self.chunk.drain(|member| {
            let is_new = match &mut self.seen {
                Some(seen) => seen.insert(Arc::as_ptr(member).addr()),
                None => true,
            };
            if is_new && !self.excluded.contains(member) {
                visitor(member);
            }
        });
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
