//! What the servers of a cluster share.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Namespace;
use crate::emit_error::EmitError;
use crate::handler::{ServerEventHandler, ServerEventListener};
use crate::server_side::{self, ServerSideAck};

impl<S> Namespace<S> {
    /// Makes the values of a type that sockets keep in their [`data`](crate::Socket::data) part of
    /// what other servers see of them, under a key of Node's `socket.data`.
    ///
    /// They are then in what [`fetch_sockets`](crate::BroadcastOperator::fetch_sockets) tells, on
    /// every server, and connection state recovery brings them back. Values of other types stay
    /// private to this server. Share types before clients come. A type has one key and a key one
    /// type: the last call holds. Node's servers, and those in which no type has the key, see the
    /// value as JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use socketio::{Socket, SocketIo, SocketIoLayer};
    ///
    /// #[derive(Deserialize, Serialize)]
    /// struct User {
    ///     name: String,
    /// }
    ///
    /// let layer = SocketIoLayer::new();
    /// layer
    ///     .io()
    ///     .of("/")
    ///     .share_data::<User>("user")
    ///     .on_connect(async |socket: Socket| {
    ///         socket.data().insert(User { name: "ada".to_owned() });
    ///     });
    ///
    /// async fn names(io: SocketIo) -> Vec<String> {
    ///     let sockets = io.fetch_sockets().await.unwrap_or_default();
    ///     let users = sockets.iter().filter_map(|socket| socket.data_as::<User>("user").ok()?);
    ///     users.map(|user| user.name).collect()
    /// }
    /// ```
    pub fn share_data<T>(self, key: &str) -> Self
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.register(|handlers| handlers.shared_data.share::<T>(key))
    }

    /// Emits an event to the other servers of the cluster, in this namespace (Node's
    /// `serverSideEmit`).
    ///
    /// Handlers that were registered there with [`on_server_event`](Self::on_server_event)
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

    /// Emits an event to the other servers of the cluster, in this namespace, and returns
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

impl<S> Namespace<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Adds a handler for an event that other servers of the cluster emit with
    /// [`server_side_emit`](Self::server_side_emit) in this namespace (Node's `namespace.on`).
    ///
    /// Handlers start in the order in which the events come. What a handler returns answers the
    /// acknowledgement, and of several handlers the first answer counts. Where nothing answers, the
    /// other server waits until its time is up.
    ///
    /// # Panics
    ///
    /// If the name is one that servers cannot emit: `connect`, `connection`, `new_namespace`.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::extract::Data;
    /// use socketio::{Namespace, Reply, SocketIoLayer};
    ///
    /// let layer = SocketIoLayer::new();
    /// layer
    ///     .io()
    ///     .of("/")
    ///     .on_server_event("load", async |namespace: Namespace| {
    ///         Reply(namespace.sockets().len())
    ///     })
    ///     .on_server_event("configure", async |Data(level): Data<String>| {
    ///         println!("from now on: {level}");
    ///     });
    /// ```
    pub fn on_server_event<H, T>(self, event: &str, handler: H) -> Self
    where
        H: ServerEventHandler<T, S>,
        T: 'static,
    {
        assert!(
            !server_side::is_reserved(event),
            "{event:?} is a reserved event name: use `on_connect` or `SocketIo::on_new_namespace`, \
             or choose another name"
        );
        let listener = ServerEventListener::new(handler, self.state.clone());
        self.register(|handlers| {
            let listeners = handlers.server_events.entry(event.into());
            listeners.or_default().push(listener.clone());
        })
    }
}
