//! Middleware that decides whether a client may join a namespace.

use std::future::Future;

use super::function::Function;
use super::sealed::{Seal, Sealed};
use crate::context::ConnectContext;
use crate::error::connect_error::{ConnectError, IntoConnectError};

/// A middleware that decides whether a client may join a namespace (Node's `namespace.use`).
#[diagnostic::on_unimplemented(
    message = "this is not a namespace middleware for the state `{S}`",
    label = "not a middleware",
    note = "a middleware is an `async fn` that returns `Result<(), E>` with `E: IntoConnectError`",
    note = "it has at most 12 arguments; it, its captures and its future are `Send` and `'static`: no `Rc`, no lock guard across an `.await`, no borrowed capture (write `async move`)",
    note = "each argument implements `FromConnect<{S}>`, such as `Socket`, `Auth<T>`, or `State<T>` with `T: FromRef<{S}>`; closures annotate their argument types",
    note = "put `#[socketio::debug_handler(middleware, state = {S})]` on the function: it names the argument, the return type or the value that is wrong"
)]
pub trait Middleware<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments and runs the middleware.
    fn call(
        self,
        cx: &mut ConnectContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<(), ConnectError>> + Send;
}

// Without `do_not_recommend`, the compiler reports a wrong return type as such.
impl<F, S, T> Middleware<T, S> for F
where
    F: Function<ConnectContext, S, T, Output: MiddlewareOutput>,
    S: Send + Sync + 'static,
{
    async fn call(self, cx: &mut ConnectContext, state: &S, _: Seal) -> Result<(), ConnectError> {
        Function::call(self, cx, state, |_| ()).await?.into_result()
    }
}

/// The return value of a namespace middleware.
#[diagnostic::on_unimplemented(
    message = "a middleware cannot return `{Self}`",
    label = "wrong return type",
    note = "return `Result<(), E>` where `E: IntoConnectError`, for example `Result<(), ConnectError>`",
    note = "`Ok(())` lets the client join, an error refuses it"
)]
pub trait MiddlewareOutput: Sealed {
    /// Returns `Ok` if the client may join.
    ///
    /// # Errors
    ///
    /// Returns the error for the client if it may not join.
    fn into_result(self) -> Result<(), ConnectError>;
}

impl<E> MiddlewareOutput for Result<(), E>
where
    E: IntoConnectError,
{
    fn into_result(self) -> Result<(), ConnectError> {
        self.map_err(E::into_connect_error)
    }
}
