//! What handlers write down for a test to read.

use std::fmt::Display;
use std::sync::Arc;

use socketio_testing::within;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What handlers write down for a test to read, in the order of writing. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Journal {
    sender: UnboundedSender<String>,
    receiver: Arc<Mutex<UnboundedReceiver<String>>>,
}

impl Journal {
    /// A journal without entries.
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
        // Nobody reads it any more when the test is over.
        self.sender.send(entry.to_string()).ok();
    }

    /// Takes the first entry that has not been taken yet, and waits for one if there is none.
    ///
    /// # Panics
    ///
    /// If none is written within the deadline of every wait.
    pub async fn next(&self) -> String {
        let mut receiver = self.receiver.lock().await;
        let entry = within("an entry in the journal", receiver.recv()).await;
        entry.expect("the journal itself holds a sender")
    }

    /// The next entries, which must be these.
    ///
    /// # Panics
    ///
    /// If they are others, or too few within the deadline.
    pub async fn expect(&self, entries: impl IntoIterator<Item = impl AsRef<str>>) {
        for expected in entries {
            assert_eq!(self.next().await, expected.as_ref());
        }
    }

    /// Takes all entries that are there, without waiting.
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
