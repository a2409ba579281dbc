//! The byte limits of one store and of all stores together.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

/// The minimum time between two sweeps of all stores. There may be many stores, and a sweep frees
/// nothing while no entry has expired.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// The minimum length of the list at which dropped stores are removed from it.
const MIN_STORE_LIMIT: usize = 64;

/// Counts the bytes of one store, and of all stores that were created with the same options.
#[derive(Debug)]
pub(super) struct Ledger {
    bytes: usize,
    max: usize,
    total: Total,
}

/// The byte count that several stores share.
#[derive(Clone, Debug)]
pub(crate) struct Total {
    shared: Arc<TotalShared>,
    pub(super) max: usize,
}

#[derive(Default)]
struct TotalShared {
    bytes: AtomicUsize,
    stores: Mutex<Stores>,
}

#[derive(Default)]
struct Stores {
    list: Vec<Weak<dyn Store>>,
    /// The length of the list at which dropped stores are removed.
    limit: usize,
    /// The time of the last sweep.
    swept: Option<Duration>,
}

/// A store that counts towards a shared total.
pub(crate) trait Store: Send + Sync {
    /// Removes expired entries, unless the store is in use: its user removes them anyway.
    fn forget_expired(&self);
}

impl Total {
    pub(super) fn new(max: usize) -> Self {
        Self {
            shared: Arc::default(),
            max,
        }
    }

    /// Registers a store, so that a sweep removes its expired entries.
    pub(crate) fn register(&self, store: Weak<dyn Store>) {
        let mut stores = self.shared.stores.lock();
        if stores.list.len() >= stores.limit {
            stores.list.retain(|store| store.strong_count() > 0);
            stores.limit = stores.list.len().saturating_mul(2).max(MIN_STORE_LIMIT);
        }
        stores.list.push(store);
    }

    fn fits(&self) -> bool {
        self.shared.bytes.load(Ordering::Relaxed) <= self.max
    }

    /// Removes the expired entries of all stores, at most once per [`SWEEP_INTERVAL`].
    fn sweep(&self, now: Duration) {
        let stores: Vec<_> = {
            let mut stores = self.shared.stores.lock();
            let is_due = |swept| now.saturating_sub(swept) >= SWEEP_INTERVAL;
            if !stores.swept.is_none_or(is_due) {
                return;
            }
            stores.swept = Some(now);
            stores.list.iter().filter_map(Weak::upgrade).collect()
        };
        for store in stores {
            store.forget_expired();
        }
    }
}

impl fmt::Debug for TotalShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TotalShared")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    pub(super) fn new(max: usize, total: &Total) -> Self {
        Self {
            bytes: 0,
            max,
            total: total.clone(),
        }
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.total.shared.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn subtract(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.total.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Returns whether this store and all stores together are within their limits.
    pub(super) fn fits(&self) -> bool {
        self.bytes <= self.max && self.total.fits()
    }

    /// Removes the expired entries of all stores if the total exceeds its limit. An unused
    /// store does not remove them by itself.
    pub(super) fn make_room(&self, now: Duration) {
        if !self.total.fits() {
            self.total.sweep(now);
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.subtract(self.bytes);
    }
}
