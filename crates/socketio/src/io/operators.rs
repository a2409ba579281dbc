//! The operations of [`BroadcastOperator`] on everybody in the main namespace.

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::{IntoRooms, SocketId};

use super::SocketIo;
use crate::broadcast::{BroadcastAck, BroadcastOperator, FetchError, RemoteSocket};
use crate::emit_error::EmitError;

impl<S> SocketIo<S> {
    /// Sends an event to everybody in the main namespace, as [`emit`](Self::emit), and tells if it cannot be
    /// sent.
    ///
    /// # Errors
    ///
    /// If the name is reserved or the arguments cannot be serialised.
    pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
        self.everybody().try_emit(event, args)
    }

    /// Sends an event to everybody in the main namespace and returns the acknowledgements, see
    /// [`BroadcastOperator::emit_with_ack`].
    ///
    /// With a [`timeout`](Self::timeout) clients that do not answer are given up.
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> BroadcastAck<T> {
        self.everybody().emit_with_ack(event, args)
    }

    /// The same as [`send`](Self::send), as in Node.
    pub fn write<T: Serialize + ?Sized>(&self, args: &T) {
        self.everybody().write(args);
    }

    /// Means everybody in the main namespace; the flag has no effect, see [`BroadcastOperator::binary`].
    pub fn binary(&self, binary: bool) -> BroadcastOperator {
        self.everybody().binary(binary)
    }

    /// Lets everybody in the main namespace join rooms (Node's `socketsJoin`).
    pub fn sockets_join(&self, rooms: impl IntoRooms) {
        self.everybody().sockets_join(rooms);
    }

    /// Lets everybody in the main namespace leave rooms (Node's `socketsLeave`).
    pub fn sockets_leave(&self, rooms: impl IntoRooms) {
        self.everybody().sockets_leave(rooms);
    }

    /// Describes everybody in the main namespace, on every server: see
    /// [`BroadcastOperator::fetch_sockets`].
    ///
    /// # Errors
    ///
    /// If another server has not answered in time, or the adapter has failed.
    pub fn fetch_sockets(
        &self,
    ) -> impl Future<Output = Result<Vec<RemoteSocket>, FetchError>> + Send + use<S> {
        self.everybody().fetch_sockets()
    }

    /// The ids of everybody in the main namespace, on every server: see
    /// [`BroadcastOperator::all_sockets`].
    ///
    /// # Errors
    ///
    /// As those of [`fetch_sockets`](Self::fetch_sockets).
    pub fn all_sockets(
        &self,
    ) -> impl Future<Output = Result<Vec<SocketId>, FetchError>> + Send + use<S> {
        self.everybody().all_sockets()
    }
}
