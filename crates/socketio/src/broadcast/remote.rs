//! A socket of any server.

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

/// A socket that was fetched, of this server or of another, and what it was like then (Node's
/// `RemoteSocket`).
///
/// Got from [`BroadcastOperator::fetch_sockets`]. What is done to it goes through the adapter, to
/// the room of its own id. For what only the server of the socket knows, there is
/// [`local`](Self::local).
#[derive(Clone)]
pub struct RemoteSocket {
    info: RemoteSocketInfo,
    pub(crate) operator: BroadcastOperator,
}

impl RemoteSocket {
    pub(super) fn new(info: RemoteSocketInfo, of: &BroadcastOperator) -> Self {
        let target = Target::all().to(&info.id);
        Self {
            operator: of.with_target(target),
            info,
        }
    }

    /// The id of the socket.
    #[must_use]
    pub fn id(&self) -> &SocketId {
        &self.info.id
    }

    /// What the client sent when it opened its connection.
    #[must_use]
    pub fn handshake(&self) -> RemoteHandshake<'_> {
        RemoteHandshake::new(&self.info.handshake)
    }

    /// The rooms that the socket was in, first the one of its own id.
    #[must_use]
    pub fn rooms(&self) -> &[Room] {
        &self.info.rooms
    }

    /// What the application had attached to the socket, as far as its server shares it: see
    /// [`Namespace::share_data`](crate::Namespace::share_data).
    #[must_use]
    pub fn data(&self) -> &Value {
        &self.info.data
    }

    /// What the application had attached to the socket under a key, as a type.
    ///
    /// # Errors
    ///
    /// If there is a value and it does not fit the type.
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

    /// Sends an event to the client, as [`emit`](Self::emit), and tells if it cannot be sent.
    ///
    /// # Errors
    ///
    /// If the name is reserved or the arguments cannot be serialised.
    pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
        self.operator.try_emit(event, args)
    }

    /// Sends an event to the client and returns the future of its acknowledgement.
    ///
    /// Without a [`timeout`](Self::timeout) the answer is waited for until the socket is
    /// disconnected.
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> RemoteAck<T> {
        RemoteAck::new(self.operator.emit_with_ack(event, args))
    }

    /// Gives up the acknowledgement of the next [`emit_with_ack`](RemoteEmitter::emit_with_ack)
    /// after a time.
    pub fn timeout(&self, timeout: Duration) -> RemoteEmitter {
        RemoteEmitter::new(self.operator.clone()).timeout(timeout)
    }

    /// Drops the next packet if the transport cannot take it at once.
    pub fn volatile(&self) -> RemoteEmitter {
        RemoteEmitter::new(self.operator.clone()).volatile()
    }

    /// Whether the next packet may be compressed.
    pub fn compress(&self, compress: bool) -> RemoteEmitter {
        RemoteEmitter::new(self.operator.clone()).compress(compress)
    }

    /// Lets the socket join rooms.
    pub fn join(&self, rooms: impl IntoRooms) {
        self.operator.sockets_join(rooms);
    }

    /// Lets the socket leave rooms.
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

/// Handshake and data often hold secrets and are left out.
impl fmt::Debug for RemoteSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSocket")
            .field("id", self.id())
            .field("rooms", &self.rooms())
            .finish_non_exhaustive()
    }
}

/// As the server of the socket describes it to others: `{id, handshake, rooms, data}`.
impl Serialize for RemoteSocket {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.info.serialize(serializer)
    }
}
