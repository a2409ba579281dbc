//! The ways in which packets travel.

use std::fmt;

/// A way in which packets travel: the `transport` query parameter.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Transport {
    /// HTTP long-polling: a waiting GET brings packets to the client, a POST brings them back.
    Polling,
    /// One WebSocket for both directions.
    WebSocket,
    /// One stream of a WebTransport session (HTTP/3) for both directions.
    WebTransport,
}

impl Transport {
    /// The transport that a `transport` query parameter names, if it is one.
    ///
    /// Names are compared byte by byte, as in Node's server: `WebSocket` is not a transport.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "polling" => Some(Self::Polling),
            "websocket" => Some(Self::WebSocket),
            "webtransport" => Some(Self::WebTransport),
            _ => None,
        }
    }

    /// The name of the transport in queries and in the handshake.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
            Self::WebTransport => "webtransport",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for transport in [
            Transport::Polling,
            Transport::WebSocket,
            Transport::WebTransport,
        ] {
            assert_eq!(Transport::parse(transport.as_str()), Some(transport));
        }
        assert_eq!(Transport::WebSocket.to_string(), "websocket");
        assert_eq!(Transport::WebTransport.to_string(), "webtransport");
    }

    #[test]
    fn other_names_are_no_transport() {
        for name in ["", "WebSocket", "polling ", "WebTransport", "constructor"] {
            assert_eq!(Transport::parse(name), None, "{name:?}");
        }
    }
}
