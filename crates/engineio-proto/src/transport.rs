//! The transports.

use std::fmt;

/// A transport for packets: the `transport` query parameter.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Transport {
    /// HTTP long-polling: the server sends packets in the response to a GET, the client sends them in a POST.
    Polling,
    /// A WebSocket.
    WebSocket,
    /// A bidirectional stream of a WebTransport session (HTTP/3).
    WebTransport,
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 3] = [Self::Polling, Self::WebSocket, Self::WebTransport];

    /// Returns the transport with that name in queries, or `None` if there is none.
    ///
    /// Names are case-sensitive, as in Node's server: `WebSocket` is not a transport.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "polling" => Some(Self::Polling),
            "websocket" => Some(Self::WebSocket),
            "webtransport" => Some(Self::WebTransport),
            _ => None,
        }
    }

    /// Returns the name of the transport in queries and in the handshake.
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
    fn names_are_parsed_as_they_are_written() {
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
    fn other_names_are_not_transports() {
        for name in ["", "WebSocket", "polling ", "WebTransport", "constructor"] {
            assert_eq!(Transport::parse(name), None, "{name:?}");
        }
    }
}
