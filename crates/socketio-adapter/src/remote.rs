//! A socket as other servers see it.

use serde::{Deserialize, Serialize};

use crate::room::Room;
use crate::socket_id::SocketId;

/// What a server tells others of one of its sockets, in the form that Node's servers use.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RemoteSocketInfo {
    /// The id of the socket.
    pub id: SocketId,
    /// How the client has introduced itself: headers, query, address, time.
    pub handshake: serde_json::Value,
    /// The rooms of the socket, that of its own id first.
    pub rooms: Vec<Room>,
    /// What the application has attached to the socket.
    #[serde(default)]
    pub data: serde_json::Value,
}

impl RemoteSocketInfo {
    /// Creates the description of a socket without handshake and data.
    #[must_use]
    pub fn new(id: SocketId, rooms: Vec<Room>) -> Self {
        Self {
            id,
            handshake: serde_json::Value::Null,
            rooms,
            data: serde_json::Value::Null,
        }
    }

    /// Sets the handshake.
    #[must_use]
    pub fn with_handshake(mut self, handshake: serde_json::Value) -> Self {
        self.handshake = handshake;
        self
    }

    /// Sets the data of the application.
    #[must_use]
    pub fn with_data(mut self, data: serde_json::Value) -> Self {
        self.data = data;
        self
    }
}
