use std::fmt;

use engineio::CloseReason;

/// Why a socket left its namespace, in the words of Node's server.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left the namespace (`socket.disconnect()` on its side).
    ClientNamespaceDisconnect,
    /// The connection was closed because the client sent a packet that cannot be decoded.
    ForcedClose,
    /// The connection was closed because the client broke the protocol, or joined no namespace in
    /// time.
    ForcedServerClose,
    /// The client sent an Engine.IO packet that cannot be decoded.
    ParseError,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The server disconnected the socket.
    ServerNamespaceDisconnect,
    /// The server is shutting down.
    ServerShuttingDown,
    /// The connection was closed: the page was left, the network changed, the process ended.
    TransportClose,
    /// The connection failed, or the client was so slow that it was cut off.
    TransportError,
}

impl DisconnectReason {
    /// The text that Node's server gives to its `disconnect` event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::ParseError => "parse error",
            Self::PingTimeout => "ping timeout",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::ServerShuttingDown => "server shutting down",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
        }
    }
}

impl DisconnectReason {
    /// Whether a client that left for this reason may come back, if the server has
    /// [`connection_state_recovery`](crate::SocketIoBuilder::connection_state_recovery): the same
    /// reasons as in Node's server.
    ///
    /// It may not if it or the application has ended the socket, or if it does not speak the protocol.
    #[must_use]
    pub const fn is_recoverable(self) -> bool {
        match self {
            Self::ForcedClose
            | Self::ForcedServerClose
            | Self::PingTimeout
            | Self::ServerShuttingDown
            | Self::TransportClose
            | Self::TransportError => true,
            Self::ClientNamespaceDisconnect
            | Self::ParseError
            | Self::ServerNamespaceDisconnect => false,
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<CloseReason> for DisconnectReason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::ForcedClose => Self::ForcedClose,
            CloseReason::ParseError => Self::ParseError,
            CloseReason::PingTimeout => Self::PingTimeout,
            CloseReason::ServerShuttingDown => Self::ServerShuttingDown,
            CloseReason::TransportClose => Self::TransportClose,
            _ => Self::TransportError,
        }
    }
}
