//! The progress of the clients, which other threads read.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

/// Numbers of clients.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Clients with an allocated connection.
    pub(super) allocated: Count,
    /// Clients that have joined the namespace, and left the room if ordered.
    pub(super) ready: Count,
    /// Clients that have lost their connection or received an unexpected message.
    pub(super) lost: Count,
    /// Clients that have been pinged.
    pub(super) pinged: Count,
}

impl Progress {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "allocated": self.allocated.number(),
            "ready": self.ready.number(),
            "lost": self.lost.number(),
            "pinged": self.pinged.number(),
        })
    }
}

/// An increasing number.
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
