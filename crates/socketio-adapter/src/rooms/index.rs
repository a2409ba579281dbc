//! The rooms of a namespace, by name.

use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::entry::RoomEntry;
use super::shards::{HashedName, Shards, shrink};
use super::slots::Stamp;
use crate::room::Room;

/// An observer of the rooms in the index. It is called with the shard of the room locked.
pub(super) trait IndexObserver {
    fn created(&self, key: HashedName<'_>, room: &Room);

    fn deleted(&self, key: HashedName<'_>, room: &Room);
}

/// The rooms with members, except the members' own rooms.
#[derive(Debug)]
pub(super) struct Index<M> {
    shards: Shards<HashTable<Arc<RoomEntry<M>>>>,
}

impl<M> Index<M> {
    pub(super) fn new() -> Self {
        Self {
            shards: Shards::new(HashTable::new),
        }
    }

    pub(super) fn find(&self, key: HashedName<'_>) -> Option<Arc<RoomEntry<M>>> {
        let shard = self.shards.lock(key.hash);
        shard
            .find(key.hash, |entry| entry.name() == key.name)
            .cloned()
    }

    /// Adds a member to the room with this name and creates the room if necessary.
    ///
    /// Returns `None` if `is_joined` returns true for the room, because the member is already in it.
    pub(super) fn join(
        &self,
        key: HashedName<'_>,
        room: &Room,
        member: &Arc<M>,
        observer: Option<&dyn IndexObserver>,
        is_joined: impl Fn(&Arc<RoomEntry<M>>) -> bool,
    ) -> Option<(Arc<RoomEntry<M>>, Stamp)> {
        loop {
            let mut shard = self.shards.lock(key.hash);
            let slot = shard.entry(
                key.hash,
                |entry| entry.name() == key.name,
                |entry| entry.hash(),
            );
            let entry = match slot {
                Entry::Occupied(mut slot) if slot.get().is_closed() => {
                    // Its last member has left but has not removed the entry from the table yet.
                    let (entry, stamp) =
                        RoomEntry::with_first(room.clone(), key.hash, Arc::clone(member));
                    *slot.get_mut() = Arc::clone(&entry);
                    if let Some(observer) = observer {
                        observer.deleted(key, room);
                        observer.created(key, room);
                    }
                    return Some((entry, stamp));
                }
                Entry::Occupied(slot) => Arc::clone(slot.get()),
                Entry::Vacant(slot) => {
                    let (entry, stamp) =
                        RoomEntry::with_first(room.clone(), key.hash, Arc::clone(member));
                    slot.insert(Arc::clone(&entry));
                    if let Some(observer) = observer {
                        observer.created(key, room);
                    }
                    return Some((entry, stamp));
                }
            };
            // The room may be locked for a chunk of a broadcast. Joins of other rooms must not wait.
            drop(shard);
            if is_joined(&entry) {
                return None;
            }
            if let Some(stamp) = entry.push(member) {
                return Some((entry, stamp));
            }
            // The entry was closed meanwhile. The next iteration replaces it.
        }
    }

    pub(super) fn leave(
        &self,
        entry: &Arc<RoomEntry<M>>,
        stamp: Stamp,
        observer: Option<&dyn IndexObserver>,
    ) {
        if entry.remove(stamp) {
            self.remove(entry, observer);
        }
    }

    /// Calls `change` with the shard of a room locked, so that the room is neither created nor deleted
    /// meanwhile. Its argument is whether the room is listed.
    pub(super) fn locked(&self, key: HashedName<'_>, change: impl FnOnce(bool)) {
        let shard = self.shards.lock(key.hash);
        let found = shard.find(key.hash, |entry| entry.name() == key.name);
        change(found.is_some());
    }

    /// Calls `visitor` with all rooms. No lock is held during a call.
    pub(super) fn for_each(&self, mut visitor: impl FnMut(&RoomEntry<M>)) {
        for shard in self.shards.iter() {
            let entries: Vec<_> = shard.lock().iter().cloned().collect();
            for entry in entries {
                visitor(&entry);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Removes a closed entry from the table.
    fn remove(&self, entry: &Arc<RoomEntry<M>>, observer: Option<&dyn IndexObserver>) {
        let mut shard = self.shards.lock(entry.hash());
        let found = shard.find_entry(entry.hash(), |other| Arc::ptr_eq(other, entry));
        // A concurrent join may have replaced the entry already.
        if let Ok(slot) = found {
            slot.remove();
            if let Some(observer) = observer {
                let (room, hash) = (entry.name(), entry.hash());
                let name = room.as_str();
                observer.deleted(HashedName { name, hash }, room);
            }
            shrink(&mut shard, |entry| entry.hash());
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::super::shards::NameHasher;
    use super::*;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<&'static str>>);

    impl IndexObserver for Recorder {
        fn created(&self, _: HashedName<'_>, _: &Room) {
            self.0.lock().push("create");
        }

        fn deleted(&self, _: HashedName<'_>, _: &Room) {
            self.0.lock().push("delete");
        }
    }

    /// Reproduces a rare interleaving of threads, step by step.
    #[test]
    fn a_member_that_joins_during_a_deletion_stays() {
        let (index, hasher, recorder) = (Index::new(), NameHasher::default(), Recorder::default());
        let room = Room::from("a");
        let key = hasher.key(room.as_str());
        let join = |member: u32| {
            let member = Arc::new(member);
            index
                .join(key, &room, &member, Some(&recorder), |_| false)
                .unwrap()
        };

        let (first, stamp) = join(1);
        assert!(first.remove(stamp), "the last member leaves");
        let (second, _) = join(2);
        index.remove(&first, Some(&recorder));

        assert!(!Arc::ptr_eq(&first, &second));
        assert!(Arc::ptr_eq(&index.find(key).unwrap(), &second));
        assert_eq!(index.len(), 1);
        assert_eq!(*recorder.0.lock(), ["create", "delete", "create"]);
    }
}
