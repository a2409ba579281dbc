//! The extractor of the groups that a pattern has captured from a namespace's name.

use std::error::Error;
use std::fmt;

use engineio::log::Escaped;
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::FromSocket;
use crate::error::connect_error::{ConnectError, IntoConnectError};
use crate::error::rejection::Rejection;
use crate::socket::Socket;

/// An extractor of the groups that the pattern of a dynamic namespace has captured from its name.
///
/// `T` is a struct with one field per named group (`(?<tenant>…)`), or a map. Unnamed groups are
/// keyed by their number, starting at `1`. Numbers and other plain values are parsed. A group that
/// did not participate in the match is absent, so its field should be an `Option`.
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
        let captured = socket.namespace_shared().captured.as_deref();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(captured.unwrap_or_default());
        serde_urlencoded::from_str(&form.finish())
            .map(Self)
            .map_err(|error| CapturesRejection {
                has_pattern: captured.is_some(),
                reason: error.to_string(),
                namespace: socket.namespace_shared().name().to_string(),
            })
    }
}

/// The rejection of [`Captures`]: the captured groups do not have the expected type.
///
/// The client receives "Not Found" in `connect_error`, because it chose the name. If the namespace
/// was not created from a regular expression, the fault is the server's: it is logged at the level
/// ERROR, and the client receives "Internal Server Error".
#[derive(Clone)]
pub struct CapturesRejection {
    has_pattern: bool,
    reason: String,
    namespace: String,
}

impl fmt::Display for CapturesRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (reason, namespace) = (Escaped(&self.reason), Escaped(&self.namespace));
        if self.has_pattern {
            write!(
                f,
                "the name of the namespace {namespace:?} does not match the handler's type: \
                 {reason}; name the groups of the pattern like the fields, and match only values \
                 that can be parsed"
            )
        } else {
            write!(
                f,
                "the namespace {namespace:?} was not created from a regular expression and has no \
                 captures: {reason}; register the handler with one, or take `NamespaceName`"
            )
        }
    }
}

impl fmt::Debug for CapturesRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturesRejection")
            .field("has_pattern", &self.has_pattern)
            .field("reason", &Escaped(&self.reason))
            .field("namespace", &Escaped(&self.namespace))
            .finish()
    }
}

impl Error for CapturesRejection {}

impl From<CapturesRejection> for Rejection {
    fn from(rejection: CapturesRejection) -> Self {
        if rejection.has_pattern {
            Self::new(rejection.to_string())
        } else {
            Self::fault(rejection.to_string())
        }
    }
}

impl IntoConnectError for CapturesRejection {
    fn into_connect_error(self) -> ConnectError {
        if !self.has_pattern {
            return Rejection::from(self).into_connect_error();
        }
        ConnectError::with_status(StatusCode::NOT_FOUND, "").with_cause(self.to_string(), false)
    }
}
