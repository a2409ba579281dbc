use std::fmt;

use engineio::{CloseReason, Session, Transport};

use crate::socket::Socket;

/// The connection beneath a socket, which its client shares among its namespaces (Node's
/// `socket.conn`).
#[derive(Clone)]
pub struct Conn {
    session: Session,
}

impl Conn {
    /// The transport that the client uses now.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.session.transport()
    }

    /// The number of bytes that wait to be sent.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.session.queued_bytes()
    }

    /// Closes the connection once everything that is queued has been sent, without telling the
    /// client that it is disconnected: it will try to come back.
    pub fn close(&self) {
        self.session.close(CloseReason::ForcedClose);
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn")
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

impl Socket {
    /// The connection beneath the socket.
    #[must_use]
    pub fn conn(&self) -> Conn {
        Conn {
            session: self.recipient.link.session.clone(),
        }
    }
}
