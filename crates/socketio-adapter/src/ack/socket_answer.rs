//! The answer of one socket to a broadcast.

use socketio_proto::Args;

use crate::socket_id::SocketId;

/// The answer of one socket to a broadcast, or the reason why there is none.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SocketAnswer {
    /// The id of the socket. `None` if another server has sent the answer without the id, as Node's
    /// servers do.
    pub socket: Option<SocketId>,
    /// The answer, or the reason why there is none.
    pub answer: Result<Args, NoAnswer>,
}

impl SocketAnswer {
    /// Creates the answer of a socket, or of an unknown socket of another server.
    #[must_use]
    pub fn new(socket: Option<SocketId>, answer: Result<Args, NoAnswer>) -> Self {
        Self { socket, answer }
    }
}

/// The reason why a socket will not answer a broadcast.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NoAnswer {
    /// The socket has left before it answered.
    Left,
    /// The packet was not sent to the socket: it is volatile and the transport was not ready, too many
    /// acknowledgements of the socket are pending, or its outbound queue is full.
    NotSent,
}
