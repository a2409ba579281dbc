//! Handlers of events, of clients and of other servers.

use std::future::Future;

use super::sealed::Seal;
use crate::context::{EventContext, ServerEventContext};
use crate::error::rejection::Rejection;

/// Runs when a client has emitted an event: Node's `socket.on`.
///
/// What it returns answers the acknowledgement, see [`IntoReply`](super::IntoReply).
#[diagnostic::on_unimplemented(
    message = "this is not an event handler for the state `{S}`",
    label = "not an event handler",
    note = "an event handler is an `async fn` that returns `()`, `Reply<T>` or another `IntoReply`; it and its future are `Send`",
    note = "each argument implements `FromEvent<{S}>`, such as `Socket`, `Data<T>`, `Ack`, or `State<T>` with `T: FromRef<{S}>`; closures name their types",
    note = "a handler of one socket, such as `Socket::on` takes, has no state: a closure captures what it needs",
    note = "put `#[socketio::debug_handler(event, state = {S})]` on the function to see what is wrong"
)]
pub trait EventHandler<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments, runs the handler and answers the acknowledgement.
    ///
    /// An event that was rejected is not answered: that is left to the caller.
    fn call(
        self,
        cx: &mut EventContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<(), Rejection>> + Send;
}

/// Runs when another server of the cluster has emitted an event: Node's `namespace.on` for events
/// of `serverSideEmit`.
///
/// What it returns answers the acknowledgement, see [`IntoReply`](super::IntoReply).
#[diagnostic::on_unimplemented(
    message = "this is not a handler of other servers' events for the state `{S}`",
    label = "not a server event handler",
    note = "it is an `async fn` that returns `()`, `Reply<T>` or another `IntoReply`; it and its future are `Send`",
    note = "each argument implements `FromServerEvent<{S}>`, such as `Data<T>`, `EventName`, `ServerAck`, `Namespace`, `SocketIo`, or `State<T>` with `T: FromRef<{S}>`; closures name their types",
    note = "there is no socket: the event comes from another server",
    note = "put `#[socketio::debug_handler(server_event, state = {S})]` on the function to see what is wrong"
)]
pub trait ServerEventHandler<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments, runs the handler and answers the acknowledgement.
    fn call(
        self,
        cx: ServerEventContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<(), Rejection>> + Send;
}
