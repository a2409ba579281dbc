//! The error of a client that could not connect.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use socketio_proto::{Args, Namespace};

use crate::clock::Readable;
use crate::disconnection::End;
use crate::event::ArgsText;

/// The error of a client that could not connect.
///
/// - Middleware or the namespace refused the client with a CONNECT_ERROR packet:
///   [`message`](Self::message) and [`data`](Self::data) return what Node's client passes to its
///   `connect_error` event.
/// - The server, a layer or `allow_request` refused the handshake: [`status`](Self::status) and
///   [`body`](Self::body) return the HTTP response.
/// - The connection ended, or the server did not answer in time.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use socketio::{ConnectError, SocketIoLayer};
/// use socketio_test::TestServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let sockets = SocketIoLayer::new();
/// sockets.io().of("/").middleware(async || Err::<(), _>(ConnectError::new("closed on Sundays")));
///
/// let server = TestServer::new(Router::new().layer(sockets));
/// let refused = server.connect("/").await.unwrap_err();
/// assert_eq!(refused.message(), "closed on Sundays");
/// # }
/// ```
#[derive(Clone)]
pub struct ConnectRefused(Box<Refusal>);

#[derive(Clone)]
enum Refusal {
    Namespace {
        namespace: Namespace,
        message: String,
        payload: Args,
    },
    Handshake {
        status: StatusCode,
        message: String,
        body: String,
    },
    Ended {
        text: String,
    },
    NoAnswer {
        text: String,
    },
}

/// The payload of a CONNECT_ERROR packet, and the body of a refused handshake.
#[derive(Deserialize)]
struct Message {
    message: String,
}

#[derive(Deserialize)]
struct Data {
    data: Value,
}

/// The message for a client that requests a namespace that does not exist.
const INVALID_NAMESPACE: &str = "Invalid namespace";

impl ConnectRefused {
    pub(crate) fn namespace(namespace: Namespace, payload: Args) -> Self {
        let message = payload.deserialize_payload::<Message>();
        Self(Box::new(Refusal::Namespace {
            namespace,
            message: message.map(|message| message.message).unwrap_or_default(),
            payload,
        }))
    }

    pub(crate) fn handshake(status: StatusCode, body: &Bytes) -> Self {
        let body = String::from_utf8_lossy(body).into_owned();
        let message = serde_json::from_str(&body).map(|Message { message }| message);
        Self(Box::new(Refusal::Handshake {
            status,
            message: message.unwrap_or_else(|_| body.clone()),
            body,
        }))
    }

    pub(crate) fn ended(end: &End) -> Self {
        Self(Box::new(Refusal::Ended {
            text: end.to_string(),
        }))
    }

    pub(crate) fn failed(text: impl Into<String>) -> Self {
        let text = text.into();
        Self(Box::new(Refusal::Ended { text }))
    }

    pub(crate) fn no_answer(waited: Duration, awaited: &str) -> Self {
        let waited = Readable(waited);
        Self(Box::new(Refusal::NoAnswer {
            text: format!("waited {waited} for {awaited}"),
        }))
    }

    /// Returns the message of the refusal (Node's `error.message` of `connect_error`).
    ///
    /// For a refused handshake, it is the `message` in the body of the response, or the whole body.
    #[must_use]
    pub fn message(&self) -> &str {
        match &*self.0 {
            Refusal::Namespace { message, .. } | Refusal::Handshake { message, .. } => message,
            Refusal::Ended { text } | Refusal::NoAnswer { text } => text,
        }
    }

    /// Deserialises the data that middleware has added to the refusal (Node's `error.data`).
    ///
    /// # Panics
    ///
    /// Panics if there is no data or it does not have the type `T`.
    #[must_use]
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        let Refusal::Namespace { payload, .. } = &*self.0 else {
            panic!("the refusal has no data: {self}");
        };
        let Ok(Data { data }) = payload.deserialize_payload() else {
            panic!(
                "the refusal {} has no data. Add it in the middleware with `ConnectError::with_data`",
                ArgsText(payload)
            );
        };
        match serde_json::from_value(data.clone()) {
            Ok(value) => value,
            Err(error) => panic!(
                "the data {data} of the refusal `{}` is not a `{}`: {error}. Read the type that the \
                 middleware adds with `ConnectError::with_data`, or that the extractor adds: its `status`",
                self.message(),
                std::any::type_name::<T>()
            ),
        }
    }

    /// Returns the status of the HTTP response, if the handshake was refused.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match &*self.0 {
            Refusal::Handshake { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns the body of the HTTP response, if the handshake was refused.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        match &*self.0 {
            Refusal::Handshake { body, .. } => Some(body),
            _ => None,
        }
    }

    /// Returns whether the server did not answer in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(*self.0, Refusal::NoAnswer { .. })
    }
}

impl fmt::Display for ConnectRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Refusal::Namespace {
                namespace, message, ..
            } => write!(
                f,
                "the namespace `{namespace}` refused the client: {message}. {}",
                if message == INVALID_NAMESPACE {
                    "Register it with `SocketIo::of`, or connect to another"
                } else {
                    "Connect with what its middleware requires"
                }
            ),
            Refusal::Handshake { status, body, .. } => write!(
                f,
                "the handshake was refused with the status {status}: {body}. Check the path, the \
                 transports, the layers and `allow_request` of the server"
            ),
            Refusal::Ended { text } => write!(
                f,
                "the connection ended before the client had joined ({text}). The log of the server \
                 has the reason"
            ),
            Refusal::NoAnswer { text } => write!(
                f,
                "{text}. Check what the middleware waits for, or set a longer \
                 `ClientBuilder::patience`"
            ),
        }
    }
}

/// Writes the text of the error, which is what `unwrap` prints.
impl fmt::Debug for ConnectRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectRefused({self})")
    }
}

impl Error for ConnectRefused {}
