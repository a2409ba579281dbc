//! The rejections of the extractors that read what a client has sent. Their texts for logs hide it.

use std::error::Error;
use std::fmt;

use engineio::log::Escaped;
use http::StatusCode;
use socketio_proto::ArgsError;

use super::connect_error::{ConnectError, IntoConnectError, ResponseText};
use super::rejection::Rejection;

/// The rejection of [`Data`](crate::extract::Data): the arguments do not have the expected types.
///
/// The text quotes the client. `Debug` and the log of the server hide what it has sent.
#[derive(Clone, Debug)]
pub struct DataRejection(Rejection);

impl DataRejection {
    pub(crate) fn new(event: impl Into<String>, error: ArgsError) -> Self {
        Self(Rejection::arguments(event, error))
    }

    /// Returns the rejection of the event.
    pub(super) fn rejection(&self) -> &Rejection {
        &self.0
    }
}

impl fmt::Display for DataRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for DataRejection {}

impl From<DataRejection> for Rejection {
    fn from(DataRejection(rejection): DataRejection) -> Self {
        rejection
    }
}

/// The rejection of [`Auth`](crate::extract::Auth): the payload is missing or does not have the
/// expected type.
///
/// The text quotes the client. `Debug` and the log of the server hide what it has sent.
#[derive(Clone, Debug)]
pub struct AuthRejection {
    /// The reason why the payload is invalid, or `None` if there is none.
    error: Option<ArgsError>,
}

impl AuthRejection {
    pub(crate) fn new(error: Option<ArgsError>) -> Self {
        Self { error }
    }

    /// Returns whether the client sent no payload.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.error.is_none()
    }

    /// Returns the text for logs, which hides the payload.
    pub(super) fn redacted(&self) -> String {
        self.text(self.error.as_ref().map(ArgsError::redacted))
    }

    fn text(&self, reason: Option<impl fmt::Display>) -> String {
        match reason {
            Some(reason) => format!(
                "the auth payload is not what the server takes: {}; \
                 correct the client's `auth` option",
                Escaped(reason)
            ),
            None => "the client sent no auth payload; set its `auth` option to what the server \
                     takes"
                .to_owned(),
        }
    }
}

impl fmt::Display for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(self.error.as_ref()))
    }
}

impl Error for AuthRejection {}

impl IntoConnectError for AuthRejection {
    fn into_connect_error(self) -> ConnectError {
        ConnectError::with_status(StatusCode::BAD_REQUEST, &self.to_string())
            .redacted_as(self.redacted())
    }
}

impl From<AuthRejection> for Rejection {
    fn from(rejection: AuthRejection) -> Self {
        Self::quoting(
            StatusCode::BAD_REQUEST,
            rejection.to_string(),
            rejection.redacted(),
        )
    }
}

/// The rejection of an axum extractor, which has read the request that opened the connection.
///
/// A status of a server error, such as that of a missing `Extension`, is the server's fault: the
/// reason is logged at the level ERROR, and the client receives only the name of the status.
/// Otherwise the client receives the text, which may quote its request. `Debug` and the log of the
/// server name only the extractor and the status.
///
/// To handle the extractor's own rejection, take for example `Result<Query<T>, QueryRejection>`.
#[derive(Clone)]
pub struct PartsRejection {
    response: ResponseText,
    /// The type of the extractor.
    extractor: &'static str,
}

impl PartsRejection {
    pub(crate) fn new(extractor: &'static str, response: ResponseText) -> Self {
        Self {
            response,
            extractor,
        }
    }

    /// Returns the HTTP status of the rejection.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status
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
            .field("status", &self.response.status)
            .field("extractor", &self.extractor)
            .finish_non_exhaustive()
    }
}

impl Error for PartsRejection {}

impl From<PartsRejection> for Rejection {
    fn from(rejection: PartsRejection) -> Self {
        Self::extractor(rejection.extractor, rejection.response)
    }
}

impl IntoConnectError for PartsRejection {
    fn into_connect_error(self) -> ConnectError {
        Rejection::from(self).into_connect_error()
    }
}
