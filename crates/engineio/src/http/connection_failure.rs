//! Refused requests, as reported to the application and to the client.

use std::error::Error;
use std::fmt;

use engineio_proto::{ConnectionError, Protocol, SessionId, Transport};
use http::request::Parts;
use http::{HeaderValue, Method};

/// An error of any type.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A refused request, with the data of Node's `connection_error` event.
///
/// It is passed to [`Application::connection_error`](crate::Application::connection_error).
#[derive(Debug)]
pub struct ConnectionFailure<'a> {
    pub(crate) request: &'a Parts,
    pub(crate) refusal: &'a Refusal,
}

impl<'a> ConnectionFailure<'a> {
    /// Returns the head of the request.
    #[must_use]
    pub fn request(&self) -> &'a Parts {
        self.request
    }

    /// Returns the code of the error, 0 to 5.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.refusal.error.code()
    }

    /// Returns the message of the error code, such as "Session ID unknown".
    ///
    /// The application's own message, if any, is part of the [`context`](Self::context), as in
    /// Node.
    #[must_use]
    pub fn message(&self) -> &'static str {
        match self.refusal.error {
            ConnectionError::TransportUnknown => "Transport unknown",
            ConnectionError::SessionIdUnknown => "Session ID unknown",
            ConnectionError::BadHandshakeMethod => "Bad handshake method",
            ConnectionError::Forbidden(_) => "Forbidden",
            ConnectionError::UnsupportedProtocolVersion => "Unsupported protocol version",
            _ => "Bad request",
        }
    }

    /// Returns the error that was sent to the client.
    #[must_use]
    pub fn error(&self) -> &'a ConnectionError {
        &self.refusal.error
    }

    /// Returns the cause of the refusal.
    #[must_use]
    pub fn context(&self) -> &'a FailureContext {
        &self.refusal.context
    }
}

/// The cause of a refusal: Node's `context`.
///
/// `Display` formats it as a line for logs. It contains no session ids, because they are secrets.
#[derive(Debug)]
#[non_exhaustive]
pub enum FailureContext {
    /// Code 0: the requested transport is unknown or disabled.
    TransportUnknown {
        /// The name as given in the query, or `None` if the query contains none.
        transport: Option<String>,
    },
    /// Code 1: the requested session is unknown. Behind a load balancer, it may live on another
    /// server.
    SessionIdUnknown {
        /// The id as given in the query.
        sid: SessionId,
    },
    /// Code 2: the method cannot open a session.
    BadHandshakeMethod {
        /// The method of the request.
        method: Method,
    },
    /// Code 3: the session is on another transport than the request (Node's `TRANSPORT_MISMATCH`).
    TransportMismatch {
        /// The transport of the request.
        transport: Transport,
        /// The transport of the session.
        previous: Transport,
    },
    /// Code 3: the request is not a handshake of its transport, or an upgrade that is not allowed
    /// (Node's `TRANSPORT_HANDSHAKE_ERROR`).
    TransportHandshake,
    /// Code 3: the session uses another protocol revision than the request (Node's
    /// `PROTOCOL_MISMATCH`).
    ProtocolMismatch {
        /// The revision of the request.
        protocol: Protocol,
        /// The revision of the session.
        previous: Protocol,
    },
    /// Code 3: no id could be generated for a new session (Node's `ID_GENERATION_ERROR`).
    IdGeneration {
        /// The reason.
        error: BoxError,
    },
    /// Code 4: the application refused the request.
    Forbidden {
        /// The application's message for the client, if any.
        message: Option<String>,
    },
    /// Code 4: the origin is not allowed ([`Config::origins`](crate::Config::origins)).
    OriginNotAllowed {
        /// The header of the request. `None` for a JSONP request that does not state the origin of
        /// its page ([`Origins`](crate::Origins)).
        origin: Option<HeaderValue>,
    },
    /// Code 5: the protocol revision is not supported.
    UnsupportedProtocolVersion {
        /// The requested revision. All values except 4 are treated as 3, as in Node.
        protocol: Protocol,
    },
}

impl FailureContext {
    /// Returns Node's name of the failure. Only failures with code 3 have one, and
    /// `OriginNotAllowed`, which Node does not have.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::TransportMismatch { .. } => Some("TRANSPORT_MISMATCH"),
            Self::TransportHandshake => Some("TRANSPORT_HANDSHAKE_ERROR"),
            Self::ProtocolMismatch { .. } => Some("PROTOCOL_MISMATCH"),
            Self::IdGeneration { .. } => Some("ID_GENERATION_ERROR"),
            Self::OriginNotAllowed { .. } => Some("ORIGIN_NOT_ALLOWED"),
            _ => None,
        }
    }
}

impl FailureContext {
    /// Returns the text for logs, which quotes neither the query nor the application. The message of the
    /// application may quote the request.
    pub(crate) fn redacted(&self) -> impl fmt::Display + '_ {
        RedactedContext(self)
    }
}

/// The text of a context without the query and without the message of the application.
struct RedactedContext<'a>(&'a FailureContext);

impl fmt::Display for RedactedContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            FailureContext::TransportUnknown { transport } => f.write_str(match transport {
                Some(_) => "the request asks for a transport that is unknown or disabled",
                None => "the request asks for no transport",
            }),
            FailureContext::Forbidden { .. } => f.write_str("refused by the application"),
            context => context.fmt(f),
        }
    }
}

impl fmt::Display for FailureContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |name: &Option<String>| match name {
            Some(name) => format!("{name:?}"),
            None => "none".to_owned(),
        };
        match self {
            Self::TransportUnknown { transport } => {
                write!(f, "the request asks for the transport {}", named(transport))
            }
            Self::SessionIdUnknown { .. } => f.write_str("the request refers to no open session"),
            Self::BadHandshakeMethod { method } => write!(f, "the method is {method}"),
            Self::TransportMismatch {
                transport,
                previous,
            } => write!(f, "a {transport} request for a session on {previous}"),
            Self::TransportHandshake => {
                f.write_str("the request is not a handshake of its transport")
            }
            Self::ProtocolMismatch { protocol, previous } => write!(
                f,
                "a revision {protocol} request for a session of revision {previous}"
            ),
            Self::IdGeneration { error } => write!(f, "no id for the session: {error}"),
            Self::Forbidden { message } => {
                write!(f, "refused by the application: {}", named(message))
            }
            Self::OriginNotAllowed {
                origin: Some(origin),
            } => write!(
                f,
                "the origin {origin:?} is not allowed: add it to `origins`"
            ),
            Self::OriginNotAllowed { origin: None } => f.write_str(
                "a JSONP request without the origin of its page: with a list of origins, serve the \
                 page with TLS from the server's own origin, or poll without JSONP",
            ),
            Self::UnsupportedProtocolVersion { protocol } => {
                write!(f, "the request asks for revision {protocol}")
            }
        }
    }
}

/// A refusal: the error for the client, and the context for the application.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: ConnectionError,
    pub(crate) context: FailureContext,
}

impl Refusal {
    pub(crate) fn bad_request(context: FailureContext) -> Self {
        Self {
            error: ConnectionError::BadRequest,
            context,
        }
    }

    pub(crate) fn unknown_session(sid: &SessionId) -> Self {
        Self {
            error: ConnectionError::SessionIdUnknown,
            context: FailureContext::SessionIdUnknown { sid: sid.clone() },
        }
    }

    pub(crate) fn origin_not_allowed(origin: Option<&HeaderValue>) -> Self {
        Self {
            error: ConnectionError::Forbidden(None),
            context: FailureContext::OriginNotAllowed {
                origin: origin.cloned(),
            },
        }
    }

    /// Refuses an unknown or disabled transport.
    pub(crate) fn unknown_transport(name: Option<&str>) -> Self {
        Self {
            error: ConnectionError::TransportUnknown,
            context: FailureContext::TransportUnknown {
                transport: name.map(str::to_owned),
            },
        }
    }

    pub(crate) fn unsupported_protocol(protocol: Protocol) -> Self {
        Self {
            error: ConnectionError::UnsupportedProtocolVersion,
            context: FailureContext::UnsupportedProtocolVersion { protocol },
        }
    }

    /// Passes on a refusal by the application.
    pub(crate) fn by_application(error: ConnectionError) -> Self {
        let message = match &error {
            ConnectionError::Forbidden(message) => message.as_ref().map(ToString::to_string),
            other => Some(other.message().to_owned()),
        };
        Self {
            error,
            context: FailureContext::Forbidden { message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_do_not_show_the_id_of_a_session() {
        let refusal = Refusal::unknown_session(&SessionId::from("abcdefghijklmnopqrst"));
        for shown in [
            refusal.context.to_string(),
            format!("{:?}", refusal.context),
        ] {
            assert!(!shown.contains("efgh"), "{shown}");
        }
    }

    #[test]
    fn logs_show_neither_the_query_nor_the_message_of_the_application() {
        let message = "no tenant SECRET in the query";
        for refusal in [
            Refusal::unknown_transport(Some("SECRET")),
            Refusal::by_application(ConnectionError::forbidden(message)),
        ] {
            assert!(refusal.context.to_string().contains("SECRET"));
            let logged = refusal.context.redacted().to_string();
            assert!(!logged.contains("SECRET"), "{logged}");
        }
        let refusal = Refusal::unknown_session(&SessionId::from("abcdefghijklmnopqrst"));
        let logged = refusal.context.redacted().to_string();
        assert_eq!(logged, refusal.context.to_string());
    }

    #[test]
    fn the_context_contains_the_message_of_the_application() {
        let (request, ()) = http::Request::new(()).into_parts();
        let refusal = Refusal::by_application(ConnectionError::forbidden("not you"));
        let failure = ConnectionFailure {
            request: &request,
            refusal: &refusal,
        };
        assert_eq!((failure.code(), failure.message()), (4, "Forbidden"));
        assert_eq!(failure.error().message(), "not you");
        assert!(matches!(
            failure.context(),
            FailureContext::Forbidden { message: Some(message) } if message == "not you"
        ));
    }
}
