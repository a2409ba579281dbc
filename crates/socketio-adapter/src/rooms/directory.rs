//! All members of a namespace, by id.

use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::member::Member;
use super::shards::{Hashing, Key, Shards, shrink};
use super::slots::{Chunk, Cursor, Slots, Stamp};

/// The members by id, and in an order in which everyone can be visited.
#[derive(Debug)]
pub(super) struct Directory<M> {
    shards: Shards<Shard<M>>,
}

#[derive(Debug)]
struct Shard<M> {
    by_id: HashTable<Arc<M>>,
    everyone: Slots<M>,
}

impl<M: Member> Directory<M> {
    pub(super) fn new() -> Self {
        Self {
            shards: Shards::new(|| Shard {
                by_id: HashTable::new(),
                everyone: Slots::new(),
            }),
        }
    }

    pub(super) fn find(&self, key: Key<'_>) -> Option<Arc<M>> {
        let shard = self.shards.lock(key.hash);
        shard
            .by_id
            .find(key.hash, |member| member.id() == key.name)
            .cloned()
    }

    /// Adds a member, unless its id is taken.
    pub(super) fn insert(&self, hashing: &Hashing, member: &Arc<M>) -> Option<Stamp> {
        let key = hashing.key(member.id().as_str());
        let mut shard = self.shards.lock(key.hash);
        let shard = &mut *shard;
        let place = shard.by_id.entry(
            key.hash,
            |other| other.id() == key.name,
            |other| hashing.key(other.id().as_str()).hash,
        );
        let Entry::Vacant(place) = place else {
            return None;
        };
        place.insert(Arc::clone(member));
        Some(shard.everyone.push(Arc::clone(member)))
    }

    pub(super) fn remove(&self, hashing: &Hashing, member: &M, stamp: Stamp) {
        let key = hashing.key(member.id().as_str());
        let mut shard = self.shards.lock(key.hash);
        let slot = shard.everyone.remove(stamp);
        let found = shard
            .by_id
            .find_entry(key.hash, |other| std::ptr::eq(Arc::as_ptr(other), member));
        let listed = found.ok().map(|place| place.remove().0);
        shrink(&mut shard.by_id, |other| {
            hashing.key(other.id().as_str()).hash
        });
        drop(shard);
        drop((slot, listed));
    }

    pub(super) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().everyone.len())
            .sum()
    }

    /// Calls `visitor` with each member, no lock being held.
    pub(super) fn visit(&self, chunk: &mut Chunk<M>, mut visitor: impl FnMut(&Arc<M>)) {
        for shard in self.shards.iter() {
            let mut cursor = Cursor::default();
            loop {
                let more = shard.lock().everyone.next_chunk(&mut cursor, chunk);
                chunk.empty(&mut visitor);
                if !more {
                    break;
                }
            }
        }
    }
}
