//! Records what handlers observe: journals and counters of live values.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use socketio_testing::within;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Entries that handlers write and tests read, in order. Clones share the entries.
#[derive(Clone, Debug)]
pub struct Journal {
    sender: UnboundedSender<String>,
    receiver: Arc<Mutex<UnboundedReceiver<String>>>,
}

impl Journal {
    /// Creates an empty journal.
    #[must_use]
    pub fn new() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self {
            sender,
            receiver: Arc::new(Mutex::new(receiver)),
        }
    }

    /// Appends an entry.
    pub fn write(&self, entry: impl Display) {
        // A finished test has dropped the receiver.
        self.sender.send(entry.to_string()).ok();
    }

    /// Removes and returns the first entry, and waits for one if there is none.
    ///
    /// # Panics
    ///
    /// Panics if no entry is written within the deadline.
    pub async fn next(&self) -> String {
        let mut receiver = self.receiver.lock().await;
        let entry = within("an entry in the journal", receiver.recv()).await;
        entry.expect("the journal holds a sender")
    }

    /// Asserts that the next entries are these.
    ///
    /// # Panics
    ///
    /// Panics if the entries differ, or if one is missing after the deadline.
    pub async fn expect(&self, entries: impl IntoIterator<Item = impl AsRef<str>>) {
        for expected in entries {
            assert_eq!(self.next().await, expected.as_ref());
        }
    }

    /// Removes and returns all entries without waiting.
    pub async fn take(&self) -> Vec<String> {
        let mut receiver = self.receiver.lock().await;
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self::new()
    }
}

/// Counts live values: every [`LiveGuard`] that it has created and that has not been dropped.
/// Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct LiveCounter(Arc<AtomicUsize>);

/// A value that is counted while it is alive.
#[derive(Debug)]
pub struct LiveGuard(Arc<AtomicUsize>);

impl LiveCounter {
    /// Creates a value that is counted from now on.
    #[must_use]
    pub fn guard(&self) -> LiveGuard {
        self.0.fetch_add(1, Ordering::SeqCst);
        LiveGuard(Arc::clone(&self.0))
    }

    /// Returns the number of live values.
    #[must_use]
    pub fn live(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for LiveGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
