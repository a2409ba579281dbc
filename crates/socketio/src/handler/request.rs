//! Handlers of the request that opens a connection, before there is a socket.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use engineio::log::Escaped;
use engineio::{BoxError, SessionId};
use futures_core::future::BoxFuture;
use http::request::Parts;

use super::function::Function;
use super::panic::catch;
use super::sealed::{Seal, Sealed};
use crate::error::refusal::{IntoRefusal, Refusal};

/// A handler of the request that opens a connection.
///
/// [`SocketIoBuilder::allow_request`](crate::SocketIoBuilder::allow_request) takes one that accepts
/// or refuses the request (Node's `allowRequest`).
/// [`Engine::generate_id`](crate::Engine::generate_id) takes one that returns the session id
/// (Node's `generateId`).
#[diagnostic::on_unimplemented(
    message = "this is not a request handler for the state `{S}`",
    label = "not a request handler",
    note = "it is an `async fn`",
    note = "it has at most 12 arguments; it, its captures and its future are `Send` and `'static`: no `Rc`, no lock guard across an `.await`, no borrowed capture (write `async move`)",
    note = "each argument implements axum's `FromRequestParts<{S}>`, such as `HeaderMap`, `Query<T>`, `SocketIo`, or `State<T>` with `T: FromRef<{S}>`; closures annotate their argument types",
    note = "there is no socket yet: use a namespace middleware for extractors that need one, and for `Auth<T>`"
)]
pub trait RequestHandler<T, S>: Clone + Send + Sized + Sync + 'static {
    /// The return value of the handler.
    type Output;

    /// Extracts the arguments and runs the handler.
    fn call(
        self,
        request: &mut Parts,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<Self::Output, Refusal>> + Send;
}

#[diagnostic::do_not_recommend]
impl<F, S, T> RequestHandler<T, S> for F
where
    F: Function<Parts, S, T>,
    S: Send + Sync + 'static,
{
    type Output = F::Output;

    async fn call(self, request: &mut Parts, state: &S, _: Seal) -> Result<F::Output, Refusal> {
        Function::call(self, request, state, |_| ()).await
    }
}

/// The return value of an [`allow_request`](crate::SocketIoBuilder::allow_request) handler.
#[diagnostic::on_unimplemented(
    message = "a handler of `allow_request` cannot return `{Self}`",
    label = "wrong return type",
    note = "return `bool`, `Result<(), E>` or `Result<bool, E>` where `E: IntoRefusal`, for example `Result<(), &'static str>`",
    note = "`true` and `Ok(())` accept the client; the text of an error is sent to it"
)]
pub trait AllowOutput: Sealed {
    /// Returns `Ok` if the client may connect.
    ///
    /// # Errors
    ///
    /// Returns the refusal for the client if it may not connect.
    fn into_result(self) -> Result<(), Refusal>;
}

/// Accepts each client, for handlers that only modify the request.
impl AllowOutput for () {
    fn into_result(self) -> Result<(), Refusal> {
        Ok(())
    }
}

impl AllowOutput for bool {
    fn into_result(self) -> Result<(), Refusal> {
        if self {
            Ok(())
        } else {
            Err(Refusal::default())
        }
    }
}

impl<T, E> AllowOutput for Result<T, E>
where
    T: AllowOutput,
    E: IntoRefusal,
{
    fn into_result(self) -> Result<(), Refusal> {
        self.map_err(E::into_refusal)?.into_result()
    }
}

/// The return value of a [`generate_id`](crate::Engine::generate_id) handler.
#[diagnostic::on_unimplemented(
    message = "a handler of `generate_id` cannot return `{Self}`",
    label = "wrong return type",
    note = "return a `String`, a `&'static str`, or a `Result` of one with an error that implements `Error`"
)]
pub trait IdOutput: Sealed {
    /// Returns the id as text.
    ///
    /// # Errors
    ///
    /// Returns the error to log if there is no id.
    fn into_id(self) -> Result<String, BoxError>;
}

impl IdOutput for String {
    fn into_id(self) -> Result<String, BoxError> {
        Ok(self)
    }
}

impl IdOutput for &'static str {
    fn into_id(self) -> Result<String, BoxError> {
        Ok(self.to_owned())
    }
}

impl<T, E> IdOutput for Result<T, E>
where
    T: IdOutput,
    E: Into<BoxError>,
{
    fn into_id(self) -> Result<String, BoxError> {
        self.map_err(Into::into)?.into_id()
    }
}

/// A handler with its state, as a function that returns a future of `R`.
type RequestFn<R> = dyn for<'a> Fn(&'a mut Parts) -> BoxFuture<'a, R> + Send + Sync;

/// A registered handler of `allow_request`.
#[derive(Clone)]
pub(crate) struct AllowListener(Arc<RequestFn<Result<(), Refusal>>>);

impl AllowListener {
    pub(crate) fn new<H, T, S>(handler: H, state: S) -> Self
    where
        H: RequestHandler<T, S, Output: AllowOutput>,
        S: Clone + Send + Sync + 'static,
    {
        Self(Arc::new(move |request| {
            let (handler, state) = (handler.clone(), state.clone());
            Box::pin(async move { handler.call(request, &state, Seal).await?.into_result() })
        }))
    }

    /// Returns `Ok` if the client may connect.
    pub(crate) async fn call(&self, request: &mut Parts) -> Result<(), Refusal> {
        match catch((self.0)(request)).await {
            Ok(result) => result,
            Err(panic) => {
                engineio::log_limited!(
                    error,
                    None,
                    "a handler of `allow_request` panicked and the client was refused",
                    panic = ?Escaped(panic.message()),
                );
                Err(Refusal::default())
            }
        }
    }
}

/// A registered handler of `generate_id`.
#[derive(Clone)]
pub(crate) struct IdListener(Arc<RequestFn<Result<String, BoxError>>>);

impl IdListener {
    pub(crate) fn new<H, T, S>(handler: H, state: S) -> Self
    where
        H: RequestHandler<T, S, Output: IdOutput>,
        S: Clone + Send + Sync + 'static,
    {
        Self(Arc::new(move |request| {
            let (handler, state) = (handler.clone(), state.clone());
            Box::pin(async move {
                let output = handler.call(request, &state, Seal).await;
                // Logged, and never sent to the client.
                let output = output.map_err(|refusal| BoxError::from(refusal.redacted()));
                output?.into_id()
            })
        }))
    }

    /// Generates a session id.
    pub(crate) async fn call(&self, request: &mut Parts) -> Result<SessionId, BoxError> {
        match catch((self.0)(request)).await {
            Ok(id) => Ok(SessionId::from(id?.as_str())),
            Err(panic) => Err(format!("`generate_id` panicked: {}", panic.message()).into()),
        }
    }
}

impl fmt::Debug for AllowListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllowListener").finish_non_exhaustive()
    }
}

impl fmt::Debug for IdListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdListener").finish_non_exhaustive()
    }
}
