//! What carries operations on many sockets to all servers.

mod error;

use futures_core::future::BoxFuture;
use socketio_proto::{Args, Packet};

use crate::ack::Answers;
use crate::options::BroadcastOptions;
use crate::recovery::{RecoveryId, Resume, StoredSession};
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

    /// Describes the sockets that are meant, those of this server first. Servers that do not answer
    /// in time are reported with [`AdapterError::missing_sockets`].
    fn fetch_sockets(
        &self,
        options: BroadcastOptions,
    ) -> BoxFuture<'_, Result<Vec<RemoteSocketInfo>, AdapterError>>;

    /// Emits an event, its name and arguments, to the other servers. Default: there are none.
    fn server_side_emit(&self, event: Args) {
        let _ = event;
    }

    /// Emits an event, its name and arguments, to the other servers, and returns their
    /// acknowledgements, one of each. Servers that do not answer in time are reported with
    /// [`MissingAnswers`](crate::MissingAnswers) and the answers of the others. Default: there are
    /// none.
    fn server_side_emit_with_ack(
        &self,
        event: Args,
    ) -> BoxFuture<'_, Result<Vec<Args>, AdapterError>> {
        let _ = event;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Tells whether sessions and packets are kept, so that a client whose connection was lost can
    /// come back. By default they are not.
    ///
    /// If they are, [`broadcast`](Self::broadcast) keeps every event that asks for no acknowledgement
    /// and is not volatile, with an offset as additional last argument: a text by which the client
    /// says later what it has seen.
    fn supports_recovery(&self) -> bool {
        false
    }

    /// Returns the offset of the last packet that was kept. What a socket that joins after this call
    /// is told when it comes back is younger ([`StoredSession::joined_at`]). Called for each socket that
    /// joins. Default: not known, so clients choose how far back they are told.
    fn last_offset(&self) -> Option<String> {
        None
    }

    /// Keeps a session whose connection was lost, in the place of one that has the same id. One that
    /// was taken is given back likewise, and is as old as it says ([`StoredSession::age`]).
    ///
    /// # Errors
    ///
    /// If the session is too large. By default, [`AdapterError::is_not_supported`].
    fn persist_session(&self, session: StoredSession) -> Result<(), AdapterError> {
        let _ = session;
        Err(AdapterError::not_supported("recovery of connections"))
    }

    /// Takes a session out of the store, so that nobody else can have it. Resolves to nothing if the
    /// session is unknown or too old, or if it is known already that what was missed since the packet
    /// at `offset` cannot be told. That is text of the client's: empty from one that has been sent
    /// nothing yet, which cannot be told what it has missed. The future is always polled to its end.
    /// By default it fails with [`AdapterError::is_not_supported`].
    ///
    /// [`resume_session`](Self::resume_session) follows, at once or when middleware has decided, or
    /// the session is kept anew with [`persist_session`](Self::persist_session).
    fn take_session(
        &self,
        id: RecoveryId,
        offset: String,
    ) -> BoxFuture<'_, Result<Option<StoredSession>, AdapterError>> {
        let _ = (id, offset);
        Box::pin(std::future::ready(Err(AdapterError::not_supported(
            "recovery of connections",
        ))))
    }

    /// Calls `resume` with what the client of a session has missed since the packet at `offset`:
    /// those packets that are meant for the rooms of the session ([`Target::includes`]), and are younger
    /// than its joining ([`StoredSession::joined_at`]). Resolves to
    /// false if that cannot be told any more, or if `resume` says so. By default it fails with
    /// [`AdapterError::is_not_supported`].
    ///
    /// `resume` sends the packets and puts the socket into its rooms. So that the client gets each
    /// packet once, it must run while no other packet that is kept is delivered to the sockets of this
    /// server, and be given exactly those that were delivered before. An adapter in memory holds a lock
    /// meanwhile. One that keeps packets in a log elsewhere, such as a stream of Redis, reads the log
    /// up to the entry that it has delivered last, then stops delivering, reads what came in between,
    /// calls `resume`, and goes on. Because that may take time, it is a callback and not a result: a list
    /// that is returned would be out of date when it arrives.
    ///
    /// [`Target::includes`]: crate::Target::includes
    fn resume_session(
        &self,
        session: StoredSession,
        offset: String,
        resume: Resume,
    ) -> BoxFuture<'_, Result<bool, AdapterError>> {
        let _ = (session, offset, resume);
        Box::pin(std::future::ready(Err(AdapterError::not_supported(
            "recovery of connections",
        ))))
    }
}
