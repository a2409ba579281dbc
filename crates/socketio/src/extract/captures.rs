//! What a pattern has found in the name of a namespace.

use std::error::Error;
use std::fmt;

use http::StatusCode;
use serde::de::DeserializeOwned;

use super::FromSocket;
use crate::error::connect_error::{ConnectError, IntoConnectError};
use crate::error::rejection::Rejection;
use crate::socket::Socket;

/// The groups that the pattern of a dynamic namespace has captured from its name.
///
/// `T` is a structure with a field for each named group (`(?<tenant>…)`), or a map; a group
/// without a name has its number, from `1`. Numbers and other plain values are parsed. A group
/// that took no part in the match is an absent field, so make it an `Option`.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "regex-lite")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use serde::Deserialize;
/// use socketio::extract::Captures;
/// use socketio::{Regex, Socket, SocketIoLayer};
///
/// #[derive(Deserialize)]
/// struct Place {
///     tenant: String,
///     floor: u32,
/// }
///
/// let layer = SocketIoLayer::new();
/// layer
///     .io()
///     .of(Regex::new(r"^/(?<tenant>\w{1,20})/(?<floor>\d{1,3})$")?)
///     .on_connect(async |socket: Socket, Captures(place): Captures<Place>| {
///         socket.emit("welcome", &(place.tenant, place.floor));
///     });
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "regex-lite"))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Captures<T>(pub T);

impl<T, S> FromSocket<S> for Captures<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = CapturesRejection;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        let captured = socket
            .namespace_shared()
            .captured
            .as_deref()
            .unwrap_or_default();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(captured);
        serde_urlencoded::from_str(&form.finish())
            .map(Self)
            .map_err(|error| CapturesRejection {
                reason: error.to_string(),
                namespace: socket.namespace_shared().name().to_string(),
            })
    }
}

/// The groups of a namespace's pattern are not what the handler takes.
#[derive(Clone, Debug)]
pub struct CapturesRejection {
    reason: String,
    namespace: String,
}

impl fmt::Display for CapturesRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, namespace } = self;
        write!(
            f,
            "the name of the namespace {namespace:?} does not give what the handler takes: \
             {reason}; name the groups of its pattern as the fields are named, and let them match \
             only what can be parsed"
        )
    }
}

impl Error for CapturesRejection {}

impl From<CapturesRejection> for Rejection {
    fn from(rejection: CapturesRejection) -> Self {
        Self::new(rejection.to_string())
    }
}

impl IntoConnectError for CapturesRejection {
    fn into_connect_error(self) -> ConnectError {
        tracing::warn!(reason = %self, "a client is refused");
        ConnectError::with_status(StatusCode::NOT_FOUND, "")
    }
}
