//! What is kept of a socket that may come back.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use socketio_proto::Packet;

use crate::room::Room;
use crate::socket_id::SocketId;

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
pub struct Session {
    /// The id of the socket.
    #[serde(rename = "sid")]
    pub id: SocketId,
    /// The secret that the client must know.
    #[serde(rename = "pid")]
    pub recovery_id: RecoveryId,
    /// The rooms of the socket.
    pub rooms: Vec<Room>,
    /// What the application has attached to the socket.
    #[serde(default)]
    pub data: serde_json::Value,
}

/// A session that came back, and what its client has missed.
#[derive(Clone, Debug)]
pub struct RestoredSession {
    /// What was kept.
    pub session: Session,
    /// The packets that the client has not seen, oldest first.
    pub missed: Vec<Packet>,
}
