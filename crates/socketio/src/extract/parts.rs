//! Everything that axum can extract from the parts of a request, `State<T>` among it.

use std::error::Error;
use std::fmt;

use axum_core::extract::FromRequestParts;
use axum_core::response::IntoResponse as _;
use http::StatusCode;

use super::{FromConnect, FromDisconnect, FromEvent, FromNamespace, FromServerEvent, via};
use crate::connect_error::{ConnectError, IntoConnectError, ResponseText};
use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
use crate::rejection::Rejection;

/// Why an axum extractor refused the request that opened the connection.
///
/// Where a handler wants the extractor's own type, it takes `Result<Query<T>, QueryRejection>`.
#[derive(Clone, Debug)]
pub struct PartsRejection(ResponseText);

impl PartsRejection {
    /// The HTTP status that the extractor answers requests with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl fmt::Display for PartsRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.text.as_str() {
            "" => self.0.status.fmt(f),
            text => f.write_str(text),
        }
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
        ConnectError::with_status(self.0.status, &self.0.text)
    }
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
                T::from_request_parts(cx.parts_mut(), state)
                    .await
                    .map_err(|rejection| PartsRejection(rejection.into_response().into()))
            }
        }
    };
}

via_parts!(FromConnect, from_connect, ConnectContext);
via_parts!(FromEvent, from_event, EventContext);
via_parts!(FromDisconnect, from_disconnect, DisconnectContext);
via_parts!(FromNamespace, from_namespace, NamespaceContext);
via_parts!(FromServerEvent, from_server_event, ServerEventContext);
