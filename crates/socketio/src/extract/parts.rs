//! Extraction of arguments through axum's `FromRequestParts`, including `State<T>`.

use std::error::Error;
use std::fmt;

use axum_core::extract::FromRequestParts;
use axum_core::response::IntoResponse;
use engineio::log::Escaped;
use futures_util::FutureExt as _;
use http::{Request, StatusCode};

use super::{FromConnect, FromDisconnect, FromEvent, FromNamespace, FromServerEvent, via};
use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
use crate::error::connect_error::{ConnectError, IntoConnectError, ResponseText};
use crate::error::rejection::Rejection;

/// The rejection of an axum extractor, which has read the request that opened the connection.
///
/// A status of a server error, such as that of a missing `Extension`, is the server's fault: the
/// reason is logged at the level ERROR, and the client receives only the name of the status.
///
/// To handle the extractor's own rejection, take for example `Result<Query<T>, QueryRejection>`.
#[derive(Clone)]
pub struct PartsRejection(ResponseText);

impl PartsRejection {
    fn new(rejection: impl IntoResponse) -> Self {
        Self(rejection.into_response().into())
    }

    /// Returns the HTTP status of the rejection.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl fmt::Display for PartsRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rejection::from(self.clone()).fmt(f)
    }
}

impl fmt::Debug for PartsRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartsRejection")
            .field("status", &self.0.status)
            .field("text", &Escaped(&self.0.text))
            .finish()
    }
}

impl Error for PartsRejection {}

impl From<PartsRejection> for Rejection {
    fn from(PartsRejection(response): PartsRejection) -> Self {
        Self::extractor(response)
    }
}

impl IntoConnectError for PartsRejection {
    fn into_connect_error(self) -> ConnectError {
        Rejection::from(self).into_connect_error()
    }
}

/// Extracts axum's `State` without copying the request, which it does not read. Returns `None` for
/// any other type.
///
/// `State` is the most common axum extractor in handlers, and copying the request costs more than
/// the rest of a call.
fn extract_state<T, S>(state: &S) -> Option<Result<T, T::Rejection>>
where
    T: FromRequestParts<S>,
    S: Send + Sync,
{
    if !is_state::<T>() {
        return None;
    }
    let (mut empty, ()) = Request::new(()).into_parts();
    T::from_request_parts(&mut empty, state).now_or_never()
}

/// Returns whether `T` is axum's `State<_>`, by its type name.
///
/// A separate implementation for `State` would overlap with the one for `FromRequestParts`. The
/// comparison is evaluated at compile time.
fn is_state<T>() -> bool {
    #[cfg(feature = "axum")]
    let state = std::any::type_name::<axum::extract::State<()>>().strip_suffix("()>");
    #[cfg(not(feature = "axum"))]
    let state = None::<&str>;
    state.is_some_and(|state| std::any::type_name::<T>().starts_with(state))
}

macro_rules! via_parts {
    ($trait:ident, $method:ident, $context:ty) => {
        #[diagnostic::do_not_recommend]
        impl<T, S> $trait<S, via::Parts> for T
        where
            T: FromRequestParts<S>,
            S: Send + Sync,
        {
            type Rejection = PartsRejection;

            async fn $method(cx: &mut $context, state: &S) -> Result<Self, Self::Rejection> {
                if let Some(extracted) = extract_state(state) {
                    return extracted.map_err(PartsRejection::new);
                }
                T::from_request_parts(cx.parts_mut(), state)
                    .await
                    .map_err(PartsRejection::new)
            }
        }
    };
}

via_parts!(FromConnect, from_connect, ConnectContext);
via_parts!(FromEvent, from_event, EventContext);
via_parts!(FromDisconnect, from_disconnect, DisconnectContext);
via_parts!(FromNamespace, from_namespace, NamespaceContext);
via_parts!(FromServerEvent, from_server_event, ServerEventContext);

#[cfg(all(test, feature = "axum"))]
mod tests {
    use super::*;

    /// A type with the name of axum's `State` in another module.
    struct State<T>(T);

    #[test]
    fn is_state_only_matches_the_state_of_axum() {
        assert!(is_state::<axum::extract::State<u8>>());
        assert!(is_state::<axum::extract::State<Vec<State<()>>>>());
        assert!(!is_state::<State<()>>());
        assert!(!is_state::<Option<axum::extract::State<()>>>());
        assert!(!is_state::<http::HeaderMap>());
        assert_eq!(State(()).0, ());
    }
}
