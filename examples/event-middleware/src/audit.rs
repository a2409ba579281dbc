//! What was asked of the server, and by whom.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

/// How many events are remembered: beyond them the oldest is forgotten.
const MAX_ENTRIES: usize = 1000;

/// The latest events. It stands for a log that nobody can change.
#[derive(Clone, Default)]
pub(crate) struct Audit(Arc<Mutex<VecDeque<Entry>>>);

/// An event that came.
#[derive(Clone, Serialize)]
pub(crate) struct Entry {
    socket: String,
    event: String,
}

impl Audit {
    pub(crate) fn note(&self, socket: &str, event: &str) {
        let mut entries = self.0.lock();
        if entries.len() >= MAX_ENTRIES {
            entries.pop_front();
        }
        entries.push_back(Entry {
            socket: socket.to_owned(),
            event: event.to_owned(),
        });
    }

    /// The events that are remembered, the oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.lock().iter().cloned().collect()
    }
}
