//! The acknowledgement that one socket owes, and the sink that receives it.

use std::fmt;
use std::sync::Arc;

use socketio_proto::Args;

/// Receives the acknowledgements of the sockets of one server.
///
/// The server that sent the broadcast collects them with an [`AckCollector`](crate::AckCollector). The
/// other servers of a cluster forward them to that server. The methods are called from the tasks of
/// connections and must return at once.
pub trait AckSink: Send + Sync + 'static {
    /// Sets the number of sockets that the packet was sent to. Called once, possibly after the first
    /// answers.
    fn count(&self, sockets: usize);

    /// Receives the answer of one of the sockets.
    fn answer(&self, answer: Args);

    /// Notes that one of the sockets has left without an answer.
    fn left(&self);
}

/// The acknowledgement that one socket owes to a broadcast.
///
/// Store it with the socket. Dropping it reports that the socket has left.
#[must_use = "dropping a pending acknowledgement reports that the socket has left"]
pub struct PendingAck {
    sink: Option<Arc<dyn AckSink>>,
}

impl PendingAck {
    /// Creates the pending acknowledgement of one more socket.
    pub fn new(sink: Arc<dyn AckSink>) -> Self {
        Self { sink: Some(sink) }
    }

    /// Passes the socket's answer to the sink.
    pub fn answer(mut self, answer: Args) {
        if let Some(sink) = self.sink.take() {
            sink.answer(answer);
        }
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            sink.left();
        }
    }
}

impl fmt::Debug for PendingAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAck").finish_non_exhaustive()
    }
}
