//! A log of the events that clients have sent.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

/// The most events in the log. A new event replaces the oldest.
const MAX_ENTRIES: usize = 1000;

/// The latest events. It stands for an append-only log.
#[derive(Clone, Default)]
pub(crate) struct Audit(Arc<Mutex<VecDeque<Entry>>>);

/// An event that a client has sent.
#[derive(Clone, Serialize)]
pub(crate) struct Entry {
    socket: String,
    event: String,
}

impl Audit {
    /// Appends an event.
    pub(crate) fn record(&self, socket: &str, event: &str) {
        let mut entries = self.0.lock();
        if entries.len() >= MAX_ENTRIES {
            entries.pop_front();
        }
        entries.push_back(Entry {
            socket: socket.to_owned(),
            event: event.to_owned(),
        });
    }

    /// Returns the events, oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.lock().iter().cloned().collect()
    }
}
