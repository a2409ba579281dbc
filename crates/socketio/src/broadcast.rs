//! Operations on many sockets.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::{Adapter, BroadcastOptions, IntoRooms, Target};
use socketio_proto::{Args, Packet};

use crate::error::emit_error::EmitError;
use crate::membership::namespace_shared::Scope;

mod ack;
mod fetch;
mod remote;

pub use self::ack::{BroadcastAck, BroadcastAckError};
pub use self::fetch::FetchError;
pub use self::remote::{RemoteAck, RemoteEmitter, RemoteHandshake, RemoteSocket};

/// Some of the sockets of a namespace, and how the next operation on them is to be carried out.
///
/// Made by `to`, `in_`, `except` and their like of [`SocketIo`](crate::SocketIo),
/// [`Namespace`](crate::Namespace) and [`Socket`](crate::Socket); every method returns a new one.
/// Without rooms everybody is meant. A socket that is in several of the rooms is meant once.
///
/// # Examples
///
/// ```
/// use socketio::SocketIo;
///
/// fn announce(io: &SocketIo) {
///     io.to("news").to("sport").except("muted").emit("headline", "We won");
/// }
/// ```
#[derive(Clone)]
#[must_use = "nothing happens until an operation such as `emit` is called"]
pub struct BroadcastOperator {
    scope: Arc<dyn Scope>,
    options: BroadcastOptions,
}

impl BroadcastOperator {
    pub(crate) fn new(scope: Arc<dyn Scope>, target: Target) -> Self {
        Self {
            scope,
            options: BroadcastOptions::new(target),
        }
    }

    /// An operator for other sockets of the same place.
    fn with_target(&self, target: Target) -> Self {
        Self::new(Arc::clone(&self.scope), target)
    }

    pub(crate) fn scope(&self) -> &Arc<dyn Scope> {
        &self.scope
    }

    fn adapter(&self) -> &Arc<dyn Adapter> {
        self.scope.adapter()
    }

    /// Adds rooms whose members are meant.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        self.options.target.add_rooms(rooms);
        self
    }

    /// The same as [`to`](Self::to); `in` is a keyword.
    #[doc(alias = "in")]
    pub fn in_(self, rooms: impl IntoRooms) -> Self {
        self.to(rooms)
    }

    /// Adds rooms whose members are left out.
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        self.options.target.add_excluded(rooms);
        self
    }

    /// Means the sockets of this server only.
    pub fn local(mut self) -> Self {
        self.options.flags.local = true;
        self
    }

    /// Drops the packet for each client whose transport cannot take it at once.
    pub fn volatile(mut self) -> Self {
        self.options.flags.volatile = true;
        self
    }

    /// Whether the transports may compress the packet: `true` by default.
    pub fn compress(mut self, compress: bool) -> Self {
        self.options.flags.compress = compress;
        self
    }

    /// Gives up acknowledgements after a time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.flags.timeout = Some(timeout);
        self
    }

    /// Sends an event to all that are meant.
    ///
    /// It is encoded once. Arguments, errors and queueing are as for
    /// [`Socket::emit`](crate::Socket::emit).
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
        if let Err(error) = self.try_emit(event, args) {
            tracing::error!(
                event,
                error = &error as &dyn std::error::Error,
                "the event was not sent"
            );
        }
    }

    /// Sends an event, as [`emit`](Self::emit), and tells if it cannot be sent.
    ///
    /// # Errors
    ///
    /// If the name is reserved or the arguments cannot be serialised.
    pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
        let packet = self.packet(event, args)?;
        self.adapter().broadcast(packet, self.options.clone());
        Ok(())
    }

    /// Sends a `message` event to all that are meant (Node's `send`).
    #[doc(alias = "write")]
    pub fn send<T: Serialize + ?Sized>(&self, args: &T) {
        self.emit("message", args);
    }

    /// Sends an event to all that are meant at once and returns their acknowledgements: a stream
    /// of answers, and a future of all of them.
    ///
    /// Of each client the first argument of its answer counts, as in Node's server; a tuple takes
    /// several. A client that leaves is no longer waited for. Without a
    /// [`timeout`](Self::timeout) the others are waited for until they answer or leave.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use socketio::SocketIo;
    ///
    /// async fn poll(io: SocketIo) {
    ///     let limit = Duration::from_secs(5);
    ///     let votes = io.to("voters").timeout(limit).emit_with_ack::<bool>("ready?", "").all().await;
    ///     match votes {
    ///         Ok(votes) => println!("{} have answered", votes.len()),
    ///         Err(error) => println!("only {} have answered", error.answers().len()),
    ///     }
    /// }
    /// ```
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> BroadcastAck<T> {
        match self.packet(event, args) {
            Ok(packet) => {
                let answers = self
                    .adapter()
                    .broadcast_with_ack(packet, self.options.clone());
                BroadcastAck::new(answers, self.options.flags.timeout)
            }
            Err(error) => BroadcastAck::failed(error),
        }
    }

    /// Lets all that are meant join rooms (Node's `socketsJoin`).
    #[doc(alias = "socketsJoin")]
    pub fn sockets_join(&self, rooms: impl IntoRooms) {
        let rooms = rooms.into_rooms();
        self.adapter().add_sockets(self.options.clone(), rooms);
    }

    /// Lets all that are meant leave rooms (Node's `socketsLeave`).
    #[doc(alias = "socketsLeave")]
    pub fn sockets_leave(&self, rooms: impl IntoRooms) {
        let rooms = rooms.into_rooms();
        self.adapter().del_sockets(self.options.clone(), rooms);
    }

    /// Disconnects the selected sockets from their namespace. Their connections stay open.
    ///
    /// Node's `disconnectSockets()`.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect_sockets(&self) {
        self.adapter()
            .disconnect_sockets(self.options.clone(), false);
    }

    /// Closes the connections of the clients of the selected sockets.
    ///
    /// The clients leave all namespaces that they have joined. Node's `disconnectSockets(true)`.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect_clients(&self) {
        self.adapter()
            .disconnect_sockets(self.options.clone(), true);
    }

    fn packet<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<Packet, EmitError> {
        EmitError::check_name(event)?;
        let args = Args::from_serialize(Some(event), args)?;
        Ok(Packet::event(self.scope.name().clone(), args))
    }
}

impl fmt::Debug for BroadcastOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastOperator")
            .field("namespace", self.scope.name())
            .field("options", &self.options)
            .finish()
    }
}
