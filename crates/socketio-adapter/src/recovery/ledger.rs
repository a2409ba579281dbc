//! How much is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
pub(super) struct Total {
    bytes: Arc<AtomicUsize>,
    pub(super) max: usize,
}

impl Total {
    pub(super) fn new(max: usize) -> Self {
        Self {
            bytes: Arc::default(),
            max,
        }
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
        self.total.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn subtract(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.total.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Tells whether neither this store nor all together keep more than they may.
    pub(super) fn fits(&self) -> bool {
        self.bytes <= self.max && self.total.bytes.load(Ordering::Relaxed) <= self.total.max
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.total.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
