//! The target and flags of an emitter's operation.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use socketio_adapter::{BroadcastOptions, Flags, IntoRooms, Target};
use socketio_cluster::{Body, Destination, Message, Outgoing, ServerId};
use socketio_proto::{Args, Namespace};

use crate::backend::Backend;
use crate::error::EmitterError;

/// Selects clients of a namespace and sets how events are sent to them (Node's `BroadcastOperator` of
/// the emitter).
///
/// The methods return a changed operator, so one can be stored and used several times. The futures of
/// operations do not borrow it, and nothing is published before their first poll.
///
/// # Examples
///
/// ```no_run
/// use socketio_emitter::{Emitter, EmitterError};
///
/// async fn close_room(emitter: &Emitter, room: &str) -> Result<(), EmitterError> {
///     let members = emitter.to(room);
///     members.emit("closing", &()).await?;
///     members.sockets_leave(room).await
/// }
/// ```
#[derive(Clone)]
#[must_use = "an operator does nothing until one of its operations is awaited"]
pub struct EmitOperator {
    backend: Arc<dyn Backend>,
    namespace: Namespace,
    target: Target,
    flags: Flags,
}

impl EmitOperator {
    pub(crate) fn new(backend: Arc<dyn Backend>, namespace: Namespace) -> Self {
        Self {
            backend,
            namespace,
            target: Target::all(),
            flags: Flags::default(),
        }
    }

    /// Selects the clients that are in at least one of these or the rooms of earlier calls.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        self.target.add_rooms(rooms);
        self
    }

    /// Alias of [`to`](Self::to). It has this name because `in` is a keyword.
    #[doc(alias = "in")]
    pub fn in_(self, rooms: impl IntoRooms) -> Self {
        self.to(rooms)
    }

    /// Excludes the clients that are in one of the rooms.
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        self.target.add_excluded(rooms);
        self
    }

    /// Drops the event for clients that are not ready to receive.
    pub fn volatile(mut self) -> Self {
        self.flags.volatile = true;
        self
    }

    /// Sets whether the event may be compressed. Default: `true`.
    pub fn compress(mut self, compress: bool) -> Self {
        self.flags.compress = compress;
        self
    }

    /// Emits an event to the selected clients.
    ///
    /// As arguments, a tuple is several, `()` none, and any other value one. Resolves when the bus has
    /// accepted the message.
    ///
    /// # Errors
    ///
    /// Fails if the arguments cannot be serialised, if the protocol reserves the name of the event, or if
    /// the bus does not accept the message.
    pub fn emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<T> {
        let options = BroadcastOptions::new(self.target.clone()).with_flags(self.flags);
        self.publish(event_args(event, args).map(|event| Body::Broadcast {
            event,
            options,
            request: None,
            accepts_no_answer: false,
        }))
    }

    /// Emits a `message` event to the selected clients.
    ///
    /// # Errors
    ///
    /// Fails as [`emit`](Self::emit).
    pub fn send<T: Serialize + ?Sized>(
        &self,
        args: &T,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<T> {
        self.emit("message", args)
    }

    /// Adds the selected clients to rooms (Node's `socketsJoin`).
    ///
    /// # Errors
    ///
    /// Fails if the bus does not accept the message.
    #[doc(alias = "socketsJoin")]
    pub fn sockets_join<R: IntoRooms>(
        &self,
        rooms: R,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<R> {
        let target = self.target.clone();
        let rooms = rooms.into_rooms();
        self.publish(Ok(Body::Join { target, rooms }))
    }

    /// Removes the selected clients from rooms (Node's `socketsLeave`).
    ///
    /// # Errors
    ///
    /// Fails if the bus does not accept the message.
    #[doc(alias = "socketsLeave")]
    pub fn sockets_leave<R: IntoRooms>(
        &self,
        rooms: R,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<R> {
        let target = self.target.clone();
        let rooms = rooms.into_rooms();
        self.publish(Ok(Body::Leave { target, rooms }))
    }

    /// Disconnects the selected clients from the namespace. Their connections stay open.
    ///
    /// # Errors
    ///
    /// Fails if the bus does not accept the message.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect_sockets(
        &self,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<> {
        self.disconnect(false)
    }

    /// Closes the connections of the selected clients (Node's `disconnectSockets(true)`).
    ///
    /// # Errors
    ///
    /// Fails if the bus does not accept the message.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect_clients(
        &self,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<> {
        self.disconnect(true)
    }

    fn disconnect(
        &self,
        close: bool,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<> {
        let target = self.target.clone();
        self.publish(Ok(Body::Disconnect { target, close }))
    }

    pub(crate) fn server_side_emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<T> {
        self.publish(event_args(event, args).map(|event| Body::ServerSideEvent {
            event,
            request: None,
        }))
    }

    /// Encodes a message at once, and publishes it when the future is polled.
    fn publish(
        &self,
        body: Result<Body, EmitterError>,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<> {
        let encoded = body.and_then(|body| self.encode(body));
        let backend = Arc::clone(&self.backend);
        async move { backend.publish(encoded?).await }
    }

    fn encode(&self, body: Body) -> Result<Outgoing, EmitterError> {
        let message = Message::new(ServerId::EMITTER, self.namespace.clone(), body);
        let format = self.backend.format(&self.namespace);
        Ok(format.encode(&Destination::All, &message)?)
    }
}

fn event_args<T>(event: &str, args: &T) -> Result<Args, EmitterError>
where
    T: Serialize + ?Sized,
{
    Args::from_serialize(Some(event), args).map_err(EmitterError::Arguments)
}

impl fmt::Debug for EmitOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmitOperator")
            .field("namespace", &self.namespace)
            .field("target", &self.target)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}
