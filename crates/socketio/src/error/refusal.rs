//! The error that refuses a request to open a connection.

use std::any::type_name;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use axum_core::response::{IntoResponse, Response};
use engineio::ConnectionError;
use engineio::log::Escaped;

use crate::error::connect_error::{ConnectError, ResponseText};

/// The reason why a client may not open a connection.
///
/// A handler of [`allow_request`](crate::SocketIoBuilder::allow_request) returns it. The response
/// is `403` with `{"code":4,"message":"…"}`, or `400` with the message for a WebSocket request. The
/// default message is "Forbidden".
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Refusal {
    message: Option<String>,
    /// The type of the extractor that has written the message, which may quote the request.
    extractor: Option<&'static str>,
}

impl Refusal {
    /// Creates a refusal with a message for the client.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            extractor: None,
        }
    }

    /// Returns the message for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("Forbidden")
    }

    /// Logs the reason of a server fault, and creates a refusal that hides it.
    pub(crate) fn by_fault(reason: &str) -> Self {
        log_failure(reason);
        Self::default()
    }

    /// Converts the rejection of the axum extractor `T`. The client does not see the text of a server
    /// error.
    pub(crate) fn by_extractor<T>(rejection: impl IntoResponse) -> Self {
        let response = rejection.into_response();
        if response.status().is_server_error() {
            let response = ResponseText::from(response);
            engineio::log_limited!(
                error,
                None,
                "a request handler did not run and the client was refused",
                reason = %response.fault(),
            );
            return Self::default();
        }
        // The text may quote the client's request.
        match response.into_refusal().message {
            Some(text) => Self {
                message: Some(Escaped(text).to_string()),
                extractor: Some(type_name::<T>()),
            },
            None => Self::default(),
        }
    }

    /// Returns the text for logs, which does not quote the request.
    pub(crate) fn redacted(&self) -> String {
        match self.extractor {
            Some(extractor) => format!(
                "the extractor `{extractor}` rejected the request, and its text is hidden; take its \
                 `Result` to handle the text"
            ),
            None => Escaped(self.message()).to_string(),
        }
    }
}

/// Hides a message that may quote the request, because errors are logged with `Debug` too.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refusal").field(&self.redacted()).finish()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl Error for Refusal {}

impl From<Refusal> for ConnectionError {
    fn from(refusal: Refusal) -> Self {
        Self::Forbidden(refusal.message.map(Into::into))
    }
}

/// An error that a handler of [`allow_request`](crate::SocketIoBuilder::allow_request) can return
/// to refuse a client.
///
/// It is implemented for [`Refusal`], `String` and `&'static str`, [`ConnectError`],
/// [`Rejection`](crate::Rejection), [`Infallible`], `()`, HTTP responses and boxed errors. For the
/// error types of your application, implement [`ClientError`](crate::ClientError), or this trait if
/// only such handlers fail with them.
///
/// # Examples
///
/// ```
/// use socketio::{IntoRefusal, Refusal};
///
/// struct Banned {
///     days: u32,
/// }
///
/// impl IntoRefusal for Banned {
///     fn into_refusal(self) -> Refusal {
///         Refusal::new(format!("come back in {} days", self.days))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent to a client as a refusal",
    label = "not a refusal",
    note = "implement `ClientError` or `IntoRefusal` for `{Self}`, or turn it into a `Refusal` with `map_err`",
    note = "texts, `ConnectError`, `Rejection`, `Infallible`, HTTP responses and `Box<dyn Error + Send + Sync>` work as they are"
)]
pub trait IntoRefusal {
    /// Converts the error into the message that is sent to the client.
    fn into_refusal(self) -> Refusal;
}

impl IntoRefusal for Refusal {
    fn into_refusal(self) -> Refusal {
        self
    }
}

/// Refuses the client with the default message.
impl IntoRefusal for () {
    fn into_refusal(self) -> Refusal {
        Refusal::default()
    }
}

impl IntoRefusal for Infallible {
    fn into_refusal(self) -> Refusal {
        match self {}
    }
}

impl IntoRefusal for &'static str {
    fn into_refusal(self) -> Refusal {
        Refusal::new(self)
    }
}

impl IntoRefusal for String {
    fn into_refusal(self) -> Refusal {
        Refusal::new(self)
    }
}

impl IntoRefusal for ConnectError {
    fn into_refusal(self) -> Refusal {
        if let Some(cause) = self.cause() {
            log_failure(cause);
        }
        Refusal::new(self.message())
    }
}

/// The body becomes the message. The status of the response is ignored.
impl IntoRefusal for Response {
    fn into_refusal(self) -> Refusal {
        let response = ResponseText::from(self);
        Refusal {
            message: Some(response.text).filter(|text| !text.is_empty()),
            extractor: None,
        }
    }
}

/// Logs a reason that the client does not receive. There is no session yet that could be limited.
fn log_failure(reason: &str) {
    engineio::log_limited!(
        error,
        None,
        "a handler of `allow_request` failed and the client was refused",
        %reason,
    );
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn server_errors_are_not_sent_to_the_client() {
        let boxed: Box<dyn Error + Send + Sync> = "the password of the database".into();
        for (refusal, message) in [
            ("no".into_refusal(), "no"),
            ("no".to_owned().into_refusal(), "no"),
            (().into_refusal(), "Forbidden"),
            (ConnectError::new("no").into_refusal(), "no"),
            (
                (StatusCode::CONFLICT, "no").into_response().into_refusal(),
                "no",
            ),
            (
                StatusCode::CONFLICT.into_response().into_refusal(),
                "Forbidden",
            ),
            (boxed.into_refusal(), "Forbidden"),
            (
                Refusal::by_extractor::<()>((StatusCode::BAD_REQUEST, "no")),
                "no",
            ),
            (
                Refusal::by_extractor::<()>((StatusCode::BAD_GATEWAY, "10.0.0.7 is down")),
                "Forbidden",
            ),
        ] {
            assert_eq!(refusal.message(), message);
            assert_eq!(ConnectionError::from(refusal).message(), message);
        }
    }
}
