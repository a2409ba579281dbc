//! Extraction of arguments through axum's `FromRequestParts`, including `State<T>`.

use std::any::type_name;

use axum_core::extract::FromRequestParts;
use axum_core::response::IntoResponse;
use futures_util::FutureExt as _;
use http::Request;

use super::{FromConnect, FromDisconnect, FromEvent, FromNamespace, FromServerEvent, via};
use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
use crate::error::extractor_rejection::PartsRejection;

/// Returns the rejection of the extractor `T`.
fn rejected<T>(rejection: impl IntoResponse) -> PartsRejection {
    PartsRejection::new(type_name::<T>(), rejection.into_response().into())
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
    let state = type_name::<axum::extract::State<()>>().strip_suffix("()>");
    #[cfg(not(feature = "axum"))]
    let state = None::<&str>;
    state.is_some_and(|state| type_name::<T>().starts_with(state))
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
                    return extracted.map_err(rejected::<T>);
                }
                T::from_request_parts(cx.parts_mut(), state)
                    .await
                    .map_err(rejected::<T>)
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
