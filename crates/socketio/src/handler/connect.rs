//! Handlers that run after a client has joined a namespace, and when it leaves.

use std::fmt::Debug;
use std::future::Future;

use engineio::log::Escaped;

use super::function::Function;
use super::sealed::{Seal, Sealed};
use crate::context::{ConnectContext, DisconnectContext};
use crate::error::connect_error::ConnectError;
use crate::error::rejection::Rejection;
use crate::socket::Socket;

/// A handler that runs after a client has joined a namespace (Node's `connection` event).
#[diagnostic::on_unimplemented(
    message = "this is not a connect handler for the state `{S}`",
    label = "not a connect handler",
    note = "a connect handler is an `async fn` that returns `()` or `Result<(), E>` with `E: Debug`",
    note = "it has at most 12 arguments; it, its captures and its future are `Send` and `'static`: no `Rc`, no lock guard across an `.await`, no borrowed capture (write `async move`)",
    note = "each argument implements `FromConnect<{S}>`, such as `Socket`, `Auth<T>`, or `State<T>` with `T: FromRef<{S}>`; closures annotate their argument types",
    note = "put `#[socketio::debug_handler(connect, state = {S})]` on the function: it names the argument, the return type or the value that is wrong"
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

// Without `do_not_recommend`, the compiler reports a wrong return type as such.
impl<F, S, T> ConnectHandler<T, S> for F
where
    F: Function<ConnectContext, S, T, Output: ConnectOutput>,
    S: Send + Sync + 'static,
{
    async fn call(self, mut cx: ConnectContext, state: &S, _: Seal) -> Result<(), ConnectError> {
        let output =
            Function::call(self, &mut cx, state, ConnectContext::finish_extraction).await?;
        output.log(&cx.socket);
        Ok(())
    }
}

/// The return value of a connect handler.
#[diagnostic::on_unimplemented(
    message = "a connect handler cannot return `{Self}`",
    label = "wrong return type",
    note = "return `()`, or `Result<(), E>` with `E: Debug`, whose error is logged",
    note = "to refuse a client, use a middleware: it returns `Result<(), impl IntoConnectError>`"
)]
pub trait ConnectOutput: Sealed {
    /// Logs the error, if there is one.
    fn log(self, socket: &Socket);
}

impl ConnectOutput for () {
    fn log(self, _: &Socket) {}
}

/// Logs the error. The client stays connected.
impl<E> ConnectOutput for Result<(), E>
where
    E: Debug,
{
    fn log(self, socket: &Socket) {
        if let Err(error) = self {
            engineio::log_limited!(
                error,
                socket.log_client(),
                "a connect handler failed and the client stays connected; use a middleware to \
                 refuse clients",
                socket = %socket.logged_id(),
                error = %Escaped(format_args!("{error:?}")),
            );
        }
    }
}

/// A handler that runs when a socket leaves its namespace (Node's `disconnecting` and `disconnect`
/// events).
#[diagnostic::on_unimplemented(
    message = "this is not a disconnect handler for the state `{S}`",
    label = "not a disconnect handler",
    note = "a disconnect handler is an `async fn` that returns `()`",
    note = "it has at most 12 arguments; it, its captures and its future are `Send` and `'static`: no `Rc`, no lock guard across an `.await`, no borrowed capture (write `async move`)",
    note = "each argument implements `FromDisconnect<{S}>`, such as `Socket`, `DisconnectReason`, or `State<T>` with `T: FromRef<{S}>`; closures annotate their argument types",
    note = "a handler of one socket, as for `Socket::on_disconnect`, has no state: use a closure that captures values",
    note = "put `#[socketio::debug_handler(disconnect, state = {S})]` on the function: it names the argument, the return type or the value that is wrong"
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

#[diagnostic::do_not_recommend]
impl<F, S, T> DisconnectHandler<T, S> for F
where
    F: Function<DisconnectContext, S, T, Output = ()>,
    S: Send + Sync + 'static,
{
    async fn call(self, mut cx: DisconnectContext, state: &S, _: Seal) -> Result<(), Rejection> {
        Function::call(self, &mut cx, state, DisconnectContext::finish_extraction).await
    }
}
