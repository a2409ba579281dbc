//! Runs the middleware and the connect handlers of a joining client, and logs their failures.

use engineio::log::Escaped;
use futures_core::future::BoxFuture;

use crate::context::ConnectContext;
use crate::error::connect_error::ConnectError;
use crate::handler::{ConnectListener, catch};
use crate::registry::handlers::Handlers;
use crate::socket::Socket;

/// Runs the middleware. Returns the error for the client if one refuses it.
pub(super) async fn ask_middleware(
    socket: &Socket,
    handlers: &Handlers,
) -> Result<(), ConnectError> {
    if handlers.middleware.is_empty() {
        return Ok(());
    }
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
) -> BoxFuture<'static, ()> {
    let (socket, context) = (socket.clone(), context(socket));
    Box::pin(async move {
        match catch(listener.call(context)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log_rejected(&socket, &error),
            Err(panic) => engineio::log_limited!(
                error,
                socket.log_client(),
                "a connect handler panicked",
                socket = %Escaped(socket.id()),
                panic = ?Escaped(panic.message()),
            ),
        }
    })
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
            socket = %Escaped(socket.id()),
            %reason,
        );
    } else {
        let message = Escaped(error.message()).to_string();
        engineio::log_limited!(
            warn,
            socket.log_client(),
            "a connect handler did not run: move what can fail to a middleware, which refuses \
             the client",
            socket = %Escaped(socket.id()),
            reason = %error.cause().unwrap_or(&message),
        );
    }
}

fn context(socket: &Socket) -> ConnectContext {
    ConnectContext::new(socket.clone(), socket.state().auth.clone())
}
