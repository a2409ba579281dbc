//! The numbered errors with which a request is refused.

use std::{error::Error, fmt};

use smol_str::SmolStr;

use crate::json;

/// The reason for the refusal of a request, numbered as in Node's server.
///
/// An HTTP response has the status [`status`](Self::status) and the body [`to_json`](Self::to_json). The
/// response to a WebSocket handshake has [`message`](Self::message) as its text.
///
/// # Examples
///
/// ```
/// use engineio_proto::ConnectionError;
///
/// let refusal = ConnectionError::SessionIdUnknown;
/// assert_eq!(refusal.status(), 400);
/// assert_eq!(refusal.to_json(), r#"{"code":1,"message":"Session ID unknown"}"#);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ConnectionError {
    /// 0: the `transport` parameter is missing, unknown, or names a disabled transport.
    TransportUnknown,
    /// 1: the `sid` parameter names no open session.
    SessionIdUnknown,
    /// 2: a session can only be opened with GET.
    BadHandshakeMethod,
    /// 3: the request does not fit the session or the protocol.
    BadRequest,
    /// 4: the application refused the request, possibly with a message.
    Forbidden(Option<SmolStr>),
    /// 5: the `EIO` parameter names a revision that the server does not support.
    UnsupportedProtocolVersion,
}

impl ConnectionError {
    /// Creates a refusal by the application with a message.
    #[must_use]
    pub fn forbidden(message: impl Into<SmolStr>) -> Self {
        Self::Forbidden(Some(message.into()))
    }

    /// Returns the number of the error.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::TransportUnknown => 0,
            Self::SessionIdUnknown => 1,
            Self::BadHandshakeMethod => 2,
            Self::BadRequest => 3,
            Self::Forbidden(_) => 4,
            Self::UnsupportedProtocolVersion => 5,
        }
    }

    /// Returns the text of the error that is sent to the client.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::SessionIdUnknown => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden(None) => "Forbidden",
            Self::Forbidden(Some(message)) => message,
            Self::UnsupportedProtocolVersion => "Unsupported protocol version",
        }
    }

    /// Returns the HTTP status: 403 for [`Forbidden`](Self::Forbidden), otherwise 400.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Forbidden(_) => 403,
            _ => 400,
        }
    }

    /// Returns the body of the response, such as `{"code":0,"message":"Transport unknown"}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = format!("{{\"code\":{},\"message\":", self.code());
        json::push_string(&mut out, self.message());
        out.push('}');
        out
    }
}

/// Writes the text for logs: the message to the client and a remedy.
impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remedy = match self {
            Self::TransportUnknown => "use an enabled transport, \"polling\" or \"websocket\"",
            Self::SessionIdUnknown => {
                "open a new session; behind a load balancer, enable sticky sessions"
            }
            Self::BadHandshakeMethod => "open the session with GET",
            Self::BadRequest => "use the transport that the session is on, and the method it needs",
            Self::Forbidden(_) => "check the requirements of the server for connections",
            Self::UnsupportedProtocolVersion => {
                "use a Socket.IO client of version 3 or 4 (EIO=4), or enable `allow_eio3` for \
                 older clients"
            }
        };
        write!(f, "{}: {remedy}", self.message())
    }
}

impl Error for ConnectionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_match_node() {
        let table = [
            (
                ConnectionError::TransportUnknown,
                r#"{"code":0,"message":"Transport unknown"}"#,
            ),
            (
                ConnectionError::SessionIdUnknown,
                r#"{"code":1,"message":"Session ID unknown"}"#,
            ),
            (
                ConnectionError::BadHandshakeMethod,
                r#"{"code":2,"message":"Bad handshake method"}"#,
            ),
            (
                ConnectionError::BadRequest,
                r#"{"code":3,"message":"Bad request"}"#,
            ),
            (
                ConnectionError::Forbidden(None),
                r#"{"code":4,"message":"Forbidden"}"#,
            ),
            (
                ConnectionError::UnsupportedProtocolVersion,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
        ];
        for (error, body) in table {
            assert_eq!(error.to_json(), body);
        }
    }

    #[test]
    fn only_forbidden_is_403() {
        assert_eq!(ConnectionError::BadRequest.status(), 400);
        assert_eq!(ConnectionError::UnsupportedProtocolVersion.status(), 400);
        assert_eq!(ConnectionError::Forbidden(None).status(), 403);
    }

    #[test]
    fn a_custom_message_is_escaped() {
        let error = ConnectionError::forbidden("say \"please\"");
        assert_eq!(error.message(), "say \"please\"");
        assert_eq!(error.to_json(), r#"{"code":4,"message":"say \"please\""}"#);
    }
}
