//! What carries operations on many sockets to all servers.

mod error;

use futures_core::future::BoxFuture;
use socketio_proto::{Args, Packet};

use crate::ack::Answers;
use crate::options::BroadcastOptions;
use crate::recovery::{RecoveryId, RestoredSession, Session};
use crate::remote::RemoteSocketInfo;
use crate::room_list::RoomList;

pub use self::error::AdapterError;

/// Carries the operations of one namespace to its sockets on this server and on all others.
///
/// This server's own sockets are reached through [`LocalSockets`](crate::LocalSockets), and always
/// first: an outage of what connects the servers must not stop what one server can do alone. With
/// [`Flags::local`](crate::Flags::local) nothing goes to other servers.
///
/// The operations that have no result return at once; what they send is sent behind their back, in
/// the order of the calls.
///
/// The defaults are those of a server that is alone.
pub trait Adapter: Send + Sync + 'static {
    /// Prepares the adapter. Resolves once other servers can reach this one.
    fn init(&self) -> BoxFuture<'_, Result<(), AdapterError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Ends the adapter: tells the other servers and frees what it holds.
    fn close(&self) -> BoxFuture<'_, Result<(), AdapterError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Returns how many servers there are, this one included.
    fn server_count(&self) -> BoxFuture<'_, Result<usize, AdapterError>> {
        Box::pin(std::future::ready(Ok(1)))
    }

    /// Sends a packet to the sockets that are meant.
    fn broadcast(&self, packet: Packet, options: BroadcastOptions);

    /// Sends a packet to the sockets that are meant, and returns their acknowledgements as they come.
    ///
    /// The caller brings the timeout ([`Answers::until`]); that of the options is for the other
    /// servers, which forget the broadcast then.
    fn broadcast_with_ack(&self, packet: Packet, options: BroadcastOptions) -> Answers;

    /// Lets the sockets that are meant join rooms; Node's `socketsJoin`.
    fn add_sockets(&self, options: BroadcastOptions, rooms: RoomList);

    /// Lets the sockets that are meant leave rooms; Node's `socketsLeave`.
    fn del_sockets(&self, options: BroadcastOptions, rooms: RoomList);

    /// Disconnects the sockets that are meant; if `close`, with their whole connections.
    fn disconnect_sockets(&self, options: BroadcastOptions, close: bool);

    /// Describes the sockets that are meant, those of this server first.
    fn fetch_sockets(
        &self,
        options: BroadcastOptions,
    ) -> BoxFuture<'_, Result<Vec<RemoteSocketInfo>, AdapterError>>;

    /// Emits an event, its name and arguments, to the other servers. Default: there are none.
    fn server_side_emit(&self, event: Args) {
        let _ = event;
    }

    /// Emits an event, its name and arguments, to the other servers, and returns their
    /// acknowledgements. Default: there are none.
    fn server_side_emit_with_ack(
        &self,
        event: Args,
    ) -> BoxFuture<'_, Result<Vec<Args>, AdapterError>> {
        let _ = event;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Keeps a session whose connection was lost.
    ///
    /// # Errors
    ///
    /// By default, [`AdapterError::is_not_supported`].
    fn persist_session(&self, session: Session) -> Result<(), AdapterError> {
        let _ = session;
        Err(AdapterError::not_supported("recovery of connections"))
    }

    /// Looks for a session and for what its client has missed since the packet at `offset`. Resolves
    /// to nothing if the session is unknown or too old. By default it fails with
    /// [`AdapterError::is_not_supported`].
    fn restore_session(
        &self,
        id: RecoveryId,
        offset: String,
    ) -> BoxFuture<'_, Result<Option<RestoredSession>, AdapterError>> {
        let _ = (id, offset);
        Box::pin(std::future::ready(Err(AdapterError::not_supported(
            "recovery of connections",
        ))))
    }
}
