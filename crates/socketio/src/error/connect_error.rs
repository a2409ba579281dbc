//! What a client learns when it may not join a namespace.

mod response;

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use axum_core::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use self::response::ResponseText;

/// The content of a CONNECT_ERROR packet: a message and, if wanted, data.
///
/// In the browser it is the error of the `connect_error` event: `err.message` and `err.data`.
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
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectError {
    message: String,
    data: Option<Value>,
}

impl ConnectError {
    /// Creates an error with a message and without data.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            data: None,
        }
    }

    /// Adds data that the client can act on, as `err.data` in Node.
    ///
    /// A value that JSON cannot hold, such as a map whose keys are not strings, is logged as an
    /// error and left out: the client is refused all the same.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        match serde_json::to_value(data) {
            Ok(data) => self.data = Some(data),
            Err(error) => tracing::error!(
                message = self.message,
                %error,
                "the data of a connect error is left out, for it does not serialise; \
                 give `with_data` a value that JSON can hold",
            ),
        }
        self
    }

    /// Tells nothing but that the server is at fault; the cause belongs in the log.
    pub(crate) fn internal() -> Self {
        Self::with_status(StatusCode::INTERNAL_SERVER_ERROR, "")
    }

    /// A text for the client with the HTTP status in the data. Without a text, the status is it.
    pub(crate) fn with_status(status: StatusCode, text: &str) -> Self {
        let message = match text {
            "" => status.canonical_reason().unwrap_or("rejected"),
            text => text,
        };
        Self::new(message).with_data(json!({ "status": status.as_u16() }))
    }

    /// The message for the client.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The data for the client.
    pub fn data(&self) -> Option<&Value> {
        self.data.as_ref()
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ConnectError {}

/// Types that a namespace middleware may fail with.
///
/// Implemented for [`ConnectError`], texts, [`Infallible`], HTTP responses and boxed errors, and to
/// be implemented for the error types of an application.
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
    note = "implement `IntoConnectError` for `{Self}`, or turn it into a `ConnectError` with `map_err`",
    note = "texts, `ConnectError`, `Infallible`, HTTP responses and `Box<dyn Error + Send + Sync>` work as they are"
)]
pub trait IntoConnectError {
    /// Says what the client is told.
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

/// The text of the body becomes the message, the status goes into the data.
///
/// With it, an error type that already answers HTTP requests serves a middleware too:
/// `.map_err(IntoResponse::into_response)`.
impl IntoConnectError for Response {
    fn into_connect_error(self) -> ConnectError {
        let ResponseText { status, text } = self.into();
        ConnectError::with_status(status, &text)
    }
}

/// For `?` in a middleware: the error is logged, and the client learns only that there was one.
impl IntoConnectError for Box<dyn Error + Send + Sync> {
    fn into_connect_error(self) -> ConnectError {
        tracing::error!(
            error = self.as_ref(),
            "a middleware failed and the client was refused; \
             return a `ConnectError` to tell the client why",
        );
        ConnectError::internal()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum_core::body::Body;
    use axum_core::response::IntoResponse as _;

    use super::*;

    fn told(error: impl IntoConnectError) -> (String, Option<Value>) {
        let error = error.into_connect_error();
        (error.message().to_owned(), error.data().cloned())
    }

    #[test]
    fn texts_are_messages() {
        assert_eq!(told("no"), ("no".to_owned(), None));
        assert_eq!(told("no".to_owned()), ("no".to_owned(), None));
        assert_eq!(ConnectError::new("no").to_string(), "no");
    }

    #[test]
    fn data_is_kept_and_what_is_no_json_left_out() {
        let error = ConnectError::new("no").with_data([1, 2]);
        assert_eq!(told(error), ("no".to_owned(), Some(json!([1, 2]))));
        let error = ConnectError::new("no").with_data(HashMap::from([((), 1)]));
        assert_eq!(told(error), ("no".to_owned(), None));
    }

    #[test]
    fn a_response_gives_its_text_and_status() {
        let response = (StatusCode::FORBIDDEN, "no tenant").into_response();
        let expected = ("no tenant".to_owned(), Some(json!({ "status": 403 })));
        assert_eq!(told(response), expected);

        let response = StatusCode::UNAUTHORIZED.into_response();
        let expected = ("Unauthorized".to_owned(), Some(json!({ "status": 401 })));
        assert_eq!(told(response), expected);
    }

    #[test]
    fn a_response_without_end_gives_its_status_only() {
        let endless = futures_util::stream::pending::<Result<&[u8], Infallible>>();
        let response = (StatusCode::CONFLICT, Body::from_stream(endless)).into_response();
        let expected = ("Conflict".to_owned(), Some(json!({ "status": 409 })));
        assert_eq!(told(response), expected);
    }

    #[test]
    fn a_boxed_error_is_not_told() {
        let error: Box<dyn Error + Send + Sync> = "postgres://admin:secret@db is down".into();
        let expected = (
            "Internal Server Error".to_owned(),
            Some(json!({ "status": 500 })),
        );
        assert_eq!(told(error), expected);
    }
}
