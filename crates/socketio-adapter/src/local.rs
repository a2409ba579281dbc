//! The sockets of this server, as an adapter sees them.

use std::fmt;
use std::sync::Arc;

use socketio_proto::{Args, Packet};

use crate::ack::{AckGuard, AckSink};
use crate::options::BroadcastOptions;
use crate::remote::RemoteSocketInfo;
use crate::room_list::RoomList;
use crate::rooms::RoomObserver;
use crate::target::Target;

/// The sockets that one namespace has on this server.
///
/// The server implements it and gives it to the [`Adapter`](crate::Adapter), which calls it for what
/// is asked for here and for what arrives from other servers. None of the methods waits for anything
/// but short locks.
pub trait LocalSockets: Send + Sync + 'static {
    /// Sends a packet to the sockets that are meant.
    fn broadcast(&self, packet: &Packet, options: &BroadcastOptions);

    /// Sends a packet as [`broadcast`](Self::broadcast) does, for an adapter that holds a lock: who
    /// listens to what is sent is told when the returned value is dropped.
    fn broadcast_locked(&self, packet: &Packet, options: &BroadcastOptions) -> AfterDelivery {
        self.broadcast(packet, options);
        AfterDelivery::default()
    }

    /// Sends a packet to the sockets that are meant, each of which then owes an acknowledgement.
    ///
    /// The id of the acknowledgement is set here: each server has ids of its own. A
    /// [`PendingAck`](crate::PendingAck) is kept for each socket, and [`AckSink::count`] is called once
    /// with their number. Dropping the guard drops those that are left.
    fn broadcast_with_ack(
        &self,
        packet: &Packet,
        options: &BroadcastOptions,
        sink: Arc<dyn AckSink>,
    ) -> AckGuard;

    /// Lets the sockets that are meant join rooms.
    fn join(&self, target: &Target, rooms: &RoomList);

    /// Lets the sockets that are meant leave rooms.
    fn leave(&self, target: &Target, rooms: &RoomList);

    /// Disconnects the sockets that are meant; if `close`, with their whole connections.
    fn disconnect(&self, target: &Target, close: bool);

    /// Describes the sockets that are meant.
    fn fetch(&self, target: &Target) -> Vec<RemoteSocketInfo>;

    /// Returns how many sockets there are.
    fn count(&self) -> usize;

    /// Sets who is told of changes to rooms from now on.
    fn observe_rooms(&self, observer: Arc<dyn RoomObserver>);

    /// Takes in an event that another server has emitted to the servers: its name and arguments.
    /// There is a reply if that server wants an acknowledgement.
    ///
    /// Its handlers run in tasks of their own, and are started in the order of the calls. Call it
    /// inside the tokio runtime.
    fn server_side_event(&self, event: Args, reply: Option<ServerSideReply>);
}

/// What is still to be done when a packet has been delivered, and no lock is held any more. It is
/// done when this is dropped.
#[derive(Default)]
#[must_use = "listeners are told when it is dropped"]
pub struct AfterDelivery(Option<Box<dyn FnOnce() + Send>>);

impl AfterDelivery {
    /// Returns what does this when it is dropped.
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

/// The way back to a server that wants an acknowledgement of its event.
#[must_use = "the other server waits for the reply until it times out"]
pub struct ServerSideReply {
    send: Box<dyn FnOnce(Args) + Send>,
}

impl ServerSideReply {
    /// Returns a reply that is handed to `send`.
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
