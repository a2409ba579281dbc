//! What the servers of a cluster share.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Namespace;
use crate::handler::{ServerEventHandler, ServerEventListener};
use crate::socket::server_side;

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
