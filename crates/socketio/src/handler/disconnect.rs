//! Handlers that run when a socket leaves.

use std::future::Future;

use crate::context::DisconnectContext;
use crate::error::rejection::Rejection;

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
    ) -> impl Future<Output = Result<(), Rejection>> + Send;
}
