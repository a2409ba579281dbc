//! The operations of [`BroadcastOperator`] on everybody, which the handles of a namespace and of the
//! server share.

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
            #[doc = concat!("Sends an event to everybody in ", $place, ", see [`BroadcastOperator::emit`].")]
            pub fn emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
                self.operator().emit(event, args);
            }

            #[doc = concat!("Sends a `message` event to everybody in ", $place, ".")]
            #[doc(alias = "write")]
            pub fn send<T: Serialize + ?Sized>(&self, args: &T) {
                self.operator().send(args);
            }

            #[doc = concat!("Means the sockets of ", $place, " in any of these rooms.")]
            pub fn to(&self, rooms: impl IntoRooms) -> BroadcastOperator {
                self.operator().to(rooms)
            }

            /// The same as [`to`](Self::to); `in` is a keyword.
            #[doc(alias = "in")]
            pub fn in_(&self, rooms: impl IntoRooms) -> BroadcastOperator {
                self.to(rooms)
            }

            #[doc = concat!("Means everybody in ", $place, " but those in these rooms.")]
            pub fn except(&self, rooms: impl IntoRooms) -> BroadcastOperator {
                self.operator().except(rooms)
            }

            #[doc = concat!("Means everybody in ", $place, " on this server.")]
            pub fn local(&self) -> BroadcastOperator {
                self.operator().local()
            }

            #[doc = concat!("Means everybody in ", $place, " whose transport can take a packet at once.")]
            pub fn volatile(&self) -> BroadcastOperator {
                self.operator().volatile()
            }

            #[doc = concat!("Means everybody in ", $place, ", and sets whether the transports may compress the packet: `true` by default.")]
            pub fn compress(&self, compress: bool) -> BroadcastOperator {
                self.operator().compress(compress)
            }

            #[doc = concat!("Means everybody in ", $place, ", and gives up acknowledgements after a time.")]
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

            #[doc = concat!("Sends an event to everybody in ", $place, ", as [`emit`](Self::emit), and tells if it cannot")]
            /// be sent.
            ///
            /// # Errors
            ///
            /// If the name is reserved or the arguments cannot be serialised.
            pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
                self.operator().try_emit(event, args)
            }

            #[doc = concat!("Sends an event to everybody in ", $place, " and returns the acknowledgements, see")]
            /// [`BroadcastOperator::emit_with_ack`].
            ///
            /// With a [`timeout`](Self::timeout) clients that do not answer are given up.
            #[doc(alias = "emitWithAck")]
            pub fn emit_with_ack<T: DeserializeOwned>(
                &self,
                event: &str,
                args: &(impl Serialize + ?Sized),
            ) -> BroadcastAck<T> {
                self.operator().emit_with_ack(event, args)
            }

            #[doc = concat!("Lets everybody in ", $place, " join rooms (Node's `socketsJoin`).")]
            #[doc(alias = "socketsJoin")]
            pub fn sockets_join(&self, rooms: impl IntoRooms) {
                self.operator().sockets_join(rooms);
            }

            #[doc = concat!("Lets everybody in ", $place, " leave rooms (Node's `socketsLeave`).")]
            #[doc(alias = "socketsLeave")]
            pub fn sockets_leave(&self, rooms: impl IntoRooms) {
                self.operator().sockets_leave(rooms);
            }

            #[doc = concat!("Describes everybody in ", $place, ", on every server: see")]
            /// [`BroadcastOperator::fetch_sockets`].
            ///
            /// # Errors
            ///
            /// If another server has not answered in time, or the adapter has failed.
            #[doc(alias = "fetchSockets")]
            pub fn fetch_sockets(
                &self,
            ) -> impl Future<Output = Result<Vec<RemoteSocket>, FetchError>> + Send + use<S> {
                self.operator().fetch_sockets()
            }

            #[doc = concat!("The ids of everybody in ", $place, ", on every server: see")]
            /// [`BroadcastOperator::all_sockets`].
            ///
            /// # Errors
            ///
            /// As those of [`fetch_sockets`](Self::fetch_sockets).
            #[doc(alias = "allSockets")]
            pub fn all_sockets(
                &self,
            ) -> impl Future<Output = Result<Vec<SocketId>, FetchError>> + Send + use<S> {
                self.operator().all_sockets()
            }

            #[doc = concat!("Emits an event to the other servers of the cluster, in ", $place, " (Node's")]
            /// `serverSideEmit`).
            ///
            /// Handlers that were registered there with [`Namespace::on_server_event`]
            /// run; this server is not told. An event that cannot be sent is logged as an error; use
            /// [`try_server_side_emit`](Self::try_server_side_emit) to be told.
            #[doc(alias = "serverSideEmit")]
            pub fn server_side_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
                if let Err(error) = self.try_server_side_emit(event, args) {
                    server_side::log_emit_error(event, &error);
                }
            }

            /// Emits an event to the other servers, as [`server_side_emit`](Self::server_side_emit), and
            /// tells if it cannot be sent.
            ///
            /// # Errors
            ///
            /// If the name is `connect`, `connection` or `new_namespace`, which Node's servers keep for
            /// themselves, or the arguments cannot be serialised.
            pub fn try_server_side_emit<T: Serialize + ?Sized>(
                &self,
                event: &str,
                args: &T,
            ) -> Result<(), EmitError> {
                self.operator().server_side_emit(event, args)
            }

            #[doc = concat!("Emits an event to the other servers of the cluster, in ", $place, ", and returns")]
            /// their answers, one of each (Node's `serverSideEmitWithAck`).
            ///
            /// It is sent when the future is awaited. A server that is alone has no answers to wait for.
            /// How long those of the others are waited for is the adapter's to say.
            ///
            /// # Errors
            ///
            /// If a server has not answered in time, or has answered something else than a `T`, or the event
            /// cannot be sent. The error holds the answers that are good.
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
