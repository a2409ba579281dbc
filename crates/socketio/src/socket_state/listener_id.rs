use std::sync::atomic::{AtomicU64, Ordering};

/// Names one listener, so that it can be taken out again with `off` and its like.
///
/// No two listeners of a process have the same.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ListenerId(u64);

impl ListenerId {
    /// One that no other listener has.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
