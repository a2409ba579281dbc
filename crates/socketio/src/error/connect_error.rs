//! The error that a client receives when it may not join a namespace.

mod response;

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use axum_core::response::Response;
use engineio::log::Escaped;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use self::response::{ResponseText, or_reason};

/// The reason why a client may not join a namespace: a message and optional data.
///
/// It is the content of a CONNECT_ERROR packet.
///
/// In the client it is the error of the `connect_error` event: `err.message` and `err.data`.
///
/// # Examples
///
/// ```
/// use serde_json::json;
/// use socketio::ConnectError;
///
/// let error = ConnectError::new("not authorised").with_data(json!({ "retry": false }));
/// assert_eq!(error.message(), "not authorised");
/// assert_eq!(error.data(), Some(&json!({ "retry": false })));
/// ```
#[derive(Clone)]
pub struct ConnectError {
    message: String,
    data: Option<Value>,
    cause: Option<Box<Cause>>,
}

/// The text for the log, if it is not the message. Texts of clients in it are escaped.
#[derive(Clone)]
struct Cause {
    text: String,
    kind: CauseKind,
}

/// The relation of the text for the log to the message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum CauseKind {
    /// The message quotes the client, and the text does not.
    Redacted,
    /// The text is a reason that the client does not receive.
    Refusal,
    /// The text is a fault of the server, which the client does not learn.
    ServerFault,
}

impl ConnectError {
    /// Creates an error with a message and no data.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            data: None,
            cause: None,
        }
    }

    /// Sets the data for the client (`err.data` in Node).
    ///
    /// A value that cannot be serialised as JSON, such as a map whose keys are not strings, is
    /// logged as an error and left out. The client is refused either way.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        match serde_json::to_value(data) {
            Ok(data) => self.data = Some(data),
            Err(error) => engineio::log_limited!(
                error,
                None,
                "the data of a connect error is left out because it does not serialise; give \
                 `with_data` a value that JSON can hold",
                message = ?Escaped(&self.redacted()),
                error = %Escaped(&error),
            ),
        }
        self
    }

    /// Creates an error that reports a server fault without its cause. The caller of the handler
    /// that fails with it logs `cause`.
    pub(crate) fn fault(cause: String) -> Self {
        Self::internal().with_cause(cause, true)
    }

    /// Sets the reason that the caller of the handler logs instead of the message.
    pub(crate) fn with_cause(self, text: String, is_server_fault: bool) -> Self {
        self.caused_by(
            text,
            if is_server_fault {
                CauseKind::ServerFault
            } else {
                CauseKind::Refusal
            },
        )
    }

    /// Sets the text for the log, because the message quotes the client.
    pub(crate) fn redacted_as(self, text: String) -> Self {
        self.caused_by(text, CauseKind::Redacted)
    }

    fn caused_by(mut self, text: String, kind: CauseKind) -> Self {
        self.cause = Some(Box::new(Cause { text, kind }));
        self
    }

    /// Creates an error that reports a server fault without its cause, which belongs in the log.
    pub(crate) fn internal() -> Self {
        Self::with_status(StatusCode::INTERNAL_SERVER_ERROR, "")
    }

    /// Creates an error from a text for the client, with the HTTP status in the data. An empty text
    /// is replaced by the name of the status.
    pub(crate) fn with_status(status: StatusCode, text: &str) -> Self {
        Self::new(or_reason(text, status)).with_data(json!({ "status": status.as_u16() }))
    }

    /// Returns the reason for the log if the client does not receive it.
    pub(crate) fn cause(&self) -> Option<&str> {
        let cause = self.cause.as_ref()?;
        (cause.kind != CauseKind::Redacted).then_some(&cause.text)
    }

    /// Returns the text for the log if the message quotes the client.
    pub(crate) fn redacted_text(&self) -> Option<&str> {
        let cause = self.cause.as_ref()?;
        (cause.kind == CauseKind::Redacted).then_some(&cause.text)
    }

    /// Returns the text for the log, in which texts of clients are escaped: the reason that the client
    /// does not receive, or the message without what it quotes.
    pub(crate) fn redacted(&self) -> Cow<'_, str> {
        match &self.cause {
            Some(cause) => Cow::Borrowed(&cause.text),
            None => Cow::Owned(Escaped(&self.message).to_string()),
        }
    }

    pub(crate) fn is_server_fault(&self) -> bool {
        let cause = self.cause.as_ref();
        cause.is_some_and(|cause| cause.kind == CauseKind::ServerFault)
    }

    /// Returns the message for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the data for the client.
    #[must_use]
    pub fn data(&self) -> Option<&Value> {
        self.data.as_ref()
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Hides what a message quotes of the client, because errors are logged with `Debug` too.
impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectError")
            .field("message", &self.redacted_text().unwrap_or(&self.message))
            .field("data", &self.data)
            .field("cause", &self.cause())
            .finish()
    }
}

impl Error for ConnectError {}

/// Errors are equal if the client receives the same.
impl PartialEq for ConnectError {
    fn eq(&self, other: &Self) -> bool {
        (&self.message, &self.data) == (&other.message, &other.data)
    }
}

/// An error that a namespace middleware can return to refuse a client.
///
/// It is implemented for [`ConnectError`], `String` and `&'static str`,
/// [`Rejection`](crate::Rejection), [`Infallible`], HTTP responses and boxed errors. For the error
/// types of your application, implement [`ClientError`](crate::ClientError), or this trait if only
/// middleware fails with them.
///
/// # Examples
///
/// ```
/// use serde_json::json;
/// use socketio::{ConnectError, IntoConnectError};
///
/// enum LoginError {
///     Expired,
///     Unknown,
/// }
///
/// impl IntoConnectError for LoginError {
///     fn into_connect_error(self) -> ConnectError {
///         let code = match self {
///             Self::Expired => "expired",
///             Self::Unknown => "unknown",
///         };
///         ConnectError::new("login failed").with_data(json!({ "code": code }))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent to a client as a connect error",
    label = "not a connect error",
    note = "implement `ClientError` or `IntoConnectError` for `{Self}`, or turn it into a `ConnectError` with `map_err`",
    note = "texts, `ConnectError`, `Rejection`, `Infallible`, HTTP responses and `Box<dyn Error + Send + Sync>` work as they are"
)]
pub trait IntoConnectError {
    /// Converts the error into the message and data that are sent to the client.
    fn into_connect_error(self) -> ConnectError;
}

impl IntoConnectError for ConnectError {
    fn into_connect_error(self) -> ConnectError {
        self
    }
}

impl IntoConnectError for Infallible {
    fn into_connect_error(self) -> ConnectError {
        match self {}
    }
}

impl IntoConnectError for &'static str {
    fn into_connect_error(self) -> ConnectError {
        ConnectError::new(self)
    }
}

impl IntoConnectError for String {
    fn into_connect_error(self) -> ConnectError {
        ConnectError::new(self)
    }
}

/// The body becomes the message, and the status is added to the data.
///
/// An error type that implements `IntoResponse` therefore works in a middleware as well:
/// `.map_err(IntoResponse::into_response)`.
impl IntoConnectError for Response {
    fn into_connect_error(self) -> ConnectError {
        let ResponseText { status, text } = self.into();
        ConnectError::with_status(status, &text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum_core::body::Body;
    use axum_core::response::IntoResponse as _;

    use super::*;

    fn message_and_data(error: impl IntoConnectError) -> (String, Option<Value>) {
        let error = error.into_connect_error();
        (error.message().to_owned(), error.data().cloned())
    }

    #[test]
    fn a_text_becomes_the_message() {
        assert_eq!(message_and_data("no"), ("no".to_owned(), None));
        assert_eq!(message_and_data("no".to_owned()), ("no".to_owned(), None));
        assert_eq!(ConnectError::new("no").to_string(), "no");
    }

    #[test]
    fn data_that_is_not_json_is_left_out() {
        let error = ConnectError::new("no").with_data([1, 2]);
        assert_eq!(
            message_and_data(error),
            ("no".to_owned(), Some(json!([1, 2])))
        );
        let error = ConnectError::new("no").with_data(HashMap::from([((), 1)]));
        assert_eq!(message_and_data(error), ("no".to_owned(), None));
    }

    #[test]
    fn a_response_becomes_its_text_and_status() {
        let response = (StatusCode::FORBIDDEN, "no tenant").into_response();
        let expected = ("no tenant".to_owned(), Some(json!({ "status": 403 })));
        assert_eq!(message_and_data(response), expected);

        let response = StatusCode::UNAUTHORIZED.into_response();
        let expected = ("Unauthorized".to_owned(), Some(json!({ "status": 401 })));
        assert_eq!(message_and_data(response), expected);
    }

    #[test]
    fn an_endless_body_is_ignored() {
        let endless = futures_util::stream::pending::<Result<&[u8], Infallible>>();
        let response = (StatusCode::CONFLICT, Body::from_stream(endless)).into_response();
        let expected = ("Conflict".to_owned(), Some(json!({ "status": 409 })));
        assert_eq!(message_and_data(response), expected);
    }
}
