//! How much is kept.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

/// How often the stores of other namespaces are looked through at most. There may be many, and all are
/// full for as long as nothing in them is too old.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A list of at most this many stores is not worth to be looked through for those that are gone.
const KEPT_STORES: usize = 64;

/// Counts the bytes that one store keeps, and those of all stores that were made with the same
/// options.
#[derive(Debug)]
pub(super) struct Ledger {
    bytes: usize,
    max: usize,
    total: Total,
}

/// The bytes that several stores keep together.
#[derive(Clone, Debug)]
pub(crate) struct Total {
    shared: Arc<Shared>,
    pub(super) max: usize,
}

#[derive(Default)]
struct Shared {
    bytes: AtomicUsize,
    stores: Mutex<Stores>,
}

#[derive(Default)]
struct Stores {
    list: Vec<Weak<dyn Store>>,
    /// How long the list may get until those that are gone are taken out.
    limit: usize,
    /// When all were looked through the last time.
    swept: Option<Duration>,
}

/// What counts with others towards one total.
pub(crate) trait Store: Send + Sync {
    /// Forgets what is too old, unless somebody uses the store at this moment, who does so anyway.
    fn forget_expired(&self);
}

impl Total {
    pub(super) fn new(max: usize) -> Self {
        Self {
            shared: Arc::default(),
            max,
        }
    }

    /// Lets a store make room for others for as long as it is there.
    pub(crate) fn register(&self, store: Weak<dyn Store>) {
        let mut stores = self.shared.stores.lock();
        if stores.list.len() >= stores.limit {
            stores.list.retain(|store| store.strong_count() > 0);
            stores.limit = stores.list.len().saturating_mul(2).max(KEPT_STORES);
        }
        stores.list.push(store);
    }

    fn fits(&self) -> bool {
        self.shared.bytes.load(Ordering::Relaxed) <= self.max
    }

    /// Lets all stores forget what is too old, unless that was done a moment ago.
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

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
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

    /// Tells whether neither this store nor all together keep more than they may.
    pub(super) fn fits(&self) -> bool {
        self.bytes <= self.max && self.total.fits()
    }

    /// If all stores together keep more than they may, lets them forget what is too old: a store
    /// that nobody uses any more does not notice that by itself.
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
