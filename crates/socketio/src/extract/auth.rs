//! The extractor of the CONNECT packet's payload.

use std::error::Error;
use std::fmt;

use engineio::log::Escaped;
use http::StatusCode;
use serde::de::DeserializeOwned;
use socketio_proto::Args;

use super::{FromConnect, FromNamespace};
use crate::context::{ConnectContext, NamespaceContext};
use crate::error::connect_error::{ConnectError, IntoConnectError};
use crate::error::rejection::Rejection;

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
    auth.deserialize().map(Auth).map_err(|error| AuthRejection {
        reason: (!auth.is_empty()).then(|| error.to_string()),
    })
}

/// The rejection of [`Auth`]: the payload is missing or does not have the expected type.
#[derive(Clone, Debug)]
pub struct AuthRejection {
    /// The reason why the payload is invalid, or `None` if there is none.
    reason: Option<String>,
}

impl AuthRejection {
    /// Returns whether the client sent no payload.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.reason.is_none()
    }
}

impl fmt::Display for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(
                f,
                "the auth payload is not what the server takes: {}; \
                 correct the client's `auth` option",
                Escaped(reason)
            ),
            None => f.write_str(
                "the client sent no auth payload; set its `auth` option to what the server takes",
            ),
        }
    }
}

impl Error for AuthRejection {}

impl IntoConnectError for AuthRejection {
    fn into_connect_error(self) -> ConnectError {
        ConnectError::with_status(StatusCode::BAD_REQUEST, &self.to_string())
    }
}

impl From<AuthRejection> for Rejection {
    fn from(rejection: AuthRejection) -> Self {
        Self::new(rejection.to_string())
    }
}
