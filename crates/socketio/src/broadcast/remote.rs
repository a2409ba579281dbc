//! A handle to a socket on any server.

mod ack;
mod emitter;
mod handshake;

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use socketio_adapter::{IntoRooms, RemoteSocketInfo, Room, SocketId, Target};

use super::BroadcastOperator;
use crate::error::emit_error::EmitError;

pub use self::ack::RemoteAck;
pub use self::emitter::RemoteEmitter;
pub use self::handshake::RemoteHandshake;

/// A handle to a socket on any server, with a snapshot of its state (Node's `RemoteSocket`).
///
/// [`BroadcastOperator::fetch_sockets`] returns it. Operations are sent through the adapter to the
/// room of the socket's id. If the socket is connected to this server, [`local`](Self::local)
/// returns the [`Socket`](crate::Socket).
#[derive(Clone)]
pub struct RemoteSocket {
    info: RemoteSocketInfo,
    pub(crate) operator: BroadcastOperator,
}

impl RemoteSocket {
    pub(super) fn new(info: RemoteSocketInfo, fetched_by: &BroadcastOperator) -> Self {
        let target = Target::all().to(&info.id);
        Self {
            operator: fetched_by.with_target(target),
            info,
        }
    }

    /// Returns the id of the socket.
    #[must_use]
    pub fn id(&self) -> &SocketId {
        &self.info.id
    }

    /// Returns the request with which the client opened its connection.
    #[must_use]
    pub fn handshake(&self) -> RemoteHandshake<'_> {
        RemoteHandshake::new(&self.info.handshake)
    }

    /// Returns the rooms that the socket was in. The first one is the room of its id.
    #[must_use]
    pub fn rooms(&self) -> &[Room] {
        &self.info.rooms
    }

    /// Returns the data of the socket that its server shares, as JSON (Node's `socket.data`). See
    /// [`Namespace::share_data`](crate::Namespace::share_data).
    #[must_use]
    pub fn data(&self) -> &Value {
        &self.info.data
    }

    /// Deserialises the shared data of the socket under a key. Returns `None` if there is no value.
    ///
    /// # Errors
    ///
    /// Returns an error if the value does not have the type `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use socketio::{RemoteSocket, SocketIo};
    ///
    /// #[derive(Deserialize, Serialize)]
    /// struct User {
    ///     name: String,
    /// }
    ///
    /// fn register(io: &SocketIo) {
    ///     io.of("/").share_data::<User>("user");
    /// }
    ///
    /// fn name(socket: &RemoteSocket) -> Option<String> {
    ///     let user: User = socket.data_as("user").ok()??;
    ///     Some(user.name)
    /// }
    /// ```
    pub fn data_as<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, serde_json::Error> {
        self.info.data.get(key).map(T::deserialize).transpose()
    }

    /// Sends an event to the client, see [`BroadcastOperator::emit`].
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
        self.operator.emit(event, args);
    }

    /// Sends an event to the client as [`emit`](Self::emit) does, and returns an error if it cannot
    /// be sent.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is reserved or the arguments cannot be serialised.
    pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
        self.operator.try_emit(event, args)
    }

    /// Sends an event to the client and returns the future of its acknowledgement.
    ///
    /// Without a [`timeout`](Self::timeout), the future waits until the socket is disconnected.
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> RemoteAck<T> {
        RemoteAck::new(self.operator.emit_with_ack(event, args))
    }

    /// Sets how long the next [`emit_with_ack`](RemoteEmitter::emit_with_ack) waits for its
    /// acknowledgement.
    pub fn timeout(&self, timeout: Duration) -> RemoteEmitter {
        RemoteEmitter::new(self.operator.clone()).timeout(timeout)
    }

    /// Marks the next packet as volatile: it is dropped if the transport is not ready.
    pub fn volatile(&self) -> RemoteEmitter {
        RemoteEmitter::new(self.operator.clone()).volatile()
    }

    /// Sets whether the transport may compress the next packet: `true` by default.
    pub fn compress(&self, compress: bool) -> RemoteEmitter {
        RemoteEmitter::new(self.operator.clone()).compress(compress)
    }

    /// Adds the socket to rooms.
    pub fn join(&self, rooms: impl IntoRooms) {
        self.operator.sockets_join(rooms);
    }

    /// Removes the socket from rooms.
    pub fn leave(&self, rooms: impl IntoRooms) {
        self.operator.sockets_leave(rooms);
    }

    /// Disconnects the socket from its namespace. The connection stays open (Node's `disconnect()`).
    pub fn disconnect(&self) {
        self.operator.disconnect_sockets();
    }

    /// Closes the connection of the socket's client (Node's `disconnect(true)`).
    #[doc(alias = "disconnect")]
    pub fn disconnect_client(&self) {
        self.operator.disconnect_clients();
    }
}

/// Omits the handshake and the data because they often hold secrets.
impl fmt::Debug for RemoteSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSocket")
            .field("id", self.id())
            .field("rooms", &self.rooms())
            .finish_non_exhaustive()
    }
}

/// Serialises the description that servers exchange: `{id, handshake, rooms, data}`.
impl Serialize for RemoteSocket {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.info.serialize(serializer)
    }
}
