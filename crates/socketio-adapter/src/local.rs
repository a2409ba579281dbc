//! The sockets of this server, as an adapter uses them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use socketio_proto::{Args, Packet};

use crate::ack::{AckGuard, AckSink};
use crate::options::BroadcastOptions;
use crate::room::Room;
use crate::room_list::RoomList;
use crate::rooms::RoomObserver;
use crate::socket_id::SocketId;
use crate::target::Target;

/// The sockets of one namespace on this server.
///
/// The server implements this trait and passes it to the [`Adapter`](crate::Adapter). The adapter calls
/// it for operations of this server and for operations that it receives from other servers. No method
/// waits for anything but short locks.
pub trait LocalSockets: Send + Sync + 'static {
    /// Sends a packet to the targeted sockets.
    fn broadcast(&self, packet: &Packet, options: &BroadcastOptions);

    /// Sends a packet as [`broadcast`](Self::broadcast) does, for an adapter that holds a lock.
    ///
    /// The listeners of outgoing events run when the returned value is dropped. Drop it after the
    /// lock.
    fn broadcast_locked(&self, packet: &Packet, options: &BroadcastOptions) -> AfterDelivery {
        self.broadcast(packet, options);
        AfterDelivery::default()
    }

    /// Sends a packet to the targeted sockets and asks each for an acknowledgement.
    ///
    /// The server sets the acknowledgement id, because ids are local to a server. It stores a
    /// [`PendingAck`](crate::PendingAck) for each socket and calls [`AckSink::count`] once with their
    /// number. Dropping the guard drops the remaining pending acknowledgements.
    fn broadcast_with_ack(
        &self,
        packet: &Packet,
        options: &BroadcastOptions,
        sink: Arc<dyn AckSink>,
    ) -> AckGuard;

    /// Adds the targeted sockets to rooms.
    fn join(&self, target: &Target, rooms: &RoomList);

    /// Removes the targeted sockets from rooms.
    fn leave(&self, target: &Target, rooms: &RoomList);

    /// Disconnects the targeted sockets. If `close` is true, closes their connections too.
    fn disconnect(&self, target: &Target, close: bool);

    /// Returns descriptions of the targeted sockets.
    fn fetch(&self, target: &Target) -> Vec<RemoteSocketInfo>;

    /// Returns the number of sockets.
    fn count(&self) -> usize;

    /// Adds an observer of later changes to rooms.
    fn observe_rooms(&self, observer: Arc<dyn RoomObserver>);

    /// Handles an event that another server has emitted to the servers: its name and arguments.
    /// `reply` is set if that server expects an acknowledgement.
    ///
    /// The handlers start in the order of the calls and run in separate tasks. Call this inside the
    /// tokio runtime.
    fn server_side_event(&self, event: Args, reply: Option<ServerSideReply>);
}

/// The description of a socket that a server sends to other servers, in the format of Node's servers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RemoteSocketInfo {
    /// The id of the socket.
    pub id: SocketId,
    /// The handshake of the client: headers, query, address and time.
    pub handshake: serde_json::Value,
    /// The rooms of the socket, its own room first.
    pub rooms: Vec<Room>,
    /// The data that the application has attached to the socket.
    #[serde(default)]
    pub data: serde_json::Value,
}

impl RemoteSocketInfo {
    /// Creates the description of a socket with neither handshake nor data.
    #[must_use]
    pub fn new(id: SocketId, rooms: Vec<Room>) -> Self {
        Self {
            id,
            handshake: serde_json::Value::Null,
            rooms,
            data: serde_json::Value::Null,
        }
    }

    /// Sets [`handshake`](Self#structfield.handshake).
    #[must_use]
    pub fn with_handshake(mut self, handshake: serde_json::Value) -> Self {
        self.handshake = handshake;
        self
    }

    /// Sets [`data`](Self#structfield.data).
    #[must_use]
    pub fn with_data(mut self, data: serde_json::Value) -> Self {
        self.data = data;
        self
    }
}

/// Work that follows the delivery of a packet and must not run under a lock. It runs on drop.
#[derive(Default)]
#[must_use = "listeners run when it is dropped"]
pub struct AfterDelivery(Option<Box<dyn FnOnce() + Send>>);

impl AfterDelivery {
    /// Creates a value that calls `work` when it is dropped.
    pub fn new(work: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(work)))
    }
}

impl Drop for AfterDelivery {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

impl fmt::Debug for AfterDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterDelivery").finish_non_exhaustive()
    }
}

/// A handle to answer a server that expects an acknowledgement of its event.
#[must_use = "the other server waits for the reply until it times out"]
pub struct ServerSideReply {
    send: Box<dyn FnOnce(Args) + Send>,
}

impl ServerSideReply {
    /// Creates a reply that passes the acknowledgement to `send`.
    pub fn new(send: impl FnOnce(Args) + Send + 'static) -> Self {
        Self {
            send: Box::new(send),
        }
    }

    /// Sends the acknowledgement.
    pub fn send(self, answer: Args) {
        (self.send)(answer);
    }
}

impl fmt::Debug for ServerSideReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSideReply").finish_non_exhaustive()
    }
}
