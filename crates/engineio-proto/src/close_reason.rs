//! The reason for the end of a session.

use std::fmt;

/// The reason for the end of a session, with the names of Node's server.
///
/// The Socket.IO layer has further reasons.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The application closed the connection.
    ForcedClose,
    /// The client sent something that is not an Engine.IO packet.
    ParseError,
    /// The client did not send its half of the heartbeat in time.
    PingTimeout,
    /// The server is shutting down.
    ServerShuttingDown,
    /// The client or the network closed the connection.
    TransportClose,
    /// The transport failed, or the client violated the protocol: overlapping requests, a ping in the
    /// wrong direction, or reading so slowly that the outbound queue exceeded its limit.
    TransportError,
}

impl CloseReason {
    /// All reasons.
    pub const ALL: [Self; 6] = [
        Self::ForcedClose,
        Self::ParseError,
        Self::PingTimeout,
        Self::ServerShuttingDown,
        Self::TransportClose,
        Self::TransportError,
    ];

    /// Returns the reason as Node's server spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForcedClose => "forced close",
            Self::ParseError => "parse error",
            Self::PingTimeout => "ping timeout",
            Self::ServerShuttingDown => "server shutting down",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_spelled_as_in_node() {
        let words = [
            (CloseReason::ForcedClose, "forced close"),
            (CloseReason::ParseError, "parse error"),
            (CloseReason::PingTimeout, "ping timeout"),
            (CloseReason::ServerShuttingDown, "server shutting down"),
            (CloseReason::TransportClose, "transport close"),
            (CloseReason::TransportError, "transport error"),
        ];
        for (reason, word) in words {
            assert_eq!(reason.as_str(), word);
            assert_eq!(reason.to_string(), word);
        }
    }
}
