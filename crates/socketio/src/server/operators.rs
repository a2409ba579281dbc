//! The operations of [`BroadcastOperator`] on all sockets, for the handles of a namespace and of
//! the server.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::{IntoRooms, SocketId};

use crate::broadcast::{BroadcastAck, BroadcastOperator, FetchError, RemoteSocket};
use crate::error::emit_error::EmitError;
use crate::namespace::Namespace;
use crate::server::io::SocketIo;
use crate::socket::server_side::{self, ServerSideAck};

macro_rules! operations {
    ($handle:ident, $place:literal) => {
        impl<S> $handle<S> {
            #[doc = concat!("Sends an event to all sockets in ", $place, ". See [`BroadcastOperator::emit`].")]
            pub fn emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
                self.operator().emit(event, args);
            }

            #[doc = concat!("Sends a `message` event to all sockets in ", $place, ".")]
            #[doc(alias = "write")]
            pub fn send<T: Serialize + ?Sized>(&self, args: &T) {
                self.operator().send(args);
            }

            #[doc = concat!("Selects the sockets in ", $place, " that are in at least one of the rooms.")]
            pub fn to(&self, rooms: impl IntoRooms) -> BroadcastOperator {
                self.operator().to(rooms)
            }

            /// Alias of [`to`](Self::to). It has this name because `in` is a keyword.
            #[doc(alias = "in")]
            pub fn in_(&self, rooms: impl IntoRooms) -> BroadcastOperator {
                self.to(rooms)
            }

            #[doc = concat!("Selects the sockets in ", $place, " that are in none of the rooms.")]
            pub fn except(&self, rooms: impl IntoRooms) -> BroadcastOperator {
                self.operator().except(rooms)
            }

            #[doc = concat!("Selects the sockets in ", $place, " that are connected to this server.")]
            pub fn local(&self) -> BroadcastOperator {
                self.operator().local()
            }

            #[doc = concat!("Returns an operator for ", $place, " whose packets are dropped for clients that are not ready to receive.")]
            pub fn volatile(&self) -> BroadcastOperator {
                self.operator().volatile()
            }

            #[doc = concat!("Returns an operator for ", $place, " that sets whether packets may be compressed. The default is `true`.")]
            pub fn compress(&self, compress: bool) -> BroadcastOperator {
                self.operator().compress(compress)
            }

            #[doc = concat!("Returns an operator for ", $place, " with a timeout for acknowledgements.")]
            pub fn timeout(&self, timeout: Duration) -> BroadcastOperator {
                self.operator().timeout(timeout)
            }

            #[doc = concat!("Disconnects the sockets in ", $place, " from it. The connections stay open.")]
            ///
            /// Node's `disconnectSockets()`. See [`BroadcastOperator::disconnect_sockets`].
            #[doc(alias = "disconnectSockets")]
            pub fn disconnect_sockets(&self) {
                self.operator().disconnect_sockets();
            }

            #[doc = concat!("Closes the connections of the clients in ", $place, ".")]
            ///
            /// Node's `disconnectSockets(true)`. See [`BroadcastOperator::disconnect_clients`].
            #[doc(alias = "disconnectSockets")]
            pub fn disconnect_clients(&self) {
                self.operator().disconnect_clients();
            }

            #[doc = concat!("Sends an event to all sockets in ", $place, ", and returns an error if it cannot be sent.")]
            ///
            /// # Errors
            ///
            /// Fails if the name is reserved or the arguments cannot be serialised.
            pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
                self.operator().try_emit(event, args)
            }

            #[doc = concat!("Sends an event to all sockets in ", $place, " and returns their acknowledgements.")]
            ///
            /// See [`BroadcastOperator::emit_with_ack`]. With a [`timeout`](Self::timeout), clients
            /// that do not answer in time are skipped.
            #[doc(alias = "emitWithAck")]
            pub fn emit_with_ack<T: DeserializeOwned>(
                &self,
                event: &str,
                args: &(impl Serialize + ?Sized),
            ) -> BroadcastAck<T> {
                self.operator().emit_with_ack(event, args)
            }

            #[doc = concat!("Adds all sockets in ", $place, " to rooms (Node's `socketsJoin`).")]
            #[doc(alias = "socketsJoin")]
            pub fn sockets_join(&self, rooms: impl IntoRooms) {
                self.operator().sockets_join(rooms);
            }

            #[doc = concat!("Removes all sockets in ", $place, " from rooms (Node's `socketsLeave`).")]
            #[doc(alias = "socketsLeave")]
            pub fn sockets_leave(&self, rooms: impl IntoRooms) {
                self.operator().sockets_leave(rooms);
            }

            #[doc = concat!("Returns descriptions of all sockets in ", $place, ", on every server.")]
            ///
            /// See [`BroadcastOperator::fetch_sockets`].
            ///
            /// # Errors
            ///
            /// Fails if another server does not answer in time, or if the adapter fails.
            #[doc(alias = "fetchSockets")]
            pub fn fetch_sockets(
                &self,
            ) -> impl Future<Output = Result<Vec<RemoteSocket>, FetchError>> + Send + use<S> {
                self.operator().fetch_sockets()
            }

            #[doc = concat!("Returns the ids of all sockets in ", $place, ", on every server.")]
            ///
            /// See [`BroadcastOperator::all_sockets`].
            ///
            /// # Errors
            ///
            /// Fails for the same reasons as [`fetch_sockets`](Self::fetch_sockets).
            #[doc(alias = "allSockets")]
            pub fn all_sockets(
                &self,
            ) -> impl Future<Output = Result<Vec<SocketId>, FetchError>> + Send + use<S> {
                self.operator().all_sockets()
            }

            #[doc = concat!("Emits an event to the other servers of the cluster, in ", $place, ".")]
            ///
            /// Node's `serverSideEmit`. Handlers registered there with
            /// [`Namespace::on_server_event`] run; those of this server do not. An event that
            /// cannot be sent is logged as an error. Use
            /// [`try_server_side_emit`](Self::try_server_side_emit) to handle the error.
            #[doc(alias = "serverSideEmit")]
            pub fn server_side_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
                if let Err(error) = self.try_server_side_emit(event, args) {
                    server_side::log_emit_error(event, &error);
                }
            }

            /// Emits an event to the other servers of the cluster, and returns an error if it
            /// cannot be sent.
            ///
            /// # Errors
            ///
            /// Fails if the arguments cannot be serialised, or if the name is reserved by Node's
            /// servers: `connect`, `connection` or `new_namespace`.
            pub fn try_server_side_emit<T: Serialize + ?Sized>(
                &self,
                event: &str,
                args: &T,
            ) -> Result<(), EmitError> {
                self.operator().server_side_emit(event, args)
            }

            #[doc = concat!("Emits an event to the other servers of the cluster, in ", $place, ", and returns one answer of each.")]
            ///
            /// Node's `serverSideEmitWithAck`. The event is sent when the future is first polled. A
            /// server without peers has no answers to wait for. The adapter sets the timeout for
            /// the others.
            ///
            /// # Errors
            ///
            /// Fails if a server does not answer in time, if an answer is not a `T`, or if the
            /// event cannot be sent. The error contains the valid answers.
            ///
            /// # Examples
            ///
            /// ```
            /// use socketio::SocketIo;
            ///
            /// async fn load(io: SocketIo) -> u64 {
            ///     let loads = match io.server_side_emit_with_ack::<u64>("load", &()).await {
            ///         Ok(loads) => loads,
            ///         Err(error) => error.into_answers(),
            ///     };
            ///     loads.iter().sum()
            /// }
            /// ```
            #[doc(alias = "serverSideEmitWithAck")]
            pub fn server_side_emit_with_ack<T>(
                &self,
                event: &str,
                args: &(impl Serialize + ?Sized),
            ) -> ServerSideAck<T> {
                self.operator().server_side_emit_with_ack(event, args)
            }
        }
    };
}

operations!(SocketIo, "the main namespace");
operations!(Namespace, "the namespace");
