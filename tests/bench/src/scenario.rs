//! The scenarios.

use std::fmt;
use std::str::FromStr;

use crate::error::LoadError;

/// The behavior of the clients, which defines one operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scenario {
    /// An event whose acknowledgement contains its argument.
    Ack,
    /// An event with a binary argument that the server returns.
    Bin,
    /// One socket emits, every socket receives; one operation is one delivery.
    Broadcast,
    /// Opening connections, and their memory when idle and after one event.
    Connect,
    /// An event that the server returns.
    Echo,
    /// In-memory connections of clients in the server's process, and their costs when idle.
    Inner,
    /// Broadcasts on one schedule, and joins of their room on another.
    Joins,
    /// An event that the server returns over HTTP long-polling.
    Polling,
    /// An acknowledged join or leave of some rooms.
    Rooms,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 9] = [
        Self::Ack,
        Self::Bin,
        Self::Broadcast,
        Self::Connect,
        Self::Echo,
        Self::Inner,
        Self::Joins,
        Self::Polling,
        Self::Rooms,
    ];

    /// The name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Bin => "bin",
            Self::Broadcast => "broadcast",
            Self::Connect => "connect",
            Self::Echo => "echo",
            Self::Inner => "inner",
            Self::Joins => "joins",
            Self::Polling => "polling",
            Self::Rooms => "rooms",
        }
    }

    /// Returns whether the operations of a connection are alternately to join and to leave.
    pub(crate) fn has_turns(self) -> bool {
        matches!(self, Self::Joins | Self::Rooms)
    }

    pub(crate) fn default_connections(self) -> usize {
        match self {
            Self::Connect | Self::Joins | Self::Rooms => 10_000,
            Self::Broadcast => 1000,
            // The connection that controls the others.
            Self::Inner => 1,
            Self::Ack | Self::Bin | Self::Echo | Self::Polling => 100,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = LoadError;

    fn from_str(text: &str) -> Result<Self, LoadError> {
        let found = Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == text);
        found.ok_or_else(|| LoadError::new(format!("unknown scenario `{text}`; see --help")))
    }
}
