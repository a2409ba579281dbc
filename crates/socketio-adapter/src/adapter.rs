//! The interface through which a namespace operates on the sockets of all servers.

mod error;

use std::sync::Arc;

use futures_core::future::BoxFuture;
use socketio_proto::{Args, Packet};

use crate::ack::Answers;
use crate::local::{LocalSockets, RemoteSocketInfo};
use crate::options::BroadcastOptions;
use crate::recovery::{RecoveryId, Resume, StoredSession};
use crate::room_list::RoomList;

pub use self::error::AdapterError;

/// Forwards the operations of one namespace to its sockets on this server and on all others.
///
/// An adapter operates on the sockets of this server first, through [`LocalSockets`]. An outage of
/// the connection between servers must not stop what one server can do alone. With
/// [`Flags::local`](crate::Flags::local), nothing is forwarded to other servers.
///
/// Operations without a result return at once. An adapter sends them to other servers in the
/// background, in the order of the calls.
///
/// The default implementations are those of a single server.
pub trait Adapter: Send + Sync + 'static {
    /// Prepares the adapter. Resolves once other servers can reach this one.
    ///
    /// # Errors
    ///
    /// If the adapter cannot connect to the other servers.
    fn init(&self) -> BoxFuture<'_, Result<(), AdapterError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Closes the adapter: notifies the other servers and frees its resources.
    ///
    /// # Errors
    ///
    /// If the other servers cannot be notified.
    fn close(&self) -> BoxFuture<'_, Result<(), AdapterError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Returns whether the adapter can serve new sockets: it reaches the other servers.
    ///
    /// The server is not ready for new clients while the adapter of one of its namespaces returns
    /// `false`. It is called for each readiness probe, so it returns a state that the adapter keeps
    /// and does not ask other servers. The default is `true`.
    fn is_healthy(&self) -> bool {
        true
    }

    /// Returns the number of servers, this one included.
    ///
    /// # Errors
    ///
    /// If the number cannot be determined.
    fn server_count(&self) -> BoxFuture<'_, Result<usize, AdapterError>> {
        Box::pin(std::future::ready(Ok(1)))
    }

    /// Sends a packet to the targeted sockets.
    fn broadcast(&self, packet: Packet, options: BroadcastOptions);

    /// Sends a packet to the targeted sockets and returns the stream of their acknowledgements.
    ///
    /// The caller applies the timeout with [`Answers::until`]. The timeout in the options is for the
    /// other servers, which drop the pending acknowledgements after it.
    fn broadcast_with_ack(&self, packet: Packet, options: BroadcastOptions) -> Answers;

    /// Adds the targeted sockets to rooms; Node's `socketsJoin`.
    fn add_sockets(&self, options: BroadcastOptions, rooms: RoomList);

    /// Removes the targeted sockets from rooms; Node's `socketsLeave`.
    fn del_sockets(&self, options: BroadcastOptions, rooms: RoomList);

    /// Disconnects the targeted sockets. If `close` is true, closes their connections too.
    fn disconnect_sockets(&self, options: BroadcastOptions, close: bool);

    /// Returns descriptions of the targeted sockets, those of this server first.
    ///
    /// # Errors
    ///
    /// [`AdapterError::missing_sockets`] if servers do not answer in time. The error holds the
    /// descriptions from the servers that did answer.
    fn fetch_sockets(
        &self,
        options: BroadcastOptions,
    ) -> BoxFuture<'_, Result<Vec<RemoteSocketInfo>, AdapterError>>;

    /// Emits an event, its name and arguments, to the other servers. By default there are none.
    fn server_side_emit(&self, event: Args) {
        let _ = event;
    }

    /// Emits an event, its name and arguments, to the other servers, and returns one
    /// acknowledgement from each of them. By default there are none.
    ///
    /// # Errors
    ///
    /// [`MissingAnswers`](crate::MissingAnswers) if servers do not answer in time. The error holds
    /// the answers that did arrive.
    fn server_side_emit_with_ack(
        &self,
        event: Args,
    ) -> BoxFuture<'_, Result<Vec<Args>, AdapterError>> {
        let _ = event;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Returns whether the adapter stores sessions and packets, so that clients can recover from a
    /// lost connection. False by default.
    ///
    /// If true, [`broadcast`](Self::broadcast) stores every event that asks for no acknowledgement
    /// and is not volatile. It appends an offset to the arguments, a string that the client sends
    /// back to name the last event that it has received.
    fn supports_recovery(&self) -> bool {
        false
    }

    /// Returns the number of sessions that this server stores for recovery, expired ones included until
    /// they are removed. By default there are none.
    fn session_count(&self) -> usize {
        0
    }

    /// Returns the offset of the last stored packet.
    ///
    /// The server calls this for each socket that joins and stores the result in
    /// [`StoredSession::joined_at`]: packets up to this offset are not replayed to the client. By
    /// default the offset is unknown, and the client alone decides how far back the replay goes.
    fn last_offset(&self) -> Option<String> {
        None
    }

    /// Stores the session of a lost connection and replaces a session with the same id.
    ///
    /// The server also returns a taken session with this method if the client did not recover it. The
    /// session keeps its age then ([`StoredSession::age`]).
    ///
    /// # Errors
    ///
    /// If the session is too large. By default, [`AdapterError::is_not_supported`].
    fn persist_session(&self, session: StoredSession) -> Result<(), AdapterError> {
        let _ = session;
        Err(AdapterError::not_supported("recovery of connections"))
    }

    /// Removes a session from the store, so that only one client can recover it.
    ///
    /// Resolves to `None` if the session is unknown or expired, or if the packets since `offset` are
    /// known to be incomplete. `offset` is input from the client. It is empty if the client has
    /// received no event yet; such a client cannot be recovered.
    ///
    /// The caller always polls the future to completion. Then it calls
    /// [`resume_session`](Self::resume_session), at once or after middleware, or returns the session
    /// with [`persist_session`](Self::persist_session).
    ///
    /// # Errors
    ///
    /// If the store fails. By default, [`AdapterError::is_not_supported`].
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

    /// Calls `resume` with the packets that the client of a session has missed since the packet at
    /// `offset`.
    ///
    /// A packet is missed if its target includes the rooms of the session ([`Target::includes`])
    /// and if it is newer than [`StoredSession::joined_at`]. Resolves to false if the packets are
    /// incomplete, or if `resume` returns false.
    ///
    /// `resume` sends the packets and adds the socket to its rooms. So that the client receives each
    /// packet once, call it while no other stored packet is delivered to the sockets of this server,
    /// and pass exactly the packets that were delivered before. [`InMemoryAdapter`] holds a lock
    /// meanwhile.
    ///
    /// An adapter that stores packets in a log elsewhere, such as a Redis stream, proceeds as follows:
    ///
    /// 1. Read the log up to the last delivered entry.
    /// 2. Pause delivery and read the entries that arrived in between.
    /// 3. Call `resume` and continue delivery.
    ///
    /// Because this may take time, `resume` is a callback: a returned list could be outdated when it
    /// arrives.
    ///
    /// # Errors
    ///
    /// If the store fails. By default, [`AdapterError::is_not_supported`].
    ///
    /// [`Target::includes`]: crate::Target::includes
    /// [`InMemoryAdapter`]: crate::InMemoryAdapter
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

/// Creates the adapter of each namespace when the namespace is created.
///
/// Closures with the same signature implement this trait.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use socketio_adapter::{Adapter, AdapterFactory, InMemoryAdapter, LocalSockets};
///
/// fn configure(adapter: impl AdapterFactory) {
///     // ...
/// #   let _ = adapter;
/// }
///
/// configure(|_namespace: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
///     Arc::new(InMemoryAdapter::new(local))
/// });
/// ```
pub trait AdapterFactory: Send + Sync + 'static {
    /// Creates the adapter of a namespace, which reaches the sockets of this server through `local`.
    ///
    /// The adapter may keep `local`. It does not keep the namespace alive, and its methods do
    /// nothing once the namespace is removed.
    ///
    /// Two threads that create the same namespace at once may both call this. One of the adapters
    /// is then dropped without [`init`](Adapter::init) or [`close`](Adapter::close), so register
    /// and subscribe in `init`.
    fn create(&self, namespace: &str, local: Arc<dyn LocalSockets>) -> Arc<dyn Adapter>;
}

impl<F> AdapterFactory for F
where
    F: Fn(&str, Arc<dyn LocalSockets>) -> Arc<dyn Adapter> + Send + Sync + 'static,
{
    fn create(&self, namespace: &str, local: Arc<dyn LocalSockets>) -> Arc<dyn Adapter> {
        self(namespace, local)
    }
}
