//! The reason why a socket left its namespace.

use std::fmt;

use engineio::CloseReason;

/// The reason why a socket left its namespace, named as in Node's server.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left the namespace with `socket.disconnect()`.
    ClientNamespaceDisconnect,
    /// The server closed the connection because the client sent a packet that cannot be decoded.
    ForcedClose,
    /// The server closed the connection because the client violated the protocol or did not join a
    /// namespace in time.
    ForcedServerClose,
    /// The client sent an Engine.IO packet that cannot be decoded.
    ParseError,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The server disconnected the socket.
    ServerNamespaceDisconnect,
    /// The server is shutting down.
    ServerShuttingDown,
    /// The connection was closed, for example because the user left the page, the network changed
    /// or the client process ended.
    TransportClose,
    /// The connection failed, or the server closed it because the client was too slow.
    TransportError,
}

impl DisconnectReason {
    /// Returns the reason as text, as Node's server passes it to the `disconnect` event.
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
    /// Returns whether a client that was disconnected for this reason can recover its socket.
    ///
    /// This requires
    /// [`connection_state_recovery`](crate::SocketIoBuilder::connection_state_recovery). The
    /// recoverable reasons are those of Node's server: neither the client nor the application
    /// disconnected the socket, and the client did not send an invalid Engine.IO packet.
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
