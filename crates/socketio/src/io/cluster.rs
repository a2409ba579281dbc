//! Events for the other servers of a cluster.

use serde::Serialize;

use super::SocketIo;
use crate::emit_error::EmitError;
use crate::server_side::{self, ServerSideAck};

impl<S> SocketIo<S> {
    /// Emits an event to the other servers of the cluster, in the main namespace (Node's
    /// `serverSideEmit`).
    ///
    /// Handlers that were registered there with [`Namespace::on_server_event`](crate::Namespace::on_server_event)
    /// run; this server is not told. An event that cannot be sent is logged as an error; use
    /// [`try_server_side_emit`](Self::try_server_side_emit) to be told.
    pub fn server_side_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
        if let Err(error) = self.try_server_side_emit(event, args) {
            server_side::log(event, &error);
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
        self.everybody().server_side_emit(event, args)
    }

    /// Emits an event to the other servers of the cluster, in the main namespace, and returns
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
    pub fn server_side_emit_with_ack<T>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> ServerSideAck<T> {
        self.everybody().server_side_emit_with_ack(event, args)
    }
}
