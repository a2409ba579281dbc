//! How far the clients are, to be read by another thread.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

/// Counts of clients.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Whose connections are laid.
    pub(super) laid: Count,
    /// That have joined the namespace, and left the room if they were to.
    pub(super) ready: Count,
    /// That lost their connection, or had messages which they did not expect.
    pub(super) lost: Count,
    /// That have been pinged.
    pub(super) pinged: Count,
}

impl Progress {
    pub(super) fn told(&self) -> Value {
        json!({
            "laid": self.laid.number(),
            "ready": self.ready.number(),
            "lost": self.lost.number(),
            "pinged": self.pinged.number(),
        })
    }
}

/// A number that grows.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicUsize);

impl Count {
    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn number(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}
