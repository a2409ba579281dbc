//! Sharded hash tables: each shard has its own lock.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use parking_lot::{Mutex, MutexGuard};

/// The number of shards of a table.
///
/// It is small because many namespaces have few sockets. A shard is locked for well under a
/// microsecond at a time, so this suffices for many cores.
pub(super) const SHARDS: usize = 16;

/// The capacity up to which a table is not shrunk.
const MIN_CAPACITY: usize = 32;

/// A name to look up, and its hash, computed once for all tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct HashedName<'a> {
    pub(super) name: &'a str,
    pub(super) hash: u64,
}

/// The hasher of names. Its keys are random and differ between indexes, because clients may choose the
/// names of rooms and must not be able to make them collide.
#[derive(Clone, Debug, Default)]
pub(super) struct NameHasher(RandomState);

impl NameHasher {
    pub(super) fn key<'a>(&self, name: &'a str) -> HashedName<'a> {
        HashedName {
            name,
            hash: self.0.hash_one(name),
        }
    }
}

/// Several values of `T`. A hash selects one of them.
#[derive(Debug)]
pub(super) struct Shards<T>(Box<[Mutex<T>; SHARDS]>);

impl<T> Shards<T> {
    pub(super) fn new(mut make: impl FnMut() -> T) -> Self {
        Self(Box::new(std::array::from_fn(|_| Mutex::new(make()))))
    }

    pub(super) fn lock(&self, hash: u64) -> MutexGuard<'_, T> {
        // The middle bits, because the tables use the lowest and the highest bits of the hash.
        let index = (hash >> 32) as usize % SHARDS;
        self.0[index].lock()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mutex<T>> {
        self.0.iter()
    }
}

/// Shrinks a table that has become nearly empty.
pub(super) fn shrink<T>(table: &mut HashTable<T>, hash: impl Fn(&T) -> u64) {
    if table.capacity() > MIN_CAPACITY && table.len() < table.capacity() / 8 {
        table.shrink_to(table.len().saturating_mul(2), hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nearly_empty_table_is_shrunk() {
        let mut table = HashTable::new();
        for n in 0..10_000_u64 {
            table.insert_unique(n, n, |n| *n);
        }
        for n in 1..10_000_u64 {
            table.find_entry(n, |other| *other == n).unwrap().remove();
            shrink(&mut table, |n| *n);
        }
        assert!(table.capacity() <= MIN_CAPACITY);
        assert!(table.find(0, |n| *n == 0).is_some());
    }

    #[test]
    fn names_spread_over_the_shards() {
        let (hasher, shards) = (NameHasher::default(), Shards::new(|| 0));
        for n in 0..SHARDS * 100 {
            *shards.lock(hasher.key(&n.to_string()).hash) += 1;
        }
        assert!(
            shards
                .iter()
                .all(|count| (20..500).contains(&*count.lock()))
        );
    }
}
