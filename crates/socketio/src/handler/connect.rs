//! Handlers that run when a client has joined a namespace and when it leaves.

use std::fmt::Debug;
use std::future::Future;

use super::sealed::{Seal, Sealed};
use crate::context::{ConnectContext, DisconnectContext};
use crate::error::connect_error::ConnectError;
use crate::error::rejection::Rejection;
use crate::socket::Socket;

/// Runs once a client has joined a namespace: Node's `connection` event.
#[diagnostic::on_unimplemented(
    message = "this is not a connect handler for the state `{S}`",
    label = "not a connect handler",
    note = "a connect handler is an `async fn` that returns `()` or `Result<(), E>` with `E: Debug`; it and its future are `Send`",
    note = "each argument implements `FromConnect<{S}>`, such as `Socket`, `Auth<T>`, or `State<T>` with `T: FromRef<{S}>`; closures name their types",
    note = "put `#[socketio::debug_handler(connect, state = {S})]` on the function to see what is wrong"
)]
pub trait ConnectHandler<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments and runs the handler.
    fn call(
        self,
        cx: ConnectContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<(), ConnectError>> + Send;
}

/// What a connect handler may return.
#[diagnostic::on_unimplemented(
    message = "a connect handler cannot return `{Self}`",
    label = "wrong return type",
    note = "return `()`, or `Result<(), E>` with `E: Debug`, whose error is logged",
    note = "to refuse a client, use a middleware: it returns `Result<(), impl IntoConnectError>`"
)]
pub trait ConnectOutput: Sealed {
    /// Logs what went wrong.
    fn log(self, socket: &Socket);
}

impl ConnectOutput for () {
    fn log(self, _: &Socket) {}
}

/// An error is logged. The client has joined and stays.
impl<E> ConnectOutput for Result<(), E>
where
    E: Debug,
{
    fn log(self, socket: &Socket) {
        if let Err(error) = self {
            tracing::error!(
                socket = %socket.id(),
                ?error,
                "a connect handler failed; the client has joined and stays connected; \
                 use a middleware to refuse it",
            );
        }
    }
}

/// Runs when a socket leaves its namespace: Node's `disconnecting` and `disconnect` events.
#[diagnostic::on_unimplemented(
    message = "this is not a disconnect handler for the state `{S}`",
    label = "not a disconnect handler",
    note = "a disconnect handler is an `async fn` that returns `()`; it and its future are `Send`",
    note = "each argument implements `FromDisconnect<{S}>`, such as `Socket`, `DisconnectReason`, or `State<T>` with `T: FromRef<{S}>`; closures name their types",
    note = "a handler of one socket, such as `Socket::on_disconnect` takes, has no state: a closure captures what it needs",
    note = "put `#[socketio::debug_handler(disconnect, state = {S})]` on the function to see what is wrong"
)]
pub trait DisconnectHandler<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments and runs the handler.
    fn call(
        self,
        cx: DisconnectContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<(), Rejection>> + Send;
}
