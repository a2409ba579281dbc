//! Why a session ended.

use std::fmt;

/// Why a session ended, in the words that Node's server reports.
///
/// The layer above adds reasons of its own; these are the ones that the Engine.IO session knows.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The application closed the connection.
    ForcedClose,
    /// The client sent something that is not an Engine.IO packet.
    ParseError,
    /// The client did not answer a ping within the ping timeout.
    PingTimeout,
    /// The server is going down.
    ServerShuttingDown,
    /// The client closed the connection, or the network did.
    TransportClose,
    /// The transport failed, or the client broke its rules: requests that overlap, a ping in the
    /// wrong direction, reading so slowly that the outbound queue passed its limit.
    TransportError,
}

impl CloseReason {
    /// The reason as Node's server spells it.
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
    fn reasons_read_as_in_node() {
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
