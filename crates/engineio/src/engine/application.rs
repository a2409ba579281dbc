//! The traits of the application: [`Application`] for the server, [`Connection`] for a session.

use std::future::{Future, ready};
use std::task::{Context, Poll};
use std::time::Instant;

use engineio_proto::{CloseReason, ConnectionError, Message, SessionId};
use http::HeaderMap;
use http::request::Parts;

use crate::engine::session_id;
use crate::http::connection_failure::{BoxError, ConnectionFailure};
use crate::session::Session;

/// The application on top of an engine, which is notified of every new session.
///
/// All methods except [`open`](Self::open) have a default that changes nothing.
pub trait Application: Send + Sync + 'static {
    /// The receiver of the messages of one session.
    type Connection: Connection;

    /// Returns the connection of a new session. Called once for each session, when the open packet
    /// is on its way to the client.
    ///
    /// `request` is the head of the request that opened the session.
    fn open(&self, session: Session, request: Parts) -> Self::Connection;

    /// Decides whether a session may be opened: Node's option `allowRequest`.
    ///
    /// Called for requests that open a session, on every transport. The checks of transport, origin
    /// and method come before it, the check of the protocol revision after it. It is not called for
    /// later requests of a session, which are authorized by the session id and restricted by
    /// [`Config::origins`](crate::Config::origins). Extensions that it adds to the request are
    /// visible to all later hooks. The client waits for the future, which is dropped if the client
    /// disconnects.
    ///
    /// # Errors
    ///
    /// The error that the client receives: [`ConnectionError::Forbidden`], with or without a
    /// message.
    fn allow_request(
        &self,
        request: &mut Parts,
    ) -> impl Future<Output = Result<(), ConnectionError>> + Send {
        let _ = request;
        ready(Ok(()))
    }

    /// Generates the id of a new session: Node's `engine.generateId`. By default it consists of 15
    /// random bytes.
    ///
    /// A client that knows the id can send packets to the session, so the id must be impossible to
    /// guess. It has 1 to 128 characters out of ASCII letters, digits, `-`, `_`, `.` and `~`.
    /// Node's cluster adapters expect a length of 20. An invalid id, or the id of another session,
    /// is treated like an error.
    ///
    /// # Errors
    ///
    /// The reason why there is no id. It is logged and passed to
    /// [`connection_error`](Self::connection_error), and the client is refused with "Bad request".
    fn generate_id(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Result<SessionId, BoxError>> + Send {
        let _ = request;
        ready(session_id::random())
    }

    /// Reports a refused request: Node's event `connection_error`.
    ///
    /// The response waits for this call, and so do other tasks on the thread, so it should not
    /// block.
    fn connection_error(&self, failure: &ConnectionFailure<'_>) {
        let _ = failure;
    }

    /// Changes the headers of the response that opens a session: Node's event `initial_headers`.
    ///
    /// On WebSocket it is the response that accepts the connection. Called before
    /// [`headers`](Self::headers) and [`open`](Self::open).
    fn initial_headers(&self, headers: &mut HeaderMap, request: &Parts) {
        let _ = (headers, request);
    }

    /// Changes the headers of a response to a session: Node's event `headers`.
    ///
    /// Called for every response that carries or confirms packets and for responses that accept a
    /// WebSocket, but not for refusals.
    fn headers(&self, headers: &mut HeaderMap, request: &Parts) {
        let _ = (headers, request);
    }

    /// Returns whether [`headers`](Self::headers) is called for responses to polls and POSTs:
    /// `true` by default.
    ///
    /// Called for each of them. A response that is not passed to `headers` is cheaper, because it
    /// reuses the header map of the request.
    fn wants_headers(&self) -> bool {
        true
    }
}

/// The application's side of one session.
///
/// The methods are called one at a time, by the session's task or by a POST that delivers messages.
/// A call delays this session and no other, but it should not block the thread.
pub trait Connection: Send + Sized + 'static {
    /// Returns `Ready` if the next message can be delivered.
    ///
    /// While this is pending, nothing is read from the transport, so that TCP slows down a client
    /// that sends faster than it is served. The session's heartbeat is suspended meanwhile, because
    /// a pong may be among the unread packets. Wake the task through `cx`.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Ready(())
    }

    /// Handles a message. Messages are delivered in the order in which the client sent them.
    fn message(&mut self, message: Message);

    /// Called when all messages of a read have been delivered. Drop what you cached between
    /// messages.
    ///
    /// Also called if one of the messages has closed the session, and occasionally after a read
    /// without messages.
    fn caught_up(&mut self) {}

    /// Returns the time at which [`handle_timeout`](Self::handle_timeout) has to be called, if any.
    ///
    /// Called after every other method.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Handles the deadline that [`poll_timeout`](Self::poll_timeout) returned.
    fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// Handles the end of the session. Called once. If the runtime ends first, or a method of this
    /// connection panics, the connection is dropped without this call.
    fn closed(self, reason: CloseReason);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An application that does nothing, and its connection type.
    pub(crate) struct NoopApplication;

    impl Application for NoopApplication {
        type Connection = Self;

        fn open(&self, _: Session, _: Parts) -> Self {
            Self
        }
    }

    impl Connection for NoopApplication {
        fn message(&mut self, _: Message) {}

        fn closed(self, _: CloseReason) {}
    }
}
