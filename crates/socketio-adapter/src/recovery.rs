//! What is kept of a socket that may come back, and of what it misses meanwhile.
//!
//! ```text
//! Adapter::broadcast        appends an offset to the event and keeps both: KeptPackets
//! Adapter::persist_session  a connection was lost: KeptSessions
//! Adapter::take_session     the client is back: its session leaves the store, whatever follows
//! Adapter::resume_session   calls Resume with what it has missed, between two deliveries
//! ```

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

/// The secret by which a client gets its lost socket back; Node calls it `pid`.
///
/// It is neither the id of the socket nor that of the connection, and is not printed.
#[derive(Clone, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RecoveryId(SmolStr);

impl RecoveryId {
    /// Returns the id as text.
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

/// What is kept of a socket whose connection was lost, in the form that Node's servers use.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StoredSession {
    /// The id of the socket.
    #[serde(rename = "sid")]
    pub id: SocketId,
    /// The secret that the client must know.
    #[serde(rename = "pid")]
    pub recovery_id: RecoveryId,
    /// The rooms of the socket, that of its own id among them.
    pub rooms: Vec<Room>,
    /// What the application has attached to the socket.
    #[serde(default)]
    pub data: serde_json::Value,
    /// The offset that was the last one ([`Adapter::last_offset`](crate::Adapter::last_offset)) when
    /// the client joined first. Nothing up to it is told to the client, which says itself how far it
    /// wants to go back. Sessions of Node's servers have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<String>,
    /// For how long the session has been kept: zero where a connection has just been lost.
    ///
    /// An adapter says it of a session that it gives away
    /// ([`Adapter::take_session`](crate::Adapter::take_session)), and counts it when that is given back,
    /// so that nobody wins time with it. It is no part of what is stored.
    #[serde(skip)]
    pub age: Duration,
}

impl StoredSession {
    /// Creates the session of a socket whose connection has just been lost, without data.
    ///
    /// `rooms` includes the room of the socket's own id.
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

    /// Sets the data of the application.
    #[must_use]
    pub fn with_data(mut self, data: serde_json::Value) -> Self {
        self.data = data;
        self
    }

    /// Sets the offset at which the client joined first.
    #[must_use]
    pub fn with_joined_at(mut self, offset: Option<String>) -> Self {
        self.joined_at = offset;
        self
    }

    /// Sets the time since the connection was lost.
    #[must_use]
    pub fn with_age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }
}
