//! The reason why a client is disconnected.

use std::fmt;

/// The reason why a client is disconnected, named as in Node's client.
///
/// It is the client's view. The server's view is the `DisconnectReason` of its disconnect handlers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Disconnection {
    /// The test disconnected the client with `disconnect` or `close`.
    ClientDisconnect,
    /// The server sent a packet that cannot be decoded.
    ParseError,
    /// The server disconnected the client from its namespace.
    ServerDisconnect,
    /// The connection was closed by the server, or lost.
    TransportClose,
    /// The server refused a request of the connection.
    TransportError,
}

impl Disconnection {
    /// Returns the reason as text, as Node's client passes it to its `disconnect` event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientDisconnect => "io client disconnect",
            Self::ParseError => "parse error",
            Self::ServerDisconnect => "io server disconnect",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
        }
    }
}

impl fmt::Display for Disconnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<str> for Disconnection {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Disconnection {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

/// The end of a connection: its reason and what happened, for failure messages.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) reason: Disconnection,
    /// Empty if the reason says it all.
    pub(crate) detail: String,
}

impl End {
    pub(crate) fn new(reason: Disconnection) -> Self {
        Self::with_detail(reason, String::new())
    }

    pub(crate) fn with_detail(reason: Disconnection, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { reason, detail }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)?;
        if self.detail.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.detail)
    }
}
