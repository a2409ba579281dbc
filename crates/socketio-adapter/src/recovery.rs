//! The sessions and packets that an adapter stores for connection state recovery.
//!
//! ```text
//! Adapter::broadcast        appends an offset to the event and stores it in KeptPackets
//! Adapter::persist_session  stores the session of a lost connection in KeptSessions
//! Adapter::take_session     removes the session of a client that reconnects
//! Adapter::resume_session   selects the missed packets (KeptPackets::missed) and passes them to
//!                           Resume, between two deliveries
//! ```
//!
//! Missed packets are selected by the rooms of the session, that is the rooms the socket was in when
//! the connection was lost. All stored packets since the last one that the client knows are compared
//! with these rooms. A ledger bounds the bytes of one namespace and of all namespaces together.
//!
//! | file | contents |
//! |---|---|
//! | `packets.rs`, `sessions.rs` | the stored packets and sessions, their limits and expiry |
//! | `ledger.rs` | the number of stored bytes |
//! | `offsets.rs` | the offsets that name packets |
//! | `resume.rs` | the packets that a client has missed |
//! | `options.rs` | the limits |

mod ledger;
mod offsets;
mod options;
mod packets;
mod resume;
mod sessions;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::room::Room;
use crate::socket_id::SocketId;

pub(crate) use self::ledger::Store;
pub use self::options::RecoveryOptions;
pub(crate) use self::packets::KeptPackets;
pub use self::resume::{MissedPacket, Resume};
pub(crate) use self::sessions::{KeptSessions, SessionTooLarge};

/// The secret with which a client recovers its socket; Node's `pid`.
///
/// It differs from the ids of the socket and of the connection. `Debug` does not print it.
#[derive(Clone, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RecoveryId(SmolStr);

impl RecoveryId {
    /// Returns the id as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<SmolStr> for RecoveryId {
    fn from(id: SmolStr) -> Self {
        Self(id)
    }
}

impl From<&str> for RecoveryId {
    fn from(id: &str) -> Self {
        Self(SmolStr::new(id))
    }
}

impl fmt::Debug for RecoveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryId(..)")
    }
}

/// The stored session of a socket whose connection was lost, in the format of Node's servers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StoredSession {
    /// The id of the socket.
    #[serde(rename = "sid")]
    pub id: SocketId,
    /// The secret that the client must present.
    #[serde(rename = "pid")]
    pub recovery_id: RecoveryId,
    /// The rooms of the socket, its own room included.
    pub rooms: Vec<Room>,
    /// The data that the application has attached to the socket.
    #[serde(default)]
    pub data: serde_json::Value,
    /// The last offset ([`Adapter::last_offset`](crate::Adapter::last_offset)) when the client first
    /// joined.
    ///
    /// Packets up to it are not replayed, whatever offset the client sends. Sessions of Node's
    /// servers have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<String>,
    /// The time since the connection was lost: zero for a connection that has just been lost.
    ///
    /// An adapter sets it in [`Adapter::take_session`](crate::Adapter::take_session) and respects it
    /// in [`Adapter::persist_session`](crate::Adapter::persist_session). So repeated attempts do not
    /// extend the lifetime of a session. It is not serialized.
    #[serde(skip)]
    pub age: Duration,
}

impl StoredSession {
    /// Creates the session of a socket without data whose connection has just been lost.
    ///
    /// `rooms` includes the socket's own room.
    #[must_use]
    pub fn new(id: SocketId, recovery_id: RecoveryId, rooms: Vec<Room>) -> Self {
        Self {
            id,
            recovery_id,
            rooms,
            data: serde_json::Value::Null,
            joined_at: None,
            age: Duration::ZERO,
        }
    }

    /// Sets [`data`](Self#structfield.data).
    #[must_use]
    pub fn with_data(mut self, data: serde_json::Value) -> Self {
        self.data = data;
        self
    }

    /// Sets [`joined_at`](Self#structfield.joined_at).
    #[must_use]
    pub fn with_joined_at(mut self, offset: Option<String>) -> Self {
        self.joined_at = offset;
        self
    }

    /// Sets [`age`](Self#structfield.age).
    #[must_use]
    pub fn with_age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }
}
