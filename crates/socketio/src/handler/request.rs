//! Functions that are asked about requests, before there is a connection.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use engineio::{BoxError, SessionId};
use http::request::Parts;

use super::erased::BoxFuture;
use super::panic::catch;
use super::sealed::{Seal, Sealed};
use crate::error::refusal::{IntoRefusal, Refusal};

/// Is asked about the request that opens a connection: by
/// [`SocketIoBuilder::allow_request`](crate::SocketIoBuilder::allow_request) whether it may, by
/// [`Engine::generate_id`](crate::Engine::generate_id) for the id.
#[diagnostic::on_unimplemented(
    message = "this cannot be asked about requests with the state `{S}`",
    label = "not a request handler",
    note = "it is an `async fn`; it and its future are `Send`",
    note = "each argument implements axum's `FromRequestParts<{S}>`, such as `HeaderMap`, `Query<T>`, `SocketIo`, or `State<T>` with `T: FromRef<{S}>`; closures name their types",
    note = "there is no socket yet: what asks for one, or for `Auth<T>`, belongs into a namespace middleware"
)]
pub trait RequestHandler<T, S>: Clone + Send + Sized + Sync + 'static {
    /// What the handler returns.
    type Output;

    /// Extracts the arguments and runs the handler.
    fn call(
        self,
        request: &mut Parts,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<Self::Output, Refusal>> + Send;
}

/// What a handler of [`SocketIoBuilder::allow_request`](crate::SocketIoBuilder::allow_request) may
/// return.
#[diagnostic::on_unimplemented(
    message = "a handler of `allow_request` cannot return `{Self}`",
    label = "wrong return type",
    note = "return `bool`, `Result<(), E>` or `Result<bool, E>` where `E: IntoRefusal`, for example `Result<(), &'static str>`",
    note = "`true` and `Ok(())` let the client in; the text of an error is told to it"
)]
pub trait AllowOutput: Sealed {
    /// Says whether the client may connect.
    ///
    /// # Errors
    ///
    /// Fails with what the client is told if it may not.
    fn into_result(self) -> Result<(), Refusal>;
}

/// Lets everybody in: for handlers that only leave something in the request.
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

/// What a handler of [`Engine::generate_id`](crate::Engine::generate_id) may return.
#[diagnostic::on_unimplemented(
    message = "a handler of `generate_id` cannot return `{Self}`",
    label = "wrong return type",
    note = "return a `String`, a `&'static str`, or a `Result` of one with an error that implements `Error`"
)]
pub trait IdOutput: Sealed {
    /// The id, as a text.
    ///
    /// # Errors
    ///
    /// Fails with what is logged if there is none.
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

/// A handler and the state it was registered with, asked for an `R`.
type Asked<R> = dyn for<'a> Fn(&'a mut Parts) -> BoxFuture<'a, R> + Send + Sync;

/// A registered handler of `allow_request`.
#[derive(Clone)]
pub(crate) struct AllowListener(Arc<Asked<Result<(), Refusal>>>);

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

    /// Says whether the client may connect.
    pub(crate) async fn call(&self, request: &mut Parts) -> Result<(), Refusal> {
        match catch((self.0)(request)).await {
            Ok(result) => result,
            Err(panic) => {
                tracing::error!(
                    panic = panic.message(),
                    "a handler of `allow_request` panicked and the client was refused"
                );
                Err(Refusal::default())
            }
        }
    }
}

/// A registered handler of `generate_id`.
#[derive(Clone)]
pub(crate) struct IdListener(Arc<Asked<Result<String, BoxError>>>);

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
                output.map_err(BoxError::from)?.into_id()
            })
        }))
    }

    /// Makes an id.
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
