//! The sink of the server that sent the broadcast.

use std::fmt;
use std::sync::Arc;

use socketio_proto::Args;

use super::answers::Answers;
use super::collected::Collected;
use super::pending::AckSink;
use super::socket_answer::{NoAnswer, SocketAnswer};
use crate::socket_id::SocketId;

/// Collects the acknowledgements of one broadcast from all servers.
///
/// Share it in an [`Arc`] with every task that may still report. Dropping the last reference ends the
/// stream, even if answers are missing.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use futures_util::FutureExt;
/// use socketio_adapter::{AckCollector, AckSink, PendingAck, SocketId};
///
/// let (collector, answers) = AckCollector::with_answers();
/// collector.expect_servers(1);
///
/// let sink: Arc<dyn AckSink> = Arc::new(collector);
/// let socket = SocketId::from("_1kqyu2LT4IHGYyqAAAB");
/// let owed = PendingAck::new(socket, Arc::clone(&sink));
/// sink.count(1);
///
/// drop(owed); // The only client has left, so the collection is complete.
/// assert!(answers.all().now_or_never().expect("all have answered").is_empty());
/// ```
pub struct AckCollector {
    collected: Arc<Collected>,
}

impl AckCollector {
    /// Creates a collector and the stream of the answers that it receives.
    pub fn with_answers() -> (Self, Answers) {
        let collected = Arc::new(Collected::default());
        let answers = Answers::new(Arc::clone(&collected));
        (Self { collected }, answers)
    }

    /// Sets the number of servers that will report, this one included. The collection is not
    /// complete before this is known.
    ///
    /// [Count](AckSink::count) 0 sockets for a server that leaves the cluster before it has reported.
    pub fn expect_servers(&self, servers: usize) {
        self.collected.expect_servers(servers);
    }
}

impl AckSink for AckCollector {
    fn count(&self, sockets: usize) {
        self.collected.server_reported(sockets);
    }

    fn asked(&self, socket: &SocketId) {
        self.collected.asked(socket.clone());
    }

    fn answer(&self, socket: Option<&SocketId>, answer: Args) {
        let answer = SocketAnswer::new(socket.cloned(), Ok(answer));
        self.collected.socket_done(answer);
    }

    fn no_answer(&self, socket: Option<&SocketId>, reason: NoAnswer) {
        let answer = SocketAnswer::new(socket.cloned(), Err(reason));
        self.collected.socket_done(answer);
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
