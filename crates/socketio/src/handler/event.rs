//! Handlers for the events of clients and of other servers.

use std::future::Future;

use engineio::log::{Escaped, LogClient};
use smol_str::SmolStr;

use super::function::Function;
use super::reply::IntoReply;
use super::sealed::Seal;
use crate::context::{EventContext, ServerEventContext};
use crate::error::rejection::Rejection;

/// A handler that runs when a client sends an event (Node's `socket.on`).
///
/// Its return value answers the acknowledgement, see [`IntoReply`](super::IntoReply).
#[diagnostic::on_unimplemented(
    message = "this is not an event handler for the state `{S}`",
    label = "not an event handler",
    note = "an event handler is an `async fn` that returns `()`, `Reply<T>` or another `IntoReply`",
    note = "it has at most 12 arguments; it, its captures and its future are `Send` and `'static`: no `Rc`, no lock guard across an `.await`, no borrowed capture (write `async move`)",
    note = "each argument implements `FromEvent<{S}>`, such as `Socket`, `Data<T>` with `T: DeserializeOwned` (`String`, not `&str`), `Ack`, or `State<T>` with `T: FromRef<{S}>`; closures annotate their argument types",
    note = "a handler of one socket, as for `Socket::on`, has no state: use a closure that captures values",
    note = "put `#[socketio::debug_handler(event, state = {S})]` on the function: it names the argument, the return type or the value that is wrong"
)]
pub trait EventHandler<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments, runs the handler and answers the acknowledgement.
    ///
    /// If the event is rejected, the caller is responsible for the answer.
    fn call(
        self,
        cx: &mut EventContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<(), Rejection>> + Send;
}

// Without `do_not_recommend`, the compiler reports a wrong return type as such.
impl<F, S, T> EventHandler<T, S> for F
where
    F: Function<EventContext, S, T, Output: IntoReply>,
    S: Send + Sync + 'static,
{
    async fn call(self, cx: &mut EventContext, state: &S, _: Seal) -> Result<(), Rejection> {
        let output = Function::call(self, cx, state, EventContext::finish_extraction).await?;
        if output.is_error() {
            cx.note_error_reply();
            log_fault(&output, cx.socket.log_client(), &cx.event_name());
        }
        match output.into_reply() {
            Some(reply) => cx.answer(&reply),
            None => Ok(()),
        }
    }
}

/// A handler that runs when another server of the cluster sends an event (Node's `namespace.on` for
/// events of `serverSideEmit`).
///
/// Its return value answers the acknowledgement, see [`IntoReply`](super::IntoReply).
#[diagnostic::on_unimplemented(
    message = "this is not a server event handler for the state `{S}`",
    label = "not a server event handler",
    note = "it is an `async fn` that returns `()`, `Reply<T>` or another `IntoReply`",
    note = "it has at most 12 arguments; it, its captures and its future are `Send` and `'static`: no `Rc`, no lock guard across an `.await`, no borrowed capture (write `async move`)",
    note = "each argument implements `FromServerEvent<{S}>`, such as `Data<T>`, `EventName`, `ServerAck`, `Namespace`, `SocketIo`, or `State<T>` with `T: FromRef<{S}>`; closures annotate their argument types",
    note = "there is no socket: the event comes from another server",
    note = "put `#[socketio::debug_handler(server_event, state = {S})]` on the function: it names the argument, the return type or the value that is wrong"
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

// Without `do_not_recommend`, the compiler reports a wrong return type as such.
impl<F, S, T> ServerEventHandler<T, S> for F
where
    F: Function<ServerEventContext, S, T, Output: IntoReply>,
    S: Send + Sync + 'static,
{
    async fn call(self, mut cx: ServerEventContext, state: &S, _: Seal) -> Result<(), Rejection> {
        // `finish_extraction` drops the arguments, which contain the name.
        let event = SmolStr::new(cx.event_name());
        let output =
            Function::call(self, &mut cx, state, ServerEventContext::finish_extraction).await?;
        if output.is_error() {
            log_fault(&output, None, &event);
        }
        if let (Some(reply), Some(answer)) = (cx.reply, output.into_reply()) {
            reply.send(&answer)?;
        }
        Ok(())
    }
}

/// Logs the reason of a server fault that a handler has returned, because its answer hides it.
#[cold]
fn log_fault(output: &impl IntoReply, client: Option<LogClient>, event: &str) {
    if let Some(rejection) = output.rejection().filter(Rejection::is_server_fault) {
        engineio::log_limited!(
            error,
            client,
            "a handler answered an event with a server fault",
            event = ?Escaped(event),
            rejection = %rejection.redacted(),
        );
    }
}
