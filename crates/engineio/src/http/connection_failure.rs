//! What the application is told of a request that was refused.

use std::error::Error;
use std::fmt;

use engineio_proto::{ConnectionError, Protocol, SessionId, Transport};
use http::request::Parts;
use http::{HeaderValue, Method};

/// An error of any kind.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A request that was refused: what Node's `connection_error` event carries.
///
/// It is given to [`Application::connection_error`](crate::Application::connection_error).
#[derive(Debug)]
pub struct ConnectionFailure<'a> {
    pub(crate) request: &'a Parts,
    pub(crate) refusal: &'a Refusal,
}

impl<'a> ConnectionFailure<'a> {
    /// The head of the request.
    #[must_use]
    pub fn request(&self) -> &'a Parts {
        self.request
    }

    /// The number of the error, 0 to 5.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.refusal.error.code()
    }

    /// The text of the error in the table of the protocol, such as "Session ID unknown".
    ///
    /// A message that the application gave with its refusal is in the
    /// [`context`](Self::context), as in Node.
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

    /// The error as the client was told.
    #[must_use]
    pub fn error(&self) -> &'a ConnectionError {
        &self.refusal.error
    }

    /// What exactly was wrong.
    #[must_use]
    pub fn context(&self) -> &'a FailureContext {
        &self.refusal.context
    }
}

/// What was wrong with a request that was refused: Node's `context`.
///
/// `Display` gives it as a line for logs, without the ids of sessions, which are secrets.
#[derive(Debug)]
#[non_exhaustive]
pub enum FailureContext {
    /// 0: the transport that the client named, as it stands in the query.
    TransportUnknown {
        /// `None` if the query names none.
        transport: Option<String>,
    },
    /// 1: the session that the client named. Behind a load balancer it may live on another server.
    SessionIdUnknown {
        /// The id as it stands in the query.
        sid: SessionId,
    },
    /// 2: the method by which the client wanted to open a session.
    BadHandshakeMethod {
        /// The method of the request.
        method: Method,
    },
    /// 3: the session is on another transport than the request (Node's `TRANSPORT_MISMATCH`).
    TransportMismatch {
        /// The transport of the request.
        transport: Transport,
        /// The transport of the session.
        previous: Transport,
    },
    /// 3: the request is no handshake of the transport that it names, or it wants an upgrade where
    /// there can be none (Node's `TRANSPORT_HANDSHAKE_ERROR`).
    TransportHandshake,
    /// 3: the session speaks another revision than the request (Node's `PROTOCOL_MISMATCH`).
    ProtocolMismatch {
        /// The revision of the request.
        protocol: Protocol,
        /// The revision of the session.
        previous: Protocol,
    },
    /// 3: there is no id for a new session (Node's `ID_GENERATION_ERROR`).
    IdGeneration {
        /// Why there is none.
        error: BoxError,
    },
    /// 4: the application refused the request.
    Forbidden {
        /// The message that it gave for the client, if any.
        message: Option<String>,
    },
    /// 4: the origin is not in the list of those that are served
    /// ([`Config::origins`](crate::Config::origins)).
    OriginNotAllowed {
        /// The header of the request. `None` if a script or a form polls that does not show of which
        /// origin its page is ([`Origins::List`](crate::Origins::List)).
        origin: Option<HeaderValue>,
    },
    /// 5: the revision that the client wants to speak.
    UnsupportedProtocolVersion {
        /// All that is not 4 is taken for 3, as by Node's server.
        protocol: Protocol,
    },
}

impl FailureContext {
    /// The name of the failure in Node, which only those with the code 3 have, and our refusal of
    /// an origin.
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

impl fmt::Display for FailureContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |name: &Option<String>| match name {
            Some(name) => format!("{name:?}"),
            None => "none".to_owned(),
        };
        match self {
            Self::TransportUnknown { transport } => {
                write!(f, "the request names the transport {}", named(transport))
            }
            Self::SessionIdUnknown { .. } => f.write_str("the request names no living session"),
            Self::BadHandshakeMethod { method } => write!(f, "the method is {method}"),
            Self::TransportMismatch {
                transport,
                previous,
            } => write!(f, "a request of {transport} for a session on {previous}"),
            Self::TransportHandshake => f.write_str("no handshake of the transport that it names"),
            Self::ProtocolMismatch { protocol, previous } => write!(
                f,
                "a request of revision {protocol} for a session of revision {previous}"
            ),
            Self::IdGeneration { error } => write!(f, "no id for the session: {error}"),
            Self::Forbidden { message } => {
                write!(f, "refused by the application: {}", named(message))
            }
            Self::OriginNotAllowed {
                origin: Some(origin),
            } => write!(f, "the origin {origin:?} is not listed"),
            Self::OriginNotAllowed { origin: None } => f.write_str(
                "JSONP of a page that does not show of which origin it is: with a list of origins \
                 serve it with TLS from the origin of the server, or let it poll without JSONP",
            ),
            Self::UnsupportedProtocolVersion { protocol } => {
                write!(f, "the request asks for revision {protocol}")
            }
        }
    }
}

/// Why a request is refused: what the client is told, and what the application.
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

    /// The transport that the client names is none, or not one of those that are served.
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

    /// The application refused the request.
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
    fn the_message_is_that_of_the_table_and_the_context_has_the_applications() {
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
