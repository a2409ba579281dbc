//! A hash table in parts that are locked apart.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use parking_lot::{Mutex, MutexGuard};

/// How many parts a table has. A namespace exists perhaps for a handful of sockets, so the parts are
/// few; a part is locked for well under a microsecond at a time, so they suffice for many cores.
pub(super) const SHARDS: usize = 16;

/// A table of at most this many places is not worth to be shrunk.
const KEPT_CAPACITY: usize = 32;

/// A name that is looked up, and its hash, computed once for all tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    pub(super) name: &'a str,
    pub(super) hash: u64,
}

/// Hashes names with keys that are secret and differ from index to index: clients may choose names
/// of rooms, and must not be able to make them collide.
#[derive(Clone, Debug, Default)]
pub(super) struct Hashing(RandomState);

impl Hashing {
    pub(super) fn key<'a>(&self, name: &'a str) -> Key<'a> {
        Key {
            name,
            hash: self.0.hash_one(name),
        }
    }
}

/// Several values of `T`, of which a key selects one.
#[derive(Debug)]
pub(super) struct Shards<T>(Box<[Mutex<T>; SHARDS]>);

impl<T> Shards<T> {
    pub(super) fn new(mut make: impl FnMut() -> T) -> Self {
        Self(Box::new(std::array::from_fn(|_| Mutex::new(make()))))
    }

    pub(super) fn lock(&self, hash: u64) -> MutexGuard<'_, T> {
        // The table uses the lowest and the highest bits of the hash.
        let index = (hash >> 32) as usize % SHARDS;
        self.0[index].lock()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mutex<T>> {
        self.0.iter()
    }
}

/// Gives memory back once a table has become nearly empty.
pub(super) fn shrink<T>(table: &mut HashTable<T>, hash: impl Fn(&T) -> u64) {
    if table.capacity() > KEPT_CAPACITY && table.len() < table.capacity() / 8 {
        table.shrink_to(table.len().saturating_mul(2), hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_gives_memory_back() {
        let mut table = HashTable::new();
        for n in 0..10_000_u64 {
            table.insert_unique(n, n, |n| *n);
        }
        for n in 1..10_000_u64 {
            table.find_entry(n, |other| *other == n).unwrap().remove();
            shrink(&mut table, |n| *n);
        }
        assert!(table.capacity() <= KEPT_CAPACITY);
        assert!(table.find(0, |n| *n == 0).is_some());
    }

    #[test]
    fn names_spread_over_the_shards() {
        let (hashing, shards) = (Hashing::default(), Shards::new(|| 0));
        for n in 0..SHARDS * 100 {
            *shards.lock(hashing.key(&n.to_string()).hash) += 1;
        }
        assert!(
            shards
                .iter()
                .all(|count| (20..500).contains(&*count.lock()))
        );
    }
}
