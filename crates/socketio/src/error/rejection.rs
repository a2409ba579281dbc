//! The reason why an event was not handled or not answered.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use engineio::log::Escaped;
use http::StatusCode;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::Value;
use socketio_proto::{ArgsError, EncodeError};

use crate::error::connect_error::{ConnectError, IntoConnectError, ResponseText, or_reason};
use crate::error::emit_error::EmitError;
use crate::error::refusal::{IntoRefusal, Refusal};

/// The text that a client receives when the fault is the server's.
const SERVER_FAULT: &str = "the server failed to handle this; its log has the reason";

/// The reason why an event was not handled or not answered.
///
/// Extractors reject with it, directly or through `Into<Rejection>`. A rejected event is logged. If
/// the client asked for an acknowledgement, the answer is `{"status":"Bad Request","error":"…"}`,
/// with `code` and `data` if they are set. An `on_rejection` handler takes the rejection as an argument and can send another answer:
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
/// [`Display`](fmt::Display) writes the whole reason, which may quote what the client has sent. The
/// server logs [`redacted`](Self::redacted), and the client receives the serialised form, which hides
/// the details of a server fault. Texts that a client may have written, such as the name of the event,
/// are escaped in all of them, so that they cannot forge a log line, and cut to 256 bytes. Only the
/// answer with a text of [`new`](Self::new) or [`with_status`](Self::with_status) has it unchanged.
///
/// Cloning is cheap.
#[derive(Clone)]
pub struct Rejection(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Arc<Kind>,
    code: Option<Cow<'static, str>>,
    data: Option<Value>,
}

enum Kind {
    Arguments {
        event: String,
        error: ArgsError,
    },
    Custom {
        status: StatusCode,
        text: String,
        /// The text for the log, if `text` quotes the client.
        redacted: Option<String>,
    },
    Extractor {
        /// The type of the extractor.
        extractor: &'static str,
        response: ResponseText,
    },
    /// A fault of the server that an extractor of this crate has detected. The text is complete.
    Fault {
        text: String,
    },
    Internal {
        text: String,
    },
    MissingAck {
        event: String,
    },
    Panic {
        message: String,
    },
    Reply {
        error: EncodeError,
    },
}

impl Rejection {
    /// Creates a rejection with a text for the client and the status "Bad Request".
    pub fn new(text: impl Into<String>) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, text)
    }

    /// Creates a rejection with a text for the client and an HTTP status.
    pub fn with_status(status: StatusCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self::of(Kind::Custom {
            status,
            text,
            redacted: None,
        })
    }

    /// Creates a rejection for a server fault.
    ///
    /// The text is logged. The client only learns that the server failed.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::of(Kind::Internal { text: text.into() })
    }

    /// Sets a code by which the client recognizes the error, such as "sold_out".
    ///
    /// The client receives it as `code`, even if the text of a server fault is hidden.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        Arc::make_mut(&mut self.0).code = Some(code.into());
        self
    }

    /// Sets data for the client, which receives it as `data`, even if the text of a server fault is
    /// hidden.
    ///
    /// A value that cannot be serialised as JSON, such as a map whose keys are not strings, is
    /// logged as an error and left out.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        match serde_json::to_value(data) {
            Ok(data) => Arc::make_mut(&mut self.0).data = Some(data),
            Err(error) => engineio::log_limited!(
                error,
                None,
                "the data of a rejection is left out because it does not serialise; give \
                 `with_data` a value that JSON can hold",
                rejection = %self.redacted(),
                error = %Escaped(&error),
            ),
        }
        self
    }

    pub(crate) fn arguments(event: impl Into<String>, error: ArgsError) -> Self {
        let event = event.into();
        Self::of(Kind::Arguments { event, error })
    }

    /// Creates a rejection for a server fault with a text of this crate, which ends with the remedy.
    /// Names in it are escaped.
    pub(crate) fn fault(text: impl Into<String>) -> Self {
        Self::of(Kind::Fault { text: text.into() })
    }

    pub(crate) fn extractor(extractor: &'static str, response: ResponseText) -> Self {
        Self::of(Kind::Extractor {
            extractor,
            response,
        })
    }

    /// Creates a rejection with a text that quotes the client, and the text for the log.
    pub(crate) fn quoting(
        status: StatusCode,
        text: impl Into<String>,
        redacted: impl Into<String>,
    ) -> Self {
        Self::of(Kind::Custom {
            status,
            text: text.into(),
            redacted: Some(redacted.into()),
        })
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
        Self(Arc::new(Inner {
            kind: Arc::new(kind),
            code: None,
            data: None,
        }))
    }

    /// Returns the reason phrase of the HTTP status, such as "Bad Request".
    #[must_use]
    pub fn status(&self) -> &str {
        let reason = self.status_code().canonical_reason();
        reason.unwrap_or("Bad Request")
    }

    /// Returns the code for the client, see [`with_code`](Self::with_code).
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns the data for the client, see [`with_data`](Self::with_data).
    #[must_use]
    pub fn data(&self) -> Option<&Value> {
        self.0.data.as_ref()
    }

    fn status_code(&self) -> StatusCode {
        match &*self.0.kind {
            Kind::Custom { status, .. } => *status,
            Kind::Extractor { response, .. } => response.status,
            Kind::Arguments { .. } | Kind::MissingAck { .. } => StatusCode::BAD_REQUEST,
            Kind::Fault { .. }
            | Kind::Internal { .. }
            | Kind::Panic { .. }
            | Kind::Reply { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the text for the client. The text of a server fault is hidden.
    fn client_text(&self) -> Cow<'_, str> {
        match &*self.0.kind {
            _ if self.is_server_fault() => SERVER_FAULT.into(),
            Kind::Custom { status, text, .. } => or_reason(text, *status).into(),
            _ => self.to_string().into(),
        }
    }

    /// Returns the text for logs: the reason without what the client has sent, except for names of
    /// events and namespaces.
    ///
    /// Arguments and payloads that do not deserialise are described by their Rust type. Of an axum
    /// extractor, the type and the status are named, because its text may quote the request. A text of
    /// the application is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::Rejection;
    /// use socketio::extract::EventName;
    ///
    /// // A handler of `Namespace::on_rejection`.
    /// async fn rejected(rejection: Rejection, event: EventName) -> Rejection {
    ///     eprintln!("{:?} was rejected: {}", event.as_str(), rejection.redacted());
    ///     rejection
    /// }
    /// ```
    #[must_use]
    pub fn redacted(&self) -> impl fmt::Display + '_ {
        RedactedRejection(self)
    }

    /// Returns whether the arguments of the event did not have the type that
    /// [`Data`](crate::extract::Data) expects.
    #[must_use]
    pub fn is_arguments(&self) -> bool {
        matches!(*self.0.kind, Kind::Arguments { .. })
    }

    /// Returns whether the application created the rejection with [`new`](Self::new) or
    /// [`with_status`](Self::with_status).
    #[must_use]
    pub fn is_custom(&self) -> bool {
        matches!(*self.0.kind, Kind::Custom { .. })
    }

    /// Returns whether an axum extractor rejected the request that opened the connection.
    #[must_use]
    pub fn is_extractor(&self) -> bool {
        matches!(*self.0.kind, Kind::Extractor { .. })
    }

    /// Returns whether the handler requires an acknowledgement that the client did not ask for.
    #[must_use]
    pub fn is_missing_ack(&self) -> bool {
        matches!(*self.0.kind, Kind::MissingAck { .. })
    }

    /// Returns whether the handler panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(*self.0.kind, Kind::Panic { .. })
    }

    /// Returns whether the handler ran but its answer could not be serialised.
    #[must_use]
    pub fn is_reply(&self) -> bool {
        matches!(*self.0.kind, Kind::Reply { .. })
    }

    /// Returns whether the fault is the server's. The client does not receive the reason then.
    #[must_use]
    pub fn is_server_fault(&self) -> bool {
        match &*self.0.kind {
            Kind::Fault { .. }
            | Kind::Internal { .. }
            | Kind::Panic { .. }
            | Kind::Reply { .. } => true,
            Kind::Extractor { response, .. } => response.status.is_server_error(),
            Kind::Arguments { .. } | Kind::Custom { .. } | Kind::MissingAck { .. } => false,
        }
    }
}

/// Hides what the client has sent, because errors are logged with `Debug` too.
impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("status", &self.status())
            .field("code", &self.code().map(Escaped))
            .field("reason", &Escaped(self.redacted()))
            .finish()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0.kind {
            Kind::Arguments { event, error } => write_arguments(f, event, error),
            Kind::Custom { status, text, .. } => Escaped(or_reason(text, *status)).fmt(f),
            Kind::Extractor { response, .. } if self.is_server_fault() => {
                f.write_str(&response.fault())
            }
            Kind::Extractor { response, .. } => Escaped(response.or_reason()).fmt(f),
            Kind::Fault { text } => f.write_str(text),
            Kind::Internal { text } => Escaped(text).fmt(f),
            Kind::MissingAck { event } => write!(
                f,
                "`{}` is to be acknowledged and the client did not ask for it; \
                 emit it with a callback or `emitWithAck`, or let the handler take `Option<Ack>`",
                Escaped(event)
            ),
            Kind::Panic { message } => write!(
                f,
                "the handler panicked: {}; set RUST_BACKTRACE=1 to see where",
                Escaped(message)
            ),
            Kind::Reply { error } => write!(
                f,
                "the acknowledgement does not serialise: {}; \
                 answer with a value that JSON can hold",
                Escaped(error)
            ),
        }
    }
}

fn write_arguments(
    f: &mut fmt::Formatter<'_>,
    event: &str,
    error: impl fmt::Display,
) -> fmt::Result {
    write!(
        f,
        "the arguments of `{}` are not what its handler takes: {}; \
         emit what the handler's `Data` describes",
        Escaped(event),
        Escaped(error)
    )
}

/// Has no source because the text includes the cause.
impl Error for Rejection {}

/// The text of a rejection without what the client has sent.
struct RedactedRejection<'a>(&'a Rejection);

impl fmt::Display for RedactedRejection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0.0.kind {
            Kind::Arguments { event, error } => write_arguments(f, event, error.redacted()),
            Kind::Custom {
                redacted: Some(redacted),
                ..
            } => f.write_str(redacted),
            Kind::Extractor {
                extractor,
                response,
            } if !self.0.is_server_fault() => write!(
                f,
                "the extractor `{extractor}` rejected the request of the client with the status \
                 {}, and its text is hidden; take its `Result` to handle the text",
                response.status.as_u16()
            ),
            _ => self.0.fmt(f),
        }
    }
}

/// The answer to a rejected event: `{"status":"Bad Request","error":"…"}`, with `code` and `data` if
/// they are set.
impl Serialize for Rejection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Inner { code, data, .. } = &*self.0;
        let fields = 2 + usize::from(code.is_some()) + usize::from(data.is_some());
        let mut reply = serializer.serialize_struct("Rejection", fields)?;
        reply.serialize_field("status", self.status())?;
        reply.serialize_field("error", &self.client_text())?;
        if let Some(code) = code {
            reply.serialize_field("code", code)?;
        }
        if let Some(data) = data {
            reply.serialize_field("data", data)?;
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
        match error.cause() {
            Some(cause) if error.is_server_fault() => Self::fault(cause),
            _ => match error.redacted_text() {
                Some(redacted) => Self::quoting(StatusCode::BAD_REQUEST, error.message(), redacted),
                None => Self::new(error.message()),
            },
        }
    }
}

/// The text becomes the message. The status, and the code and data if they are set, become
/// `err.data`.
impl IntoConnectError for Rejection {
    fn into_connect_error(self) -> ConnectError {
        let mut details = serde_json::Map::new();
        details.insert("status".to_owned(), self.status_code().as_u16().into());
        if let Some(code) = self.code() {
            details.insert("code".to_owned(), code.into());
        }
        if let Some(data) = self.data() {
            details.insert("data".to_owned(), data.clone());
        }
        self.without_details().with_data(details)
    }
}

/// The text becomes the message. A server fault is logged, and the client receives the default
/// message.
impl IntoRefusal for Rejection {
    fn into_refusal(self) -> Refusal {
        if self.is_server_fault() {
            return Refusal::by_fault(&self.redacted().to_string());
        }
        Refusal::new(self.client_text())
    }
}

impl Rejection {
    /// Returns the message for a client that may not join, and the cause for the log.
    fn without_details(&self) -> ConnectError {
        let quoting = |error: ConnectError| error.redacted_as(self.redacted().to_string());
        match &*self.0.kind {
            Kind::Custom {
                status,
                text,
                redacted,
            } => {
                let error = ConnectError::with_status(*status, text);
                match redacted {
                    Some(_) => quoting(error),
                    None => error,
                }
            }
            Kind::Extractor { response, .. } if self.is_server_fault() => {
                ConnectError::with_status(response.status, "").with_cause(response.fault(), true)
            }
            Kind::Extractor { response, .. } => quoting(ConnectError::with_status(
                response.status,
                &self.to_string(),
            )),
            Kind::Arguments { .. } => quoting(ConnectError::with_status(
                StatusCode::BAD_REQUEST,
                &self.to_string(),
            )),
            Kind::MissingAck { .. } => {
                ConnectError::with_status(StatusCode::BAD_REQUEST, &self.to_string())
            }
            Kind::Fault { .. }
            | Kind::Internal { .. }
            | Kind::Panic { .. }
            | Kind::Reply { .. } => ConnectError::fault(self.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_for_the_log_has_an_unbounded_text() {
        let long = format!("x\r\n\u{1b}[2J\u{202e}{}", "y".repeat(10_000));
        let response = ResponseText {
            status: StatusCode::BAD_GATEWAY,
            text: long.clone(),
        };
        for rejection in [
            Rejection::new(&long),
            Rejection::internal(&long),
            Rejection::extractor("app::Tenant", response),
            Rejection::missing_ack(&long),
            Rejection::panicked(&long),
        ] {
            for text in [rejection.to_string(), format!("{rejection:?}")] {
                assert!(text.len() < 600, "{} bytes: {text}", text.len());
                assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'));
            }
        }
    }
}
