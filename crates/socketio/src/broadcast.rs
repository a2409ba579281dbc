//! Operations on many sockets: broadcasts, rooms, disconnects, and descriptions of remote sockets.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use engineio::log::{Chain, Escaped};
use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::{Adapter, BroadcastOptions, IntoRooms, Target};
use socketio_proto::{Args, Packet};

use crate::error::emit_error::EmitError;
use crate::membership::namespace_shared::Scope;

mod ack;
mod fetch;
mod remote;

pub use self::ack::{BroadcastAck, BroadcastAckBySocket, BroadcastAckError, SocketAck};
pub use self::fetch::FetchError;
pub use self::remote::{RemoteAck, RemoteEmitter, RemoteHandshake, RemoteSocket};

/// A selection of the sockets of a namespace, and the options of the next operation on them.
///
/// [`SocketIo`](crate::SocketIo), [`Namespace`](crate::Namespace) and [`Socket`](crate::Socket)
/// create operators with methods such as `to`, `in_` and `except`. Without rooms, all sockets of
/// the namespace are selected. A socket that is in several of the rooms is selected once.
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

    /// Returns an operator for other sockets in the same scope.
    fn with_target(&self, target: Target) -> Self {
        Self::new(Arc::clone(&self.scope), target)
    }

    pub(crate) fn scope(&self) -> &Arc<dyn Scope> {
        &self.scope
    }

    fn adapter(&self) -> &Arc<dyn Adapter> {
        self.scope.adapter()
    }

    /// Adds rooms to the selection. Sockets in any of the rooms are selected.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        self.options.target.add_rooms(rooms);
        self
    }

    /// Adds rooms to the selection, as [`to`](Self::to) does (Node's `in`).
    #[doc(alias = "in")]
    pub fn in_(self, rooms: impl IntoRooms) -> Self {
        self.to(rooms)
    }

    /// Excludes the sockets in these rooms.
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        self.options.target.add_excluded(rooms);
        self
    }

    /// Restricts the selection to sockets on this server.
    pub fn local(mut self) -> Self {
        self.options.flags.local = true;
        self
    }

    /// Marks the packet as volatile: it is dropped for each client whose transport is not ready.
    pub fn volatile(mut self) -> Self {
        self.options.flags.volatile = true;
        self
    }

    /// Sets whether the transports may compress the packet: `true` by default.
    pub fn compress(mut self, compress: bool) -> Self {
        self.options.flags.compress = compress;
        self
    }

    /// Sets how long to wait for acknowledgements. By default, until each client has answered or
    /// left.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.flags.timeout = Some(timeout);
        self
    }

    /// Sends an event to the selected sockets.
    ///
    /// The packet is encoded once. Arguments, errors and queueing are as in
    /// [`Socket::emit`](crate::Socket::emit).
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
        if let Err(error) = self.try_emit(event, args) {
            engineio::log_limited!(
                error,
                None,
                "the event was not sent",
                event = ?Escaped(event),
                error = %Escaped(Chain(&error)),
            );
        }
    }

    /// Sends an event as [`emit`](Self::emit) does, and returns an error if it cannot be sent.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is reserved or the arguments cannot be serialised.
    pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
        let packet = self.packet(event, args)?;
        self.adapter().broadcast(packet, self.options.clone());
        Ok(())
    }

    /// Sends a `message` event to the selected sockets (Node's `send`).
    #[doc(alias = "write")]
    pub fn send<T: Serialize + ?Sized>(&self, args: &T) {
        self.emit("message", args);
    }

    /// Sends an event to the selected sockets immediately, and returns their acknowledgements
    /// (Node's `emitWithAck`).
    ///
    /// The result is a stream of answers; [`all`](BroadcastAck::all) collects them, and
    /// [`by_socket`](BroadcastAck::by_socket) adds the ids of the sockets.
    ///
    /// As in Node, only the first argument of each answer counts, unless `T` is a tuple. A client
    /// that leaves is no longer waited for. Without a [`timeout`](Self::timeout), the operation
    /// waits until each remaining client has answered or left.
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

    /// Adds the selected sockets to rooms (Node's `socketsJoin`).
    #[doc(alias = "socketsJoin")]
    pub fn sockets_join(&self, rooms: impl IntoRooms) {
        let rooms = rooms.into_rooms();
        self.adapter().add_sockets(self.options.clone(), rooms);
    }

    /// Removes the selected sockets from rooms (Node's `socketsLeave`).
    #[doc(alias = "socketsLeave")]
    pub fn sockets_leave(&self, rooms: impl IntoRooms) {
        let rooms = rooms.into_rooms();
        self.adapter().del_sockets(self.options.clone(), rooms);
    }

    /// Disconnects the selected sockets from their namespace (Node's `disconnectSockets()`). Their
    /// connections stay open.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect_sockets(&self) {
        self.adapter()
            .disconnect_sockets(self.options.clone(), false);
    }

    /// Closes the connections of the selected sockets' clients (Node's `disconnectSockets(true)`).
    /// The clients leave all of their namespaces.
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
