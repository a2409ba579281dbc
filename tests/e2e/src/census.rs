//! How many values are alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the values that it has made and that have not been dropped. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Census(Arc<AtomicUsize>);

/// A value that is counted for as long as it lives.
#[derive(Debug)]
pub struct Counted(Arc<AtomicUsize>);

impl Census {
    /// A value that is counted from now on.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.0.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(&self.0))
    }

    /// How many are alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
