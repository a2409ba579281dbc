use std::task::{Context, Poll};
use std::time::Instant;

use engineio_proto::{CloseReason, Message};
use http::request::Parts;

use crate::session::Session;

/// What runs on top of the engine: it is told of every session that opens.
pub trait Application: Send + Sync + 'static {
    /// What receives the messages of one session.
    type Connection: Connection;

    /// Called once for each session, when its client has the open packet on its way.
    ///
    /// `request` is the head of the request that opened the session.
    fn open(&self, session: Session, request: Parts) -> Self::Connection;
}

/// The application's side of one session.
///
/// The methods are called by the session's own task, one at a time and never concurrently: what
/// they do delays this session and no other, so they should not block.
pub trait Connection: Send + Sized + 'static {
    /// Whether the next message can be taken.
    ///
    /// While this is pending nothing is read from the transport, so that a client that sends
    /// faster than it is served is slowed down by its own connection. Its heartbeat waits as well,
    /// because the answer to a ping may be among what is not read. The task is woken through `cx`.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Ready(())
    }

    /// A message has arrived. Messages arrive in the order in which the client sent them.
    fn message(&mut self, message: Message);

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if at all.
    ///
    /// Asked after every call of another method.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) named has come.
    fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// The session is over. Called once, unless the runtime ends before the session does or a
    /// method of this connection has panicked: it is only dropped then.
    fn closed(self, reason: CloseReason);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An application that does nothing, and its connections.
    pub(crate) struct Nothing;

    impl Application for Nothing {
        type Connection = Self;

        fn open(&self, _: Session, _: Parts) -> Self {
            Self
        }
    }

    impl Connection for Nothing {
        fn message(&mut self, _: Message) {}

        fn closed(self, _: CloseReason) {}
    }
}
