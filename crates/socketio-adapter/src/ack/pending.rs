//! The acknowledgement that one socket owes, and the sink that receives it.

use std::fmt;
use std::sync::Arc;

use socketio_proto::Args;

use super::socket_answer::NoAnswer;
use crate::socket_id::SocketId;

/// Receives the acknowledgements of the sockets of one server.
///
/// The server that sent the broadcast collects them with an [`AckCollector`](crate::AckCollector). The
/// other servers of a cluster forward them to that server. The methods are called from the tasks of
/// connections and must return at once.
pub trait AckSink: Send + Sync + 'static {
    /// Sets the number of sockets that the packet was sent to. Called once, possibly after the first
    /// answers.
    fn count(&self, sockets: usize);

    /// Notes that a socket is being asked, before the packet is sent to it. Called only for sockets
    /// whose ids are known.
    ///
    /// A collector lists these sockets in the error of a timeout. The default does nothing, because
    /// the protocol of Node's servers does not name the sockets.
    fn asked(&self, socket: &SocketId) {
        let _ = socket;
    }

    /// Receives the answer of one of the sockets. `socket` is `None` if another server has sent the
    /// answer without the id of the socket, as Node's servers do.
    fn answer(&self, socket: Option<&SocketId>, answer: Args);

    /// Notes that one of the sockets will not answer.
    fn no_answer(&self, socket: Option<&SocketId>, reason: NoAnswer);
}

/// The acknowledgement that one socket owes to a broadcast.
///
/// Store it with the socket. Dropping it reports that the socket has left.
#[must_use = "dropping a pending acknowledgement reports that the socket has left"]
pub struct PendingAck {
    socket: SocketId,
    sink: Option<Arc<dyn AckSink>>,
}

impl PendingAck {
    /// Creates the pending acknowledgement of one more socket.
    pub fn new(socket: SocketId, sink: Arc<dyn AckSink>) -> Self {
        sink.asked(&socket);
        Self {
            socket,
            sink: Some(sink),
        }
    }

    /// Passes the socket's answer to the sink.
    pub fn answer(mut self, answer: Args) {
        if let Some(sink) = self.sink.take() {
            sink.answer(Some(&self.socket), answer);
        }
    }

    /// Reports that the packet was not sent to the socket.
    pub fn not_sent(mut self) {
        self.give_up(NoAnswer::NotSent);
    }

    fn give_up(&mut self, reason: NoAnswer) {
        if let Some(sink) = self.sink.take() {
            sink.no_answer(Some(&self.socket), reason);
        }
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        self.give_up(NoAnswer::Left);
    }
}

impl fmt::Debug for PendingAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAck")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}
