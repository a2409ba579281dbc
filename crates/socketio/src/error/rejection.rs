//! The reason why an event was not handled or not answered.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use socketio_proto::{ArgsError, EncodeError};

use crate::error::connect_error::{ConnectError, IntoConnectError, ResponseText};
use crate::error::emit_error::EmitError;

/// The text that a client receives when the fault is the server's.
const SERVER_FAULT: &str = "the server failed to handle this; its log has the reason";

/// The reason why an event was not handled or not answered.
///
/// Extractors reject with it, directly or through `Into<Rejection>`. A rejected event is logged. If
/// the client asked for an acknowledgement, the answer is `{"status":"Bad Request","error":"…"}`.
/// An `on_rejection` handler takes the rejection as an argument and can send another answer:
///
/// ```
/// use serde_json::json;
/// use socketio::extract::EventName;
/// use socketio::{Rejection, Reply};
///
/// async fn rejected(rejection: Rejection, event: EventName) -> Reply<serde_json::Value> {
///     Reply(json!({ "ok": false, "event": event.as_str(), "reason": rejection.status() }))
/// }
/// ```
///
/// [`Display`](fmt::Display) writes the whole reason, for logs. The client receives the serialised
/// form, which hides the details of a server fault.
///
/// Cloning is cheap.
#[derive(Clone)]
pub struct Rejection(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Arguments { event: String, error: ArgsError },
    Custom { status: StatusCode, text: String },
    Extractor { status: StatusCode, text: String },
    Internal { text: String },
    MissingAck { event: String },
    Panic { message: String },
    Reply { error: EncodeError },
}

impl Rejection {
    /// Creates a rejection with a text for the client and the status "Bad Request".
    pub fn new(text: impl Into<String>) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, text)
    }

    /// Creates a rejection with a text for the client and an HTTP status.
    pub fn with_status(status: StatusCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self::of(Kind::Custom { status, text })
    }

    /// Creates a rejection for a server fault.
    ///
    /// The text is logged. The client only learns that the server failed.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::of(Kind::Internal { text: text.into() })
    }

    pub(crate) fn arguments(event: impl Into<String>, error: ArgsError) -> Self {
        let event = event.into();
        Self::of(Kind::Arguments { event, error })
    }

    pub(crate) fn extractor(ResponseText { status, text }: ResponseText) -> Self {
        Self::of(Kind::Extractor { status, text })
    }

    pub(crate) fn missing_ack(event: impl Into<String>) -> Self {
        let event = event.into();
        Self::of(Kind::MissingAck { event })
    }

    pub(crate) fn panicked(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::of(Kind::Panic { message })
    }

    pub(crate) fn reply(error: EncodeError) -> Self {
        Self::of(Kind::Reply { error })
    }

    fn of(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }

    /// Returns the reason phrase of the HTTP status, such as "Bad Request".
    #[must_use]
    pub fn status(&self) -> &str {
        let status = match &*self.0 {
            Kind::Custom { status, .. } | Kind::Extractor { status, .. } => *status,
            Kind::Arguments { .. } | Kind::MissingAck { .. } => StatusCode::BAD_REQUEST,
            Kind::Internal { .. } | Kind::Panic { .. } | Kind::Reply { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        status.canonical_reason().unwrap_or("Bad Request")
    }

    /// Returns whether the arguments of the event did not have the type that
    /// [`Data`](crate::extract::Data) expects.
    #[must_use]
    pub fn is_arguments(&self) -> bool {
        matches!(*self.0, Kind::Arguments { .. })
    }

    /// Returns whether the application created the rejection with [`new`](Self::new) or
    /// [`with_status`](Self::with_status).
    #[must_use]
    pub fn is_custom(&self) -> bool {
        matches!(*self.0, Kind::Custom { .. })
    }

    /// Returns whether an axum extractor rejected the request that opened the connection.
    #[must_use]
    pub fn is_extractor(&self) -> bool {
        matches!(*self.0, Kind::Extractor { .. })
    }

    /// Returns whether the handler requires an acknowledgement that the client did not ask for.
    #[must_use]
    pub fn is_missing_ack(&self) -> bool {
        matches!(*self.0, Kind::MissingAck { .. })
    }

    /// Returns whether the handler panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(*self.0, Kind::Panic { .. })
    }

    /// Returns whether the handler ran but its answer could not be serialised.
    #[must_use]
    pub fn is_reply(&self) -> bool {
        matches!(*self.0, Kind::Reply { .. })
    }

    /// Returns whether the fault is the server's. The client does not receive the reason then.
    #[must_use]
    pub fn is_server_fault(&self) -> bool {
        matches!(
            *self.0,
            Kind::Internal { .. } | Kind::Panic { .. } | Kind::Reply { .. }
        )
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rejection").field(&self.0).finish()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Arguments { event, error } => write!(
                f,
                "the arguments of `{event}` are not what its handler takes: {error}; \
                 emit what the handler's `Data` describes"
            ),
            Kind::Custom { status, text } | Kind::Extractor { status, text } => {
                match text.as_str() {
                    "" => f.write_str(status.canonical_reason().unwrap_or("rejected")),
                    text => f.write_str(text),
                }
            }
            Kind::Internal { text } => f.write_str(text),
            Kind::MissingAck { event } => write!(
                f,
                "`{event}` is to be acknowledged and the client did not ask for it; \
                 emit it with a callback or `emitWithAck`, or let the handler take `Option<Ack>`"
            ),
            Kind::Panic { message } => write!(
                f,
                "the handler panicked: {message}; set RUST_BACKTRACE=1 to see where"
            ),
            Kind::Reply { error } => write!(
                f,
                "the acknowledgement does not serialise: {error}; \
                 answer with a value that JSON can hold"
            ),
        }
    }
}

/// Has no source because the text includes the cause.
impl Error for Rejection {}

/// The answer to a rejected event: `{"status":"Bad Request","error":"…"}`.
impl Serialize for Rejection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reply = serializer.serialize_struct("Rejection", 2)?;
        reply.serialize_field("status", self.status())?;
        if self.is_server_fault() {
            reply.serialize_field("error", SERVER_FAULT)?;
        } else {
            reply.serialize_field("error", &self.to_string())?;
        }
        reply.end()
    }
}

impl From<Infallible> for Rejection {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<String> for Rejection {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&'static str> for Rejection {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

/// Becomes a server fault: the client is not responsible for an event that cannot be sent.
impl From<EmitError> for Rejection {
    fn from(error: EmitError) -> Self {
        match error.source() {
            Some(source) => Self::internal(format!("{error}: {source}")),
            None => Self::internal(error.to_string()),
        }
    }
}

impl From<ConnectError> for Rejection {
    fn from(error: ConnectError) -> Self {
        Self::new(error.message())
    }
}

impl IntoConnectError for Rejection {
    fn into_connect_error(self) -> ConnectError {
        match &*self.0 {
            Kind::Custom { status, text } | Kind::Extractor { status, text } => {
                ConnectError::with_status(*status, text)
            }
            Kind::Arguments { .. } | Kind::MissingAck { .. } => {
                ConnectError::with_status(StatusCode::BAD_REQUEST, &self.to_string())
            }
            Kind::Internal { .. } | Kind::Panic { .. } | Kind::Reply { .. } => {
                tracing::error!(reason = %self, "a client was refused because of a server's fault");
                ConnectError::internal()
            }
        }
    }
}
