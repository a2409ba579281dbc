//! Gathers acknowledgements for who waits for them.

use std::fmt;
use std::sync::Arc;

use socketio_proto::Args;

use super::answers::Answers;
use super::collected::Collected;
use super::sink::AckSink;

/// Gathers the acknowledgements of one broadcast from all servers.
///
/// Whoever may still have something to report keeps it, in an [`Arc`]. When the last one drops it,
/// nothing more can come, and the collection is over even if answers are missing.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use futures_util::FutureExt;
/// use socketio_adapter::{AckCollector, AckSink, PendingAck};
///
/// let (collector, answers) = AckCollector::with_answers();
/// collector.expect_servers(1);
///
/// let sink: Arc<dyn AckSink> = Arc::new(collector);
/// let owed = PendingAck::new(Arc::clone(&sink));
/// sink.count(1);
///
/// drop(owed); // The only client has gone, so nobody is left to wait for.
/// assert!(answers.all().now_or_never().expect("all have answered").is_empty());
/// ```
pub struct AckCollector {
    collected: Arc<Collected>,
}

impl AckCollector {
    /// Returns a collector and the stream of what it will have gathered.
    pub fn with_answers() -> (Self, Answers) {
        let collected = Arc::new(Collected::default());
        let answers = Answers::new(Arc::clone(&collected));
        (Self { collected }, answers)
    }

    /// Sets how many servers will report, this one included. The collection cannot be complete
    /// before that is known.
    ///
    /// A server that goes before it has reported is to be [counted](AckSink::count) with 0 sockets.
    pub fn expect_servers(&self, servers: usize) {
        self.collected.expect_servers(servers);
    }
}

impl AckSink for AckCollector {
    fn count(&self, sockets: usize) {
        self.collected.server_reported(sockets);
    }

    fn answer(&self, answer: Args) {
        self.collected.socket_answered(answer);
    }

    fn left(&self) {
        self.collected.socket_left();
    }
}

impl Drop for AckCollector {
    fn drop(&mut self) {
        self.collected.stop();
    }
}

impl fmt::Debug for AckCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckCollector")
            .field("collected", &self.collected)
            .finish()
    }
}
