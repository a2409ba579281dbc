//! All rooms of a namespace, by name.

use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::entry::RoomEntry;
use super::observer::RoomObserver;
use super::shards::{Key, Shards, shrink};
use super::slots::Stamp;
use crate::room::Room;

/// The rooms that have members, the rooms of the members' own ids aside.
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

    pub(super) fn find(&self, key: Key<'_>) -> Option<Arc<RoomEntry<M>>> {
        let shard = self.shards.lock(key.hash);
        shard
            .find(key.hash, |entry| entry.name() == key.name)
            .cloned()
    }

    /// Adds a member to the room of this name, which is made if need be.
    ///
    /// Returns nothing if `is_joined` finds that the member is in the room already.
    pub(super) fn join(
        &self,
        key: Key<'_>,
        room: &Room,
        member: &Arc<M>,
        observer: Option<&dyn RoomObserver>,
        is_joined: impl Fn(&Arc<RoomEntry<M>>) -> bool,
    ) -> Option<(Arc<RoomEntry<M>>, Stamp)> {
        loop {
            let mut shard = self.shards.lock(key.hash);
            let place = shard.entry(
                key.hash,
                |entry| entry.name() == key.name,
                |entry| entry.hash(),
            );
            let entry = match place {
                Entry::Occupied(mut place) if place.get().is_closed() => {
                    // Its last member has left but not yet taken it out of the table.
                    let (entry, stamp) =
                        RoomEntry::with_first(room.clone(), key.hash, Arc::clone(member));
                    *place.get_mut() = Arc::clone(&entry);
                    if let Some(observer) = observer {
                        observer.delete_room(room);
                        observer.create_room(room);
                    }
                    return Some((entry, stamp));
                }
                Entry::Occupied(place) => Arc::clone(place.get()),
                Entry::Vacant(place) => {
                    let (entry, stamp) =
                        RoomEntry::with_first(room.clone(), key.hash, Arc::clone(member));
                    place.insert(Arc::clone(&entry));
                    if let Some(observer) = observer {
                        observer.create_room(room);
                    }
                    return Some((entry, stamp));
                }
            };
            // The room may be locked for a chunk of a broadcast; joins of other rooms need not wait.
            drop(shard);
            if is_joined(&entry) {
                return None;
            }
            if let Some(stamp) = entry.push(member) {
                return Some((entry, stamp));
            }
            // It was closed since: the next round sees that and makes a new one.
        }
    }

    pub(super) fn leave(
        &self,
        entry: &Arc<RoomEntry<M>>,
        stamp: Stamp,
        observer: Option<&dyn RoomObserver>,
    ) {
        if entry.remove(stamp) {
            self.forget(entry, observer);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Takes a closed entry out of the table.
    fn forget(&self, entry: &Arc<RoomEntry<M>>, observer: Option<&dyn RoomObserver>) {
        let mut shard = self.shards.lock(entry.hash());
        let place = shard.find_entry(entry.hash(), |other| Arc::ptr_eq(other, entry));
        // It is not there if somebody has joined in between and made a new one in its place.
        if let Ok(place) = place {
            place.remove();
            if let Some(observer) = observer {
                observer.delete_room(entry.name());
            }
            shrink(&mut shard, |entry| entry.hash());
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::super::shards::Hashing;
    use super::*;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<&'static str>>);

    impl RoomObserver for Recorder {
        fn create_room(&self, _: &Room) {
            self.0.lock().push("create");
        }

        fn delete_room(&self, _: &Room) {
            self.0.lock().push("delete");
        }
    }

    /// The interleaving that threads meet now and then, in slow motion.
    #[test]
    fn a_member_that_joins_between_the_two_steps_of_a_deletion_is_kept() {
        let (index, hashing, recorder) = (Index::new(), Hashing::default(), Recorder::default());
        let room = Room::from("a");
        let key = hashing.key(room.as_str());
        let join = |member: u32| {
            let member = Arc::new(member);
            index
                .join(key, &room, &member, Some(&recorder), |_| false)
                .unwrap()
        };

        let (first, stamp) = join(1);
        assert!(first.remove(stamp), "the last member leaves");
        let (second, _) = join(2);
        index.forget(&first, Some(&recorder));

        assert!(!Arc::ptr_eq(&first, &second));
        assert!(Arc::ptr_eq(&index.find(key).unwrap(), &second));
        assert_eq!(index.len(), 1);
        assert_eq!(*recorder.0.lock(), ["create", "delete", "create"]);
    }
}
