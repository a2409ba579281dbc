//! The handle of an emitter.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use socketio_adapter::IntoRooms;
use socketio_proto::Namespace;

use crate::backend::Backend;
use crate::error::EmitterError;
use crate::operator::EmitOperator;

/// Emits to the clients of one namespace of a cluster (Node's `Emitter`).
///
/// Cloning is cheap, and clones share the connection. The namespace is `/` unless [`of`](Self::of) sets
/// another.
///
/// # Examples
///
/// ```no_run
/// use socketio_emitter::{Emitter, EmitterError};
///
/// async fn announce(emitter: &Emitter, user: &str) -> Result<(), EmitterError> {
///     emitter.to(format!("user:{user}")).except("muted").emit("news", &("hello", 1)).await
/// }
/// ```
#[derive(Clone)]
pub struct Emitter {
    pub(crate) backend: Arc<dyn Backend>,
    namespace: Namespace,
}

impl Emitter {
    #[cfg(feature = "redis")]
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            backend,
            namespace: Namespace::MAIN,
        }
    }

    /// Returns the emitter of a namespace (Node's `emitter.of`). A leading `/` may be omitted.
    ///
    /// # Panics
    ///
    /// Panics if the name contains a comma, which the protocol cannot carry. Use [`try_of`](Self::try_of)
    /// for names that are not constants.
    #[must_use]
    #[track_caller]
    pub fn of(&self, namespace: &str) -> Self {
        self.try_of(namespace)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the emitter of a namespace. A leading `/` may be omitted.
    ///
    /// # Errors
    ///
    /// Returns an error if the name contains a comma.
    pub fn try_of(&self, namespace: &str) -> Result<Self, EmitterError> {
        let name = if namespace.starts_with('/') {
            Namespace::new(namespace)
        } else {
            Namespace::new(format!("/{namespace}"))
        };
        Ok(Self {
            backend: Arc::clone(&self.backend),
            namespace: name.map_err(EmitterError::Namespace)?,
        })
    }

    /// Returns the name of the namespace, which begins with `/`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.as_str()
    }

    fn operator(&self) -> EmitOperator {
        EmitOperator::new(Arc::clone(&self.backend), self.namespace.clone())
    }

    /// Selects the clients that are in at least one of the rooms.
    pub fn to(&self, rooms: impl IntoRooms) -> EmitOperator {
        self.operator().to(rooms)
    }

    /// Alias of [`to`](Self::to). It has this name because `in` is a keyword.
    #[doc(alias = "in")]
    pub fn in_(&self, rooms: impl IntoRooms) -> EmitOperator {
        self.to(rooms)
    }

    /// Selects the clients that are in none of the rooms.
    pub fn except(&self, rooms: impl IntoRooms) -> EmitOperator {
        self.operator().except(rooms)
    }

    /// Returns an operator whose events are dropped for clients that are not ready to receive.
    pub fn volatile(&self) -> EmitOperator {
        self.operator().volatile()
    }

    /// Returns an operator that sets whether events may be compressed. Default: `true`.
    pub fn compress(&self, compress: bool) -> EmitOperator {
        self.operator().compress(compress)
    }

    /// Emits an event to all clients of the namespace. See [`EmitOperator::emit`].
    ///
    /// # Errors
    ///
    /// Fails as [`EmitOperator::emit`].
    pub fn emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<T> {
        self.operator().emit(event, args)
    }

    /// Emits a `message` event to all clients of the namespace.
    ///
    /// # Errors
    ///
    /// Fails as [`EmitOperator::emit`].
    pub fn send<T: Serialize + ?Sized>(
        &self,
        args: &T,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<T> {
        self.operator().send(args)
    }

    /// Adds all clients of the namespace to rooms (Node's `socketsJoin`).
    ///
    /// # Errors
    ///
    /// Fails if the bus does not accept the message.
    #[doc(alias = "socketsJoin")]
    pub fn sockets_join<R: IntoRooms>(
        &self,
        rooms: R,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<R> {
        self.operator().sockets_join(rooms)
    }

    /// Removes all clients of the namespace from rooms (Node's `socketsLeave`).
    ///
    /// # Errors
    ///
    /// Fails if the bus does not accept the message.
    #[doc(alias = "socketsLeave")]
    pub fn sockets_leave<R: IntoRooms>(
        &self,
        rooms: R,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<R> {
        self.operator().sockets_leave(rooms)
    }

    /// Disconnects all clients from the namespace. Their connections stay open.
    ///
    /// # Errors
    ///
    /// Fails if the bus does not accept the message.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect_sockets(
        &self,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<> {
        self.operator().disconnect_sockets()
    }

    /// Closes the connections of all clients of the namespace (Node's `disconnectSockets(true)`).
    ///
    /// # Errors
    ///
    /// Fails if the bus does not accept the message.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect_clients(
        &self,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<> {
        self.operator().disconnect_clients()
    }

    /// Emits an event to the servers, and not to their clients (Node's `serverSideEmit`).
    ///
    /// Rust servers handle it with `Namespace::on_server_event`. An emitter receives no answers.
    ///
    /// # Errors
    ///
    /// Fails if the arguments cannot be serialised, if the name is `connect`, `connection` or
    /// `new_namespace`, which Node's servers reserve, or if the bus does not accept the message.
    #[doc(alias = "serverSideEmit")]
    pub fn server_side_emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = Result<(), EmitterError>> + Send + use<T> {
        self.operator().server_side_emit(event, args)
    }
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter")
            .field("backend", &self.backend)
            .field("namespace", &self.namespace)
            .finish()
    }
}
