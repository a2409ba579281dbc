//! The members of a namespace, by id.

use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::member::Member;
use super::shards::{HashedName, NameHasher, Shards, shrink};
use super::slots::{Chunk, Cursor, Slots, Stamp};

/// The members by id, and in the order in which a broadcast to all visits them.
#[derive(Debug)]
pub(super) struct Directory<M> {
    shards: Shards<Shard<M>>,
}

#[derive(Debug)]
struct Shard<M> {
    by_id: HashTable<Arc<M>>,
    all: Slots<M>,
}

impl<M: Member> Directory<M> {
    pub(super) fn new() -> Self {
        Self {
            shards: Shards::new(|| Shard {
                by_id: HashTable::new(),
                all: Slots::new(),
            }),
        }
    }

    pub(super) fn find(&self, key: HashedName<'_>) -> Option<Arc<M>> {
        let shard = self.shards.lock(key.hash);
        shard
            .by_id
            .find(key.hash, |member| member.id() == key.name)
            .cloned()
    }

    /// Returns whether a member with this id is in its own room. Takes no lock but that of a shard, and
    /// drops no member.
    pub(super) fn is_in_own_room(&self, key: HashedName<'_>) -> bool {
        let shard = self.shards.lock(key.hash);
        let member = (shard.by_id).find(key.hash, |member| member.id() == key.name);
        member.is_some_and(|member| member.memberships().in_own_room())
    }

    /// Adds a member. Returns `None` if its id is taken.
    pub(super) fn insert(&self, hasher: &NameHasher, member: &Arc<M>) -> Option<Stamp> {
        let key = hasher.key(member.id().as_str());
        let mut shard = self.shards.lock(key.hash);
        let shard = &mut *shard;
        let entry = shard.by_id.entry(
            key.hash,
            |other| other.id() == key.name,
            |other| hasher.key(other.id().as_str()).hash,
        );
        let Entry::Vacant(entry) = entry else {
            return None;
        };
        entry.insert(Arc::clone(member));
        Some(shard.all.push(Arc::clone(member)))
    }

    pub(super) fn remove(&self, hasher: &NameHasher, member: &M, stamp: Stamp) {
        let key = hasher.key(member.id().as_str());
        let mut shard = self.shards.lock(key.hash);
        let slot = shard.all.remove(stamp);
        let found = shard
            .by_id
            .find_entry(key.hash, |other| std::ptr::eq(Arc::as_ptr(other), member));
        let listed = found.ok().map(|entry| entry.remove().0);
        shrink(&mut shard.by_id, |other| {
            hasher.key(other.id().as_str()).hash
        });
        drop(shard);
        drop((slot, listed));
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().all.len()).sum()
    }

    /// Calls `visitor` with all members, a chunk at a time. No lock is held during a call.
    pub(super) fn visit(&self, chunk: &mut Chunk<M>, visitor: &mut dyn FnMut(&mut Chunk<M>)) {
        for shard in self.shards.iter() {
            let mut cursor = Cursor::default();
            loop {
                let more = shard.lock().all.next_chunk(&mut cursor, chunk);
                visitor(chunk);
                if !more {
                    break;
                }
            }
        }
    }
}
