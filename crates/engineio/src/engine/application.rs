use std::future::{Future, ready};
use std::task::{Context, Poll};
use std::time::Instant;

use engineio_proto::{CloseReason, ConnectionError, Message, SessionId};
use http::HeaderMap;
use http::request::Parts;

use crate::engine::session_id;
use crate::http::connection_failure::{BoxError, ConnectionFailure};
use crate::session::Session;

/// What runs on top of the engine: it is told of every session that opens.
///
/// Everything but [`open`](Self::open) has a default that changes nothing.
pub trait Application: Send + Sync + 'static {
    /// What receives the messages of one session.
    type Connection: Connection;

    /// Called once for each session, when its client has the open packet on its way.
    ///
    /// `request` is the head of the request that opened the session.
    fn open(&self, session: Session, request: Parts) -> Self::Connection;

    /// Whether a session may be opened: Node's option `allowRequest`.
    ///
    /// Asked for requests that open a session, on every transport, after the checks of transport,
    /// origin and method and before that of the protocol's revision. Not asked for the later
    /// requests of a session, which its id lets in; [`Config::origins`](crate::Config::origins)
    /// holds for those too. What it puts into the extensions of the request is there in all that
    /// follows. The client waits meanwhile; if it goes, the future is dropped.
    ///
    /// # Errors
    ///
    /// What the client is told: [`ConnectionError::Forbidden`], with a message or without.
    fn allow_request(
        &self,
        request: &mut Parts,
    ) -> impl Future<Output = Result<(), ConnectionError>> + Send {
        let _ = request;
        ready(Ok(()))
    }

    /// Makes the id of a new session: Node's `engine.generateId`. 15 random bytes by default.
    ///
    /// Whoever knows the id can speak as the client, so it has to be one that nobody can guess. It
    /// has 1 to 128 characters, which are letters and digits of ASCII, `-`, `_`, `.` or `~`. Node's
    /// cluster adapters rely on a length of 20. An id that cannot be, or that belongs to a session
    /// already, is refused as an error is.
    ///
    /// # Errors
    ///
    /// Why there is none: it is logged and given to [`connection_error`](Self::connection_error),
    /// and the client is refused with "Bad request".
    fn generate_id(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Result<SessionId, BoxError>> + Send {
        let _ = request;
        ready(session_id::random())
    }

    /// A request has been refused: Node's event `connection_error`.
    ///
    /// The answer waits for this, and so do others on the same thread: it should not block.
    fn connection_error(&self, failure: &ConnectionFailure<'_>) {
        let _ = failure;
    }

    /// The headers of the answer that opens a session are about to leave, and can be changed: Node's
    /// event `initial_headers`.
    ///
    /// On WebSocket it is the answer that accepts the connection. Called before
    /// [`headers`](Self::headers) and [`open`](Self::open).
    fn initial_headers(&self, headers: &mut HeaderMap, request: &Parts) {
        let _ = (headers, request);
    }

    /// The headers of an answer to a session are about to leave, and can be changed: Node's event
    /// `headers`.
    ///
    /// Called for every answer that carries packets or confirms them, and for those that accept a
    /// WebSocket; not for refusals.
    fn headers(&self, headers: &mut HeaderMap, request: &Parts) {
        let _ = (headers, request);
    }

    /// Whether the answers to a session's polls and POSTs are to be shown to
    /// [`headers`](Self::headers): `true` by default.
    ///
    /// Asked for each of them. Those that are not shown cost less: they are written into the memory
    /// of the request's headers.
    fn wants_headers(&self) -> bool {
        true
    }
}

/// The application's side of one session.
///
/// The methods are called by the session's own task, or by that of a POST which brings messages, one
/// at a time and never concurrently: what they do delays this session and no other, so they should
/// not block.
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

    /// The messages that had arrived have been given to [`message`](Self::message), as far as they can be
    /// taken for now: what was kept from one for the next can be given up.
    ///
    /// Called after the last of them and before the session's task waits, also where one of them has
    /// ended the session, and now and then where there was none.
    fn caught_up(&mut self) {}

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
