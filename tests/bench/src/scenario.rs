//! What the clients do.

use std::fmt;
use std::str::FromStr;

use crate::error::LoadError;

/// What the clients do, and so what one operation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scenario {
    /// An event whose acknowledgement carries its argument back.
    Ack,
    /// An event with a binary argument that comes back.
    Bin,
    /// One socket emits, every socket receives; one operation is one delivery.
    Broadcast,
    /// Opening connections; then memory of idle ones, and of such that have been used.
    Connect,
    /// An event that comes back.
    Echo,
    /// An event that comes back, over HTTP long-polling.
    Polling,
    /// An acknowledged join or leave of some rooms.
    Rooms,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 7] = [
        Self::Ack,
        Self::Bin,
        Self::Broadcast,
        Self::Connect,
        Self::Echo,
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
            Self::Polling => "polling",
            Self::Rooms => "rooms",
        }
    }

    pub(crate) fn default_connections(self) -> usize {
        match self {
            Self::Connect | Self::Rooms => 10_000,
            Self::Broadcast => 1000,
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
