//! Runs the middleware and the connect handlers of a joining client in the span of the join, and logs
//! their failures.

use engineio::Session;
use engineio::log::Escaped;
use futures_core::future::BoxFuture;
use tracing::{Instrument as _, Span, field};

use crate::context::ConnectContext;
use crate::error::connect_error::ConnectError;
use crate::handler::{ConnectListener, catch};
use crate::registry::handlers::Handlers;
use crate::socket::Socket;
use crate::socket_state::observers::{NamespaceEvent, RecoveryResult};

/// Creates the span of a client that joins a namespace. It has no parent, because the connection
/// outlives the request.
pub(super) fn connect_span(session: &Session) -> Span {
    let span = tracing::debug_span!(
        parent: None,
        "socketio.connect",
        otel.kind = "server",
        messaging.system = "socketio",
        socketio.namespace = field::Empty,
        socketio.socket.id = field::Empty,
        socketio.recovered = field::Empty,
        network.transport = field::Empty,
        "error.type" = field::Empty,
    );
    if !span.is_disabled() {
        span.record("network.transport", session.transport().as_str());
    }
    span
}

/// Returns the kind of a refusal for spans.
pub(super) fn error_type(error: &ConnectError) -> &'static str {
    if error.is_server_fault() {
        "server fault"
    } else {
        "refused"
    }
}

/// Notifies the observers of the namespace that a client has joined.
pub(super) fn notify_connected(socket: &Socket, recovery: Option<RecoveryResult>) {
    let observers = &socket.namespace_shared().local.observers;
    observers.notify(&NamespaceEvent::Connected {
        socket: &socket.state().id,
        recovery,
    });
}

/// Runs the middleware. Returns the error for the client if one refuses it.
pub(super) async fn ask_middleware(
    socket: &Socket,
    handlers: &Handlers,
    span: &Span,
) -> Result<(), ConnectError> {
    if handlers.middleware.is_empty() {
        return Ok(());
    }
    ask(socket, handlers).instrument(span.clone()).await
}

async fn ask(socket: &Socket, handlers: &Handlers) -> Result<(), ConnectError> {
    let mut context = context(socket);
    for middleware in &handlers.middleware {
        match catch(async { middleware.call(&mut context).await }).await {
            Ok(answer) => answer.inspect_err(|refused| log_refused(socket, refused))?,
            Err(panic) => {
                engineio::log_limited!(
                    error,
                    socket.log_client(),
                    "a middleware panicked: the client is refused",
                    namespace = ?Escaped(socket.namespace_shared().name()),
                    panic = ?Escaped(panic.message()),
                );
                return Err(ConnectError::internal());
            }
        }
    }
    Ok(())
}

/// Logs the reason of a refusal, unless the client receives it.
fn log_refused(socket: &Socket, error: &ConnectError) {
    let Some(reason) = error.cause() else {
        return;
    };
    if error.is_server_fault() {
        engineio::log_limited!(
            error,
            socket.log_client(),
            "a client was refused because of a server's fault",
            namespace = ?Escaped(socket.namespace_shared().name()),
            %reason,
        );
    } else {
        engineio::log_limited!(
            warn,
            socket.log_client(),
            "a client was refused",
            namespace = ?Escaped(socket.namespace_shared().name()),
            %reason,
        );
    }
}

/// Returns the call of a connect handler. The client stays, whatever happens to it.
pub(super) fn connect_handler(
    listener: ConnectListener,
    socket: &Socket,
    span: &Span,
) -> BoxFuture<'static, ()> {
    let (socket, context) = (socket.clone(), context(socket));
    let run = async move {
        match catch(listener.call(context)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log_rejected(&socket, &error),
            Err(panic) => engineio::log_limited!(
                error,
                socket.log_client(),
                "a connect handler panicked",
                socket = %socket.logged_id(),
                panic = ?Escaped(panic.message()),
            ),
        }
    };
    if span.is_disabled() {
        Box::pin(run)
    } else {
        Box::pin(run.instrument(span.clone()))
    }
}

/// Logs that an argument of a connect handler was rejected.
fn log_rejected(socket: &Socket, error: &ConnectError) {
    if let Some(reason) = error.cause()
        && error.is_server_fault()
    {
        engineio::log_limited!(
            error,
            socket.log_client(),
            "a connect handler did not run",
            socket = %socket.logged_id(),
            %reason,
        );
    } else {
        engineio::log_limited!(
            warn,
            socket.log_client(),
            "a connect handler did not run: move what can fail to a middleware, which refuses \
             the client",
            socket = %socket.logged_id(),
            reason = %error.redacted(),
        );
    }
}

fn context(socket: &Socket) -> ConnectContext {
    ConnectContext::new(socket.clone(), socket.state().auth.clone())
}
