//! The extractor of the CONNECT packet's payload.

use serde::de::DeserializeOwned;
use socketio_proto::Args;

use super::{FromConnect, FromNamespace};
use crate::context::{ConnectContext, NamespaceContext};
use crate::error::extractor_rejection::AuthRejection;

/// An extractor of the CONNECT packet's payload (Node's `handshake.auth`, the `auth` option of the
/// client).
///
/// Without the option, the client sends no payload. Then an `Option` is `None`, `()` is accepted,
/// and other types are rejected. `Option<Auth<T>>` is `None` without a payload too; it rejects a
/// payload of another type, as axum's optional extractors do.
///
/// # Examples
///
/// ```
/// use serde::Deserialize;
/// use socketio::extract::Auth;
///
/// #[derive(Deserialize)]
/// struct Login {
///     token: String,
/// }
///
/// // io("…", { auth: { token: "…" } })
/// async fn authenticate(Auth(login): Auth<Login>) -> Result<(), &'static str> {
///     if login.token == "open sesame" { Ok(()) } else { Err("wrong token") }
/// }
/// ```
#[doc(alias = "handshake.auth")]
#[derive(Clone, Copy, Debug)]
pub struct Auth<T>(pub T);

impl<T, S> FromConnect<S> for Auth<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = AuthRejection;

    async fn from_connect(cx: &mut ConnectContext, _: &S) -> Result<Self, Self::Rejection> {
        deserialize(&cx.auth)
    }
}

impl<T, S> FromNamespace<S> for Auth<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = AuthRejection;

    async fn from_namespace(cx: &mut NamespaceContext, _: &S) -> Result<Self, Self::Rejection> {
        deserialize(&cx.auth)
    }
}

impl<T, S> FromConnect<S> for Option<Auth<T>>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = AuthRejection;

    async fn from_connect(cx: &mut ConnectContext, _: &S) -> Result<Self, Self::Rejection> {
        deserialize_optional(&cx.auth)
    }
}

impl<T, S> FromNamespace<S> for Option<Auth<T>>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = AuthRejection;

    async fn from_namespace(cx: &mut NamespaceContext, _: &S) -> Result<Self, Self::Rejection> {
        deserialize_optional(&cx.auth)
    }
}

fn deserialize_optional<T: DeserializeOwned>(
    auth: &Args,
) -> Result<Option<Auth<T>>, AuthRejection> {
    if auth.is_empty() {
        return Ok(None);
    }
    deserialize(auth).map(Some)
}

fn deserialize<T: DeserializeOwned>(auth: &Args) -> Result<Auth<T>, AuthRejection> {
    auth.deserialize()
        .map(Auth)
        .map_err(|error| AuthRejection::new((!auth.is_empty()).then_some(error)))
}
