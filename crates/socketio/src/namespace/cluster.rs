//! Data and events that a namespace shares with other servers.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Namespace;
use super::registration::Registration;
use crate::handler::{ServerEventHandler, ServerEventListener};
use crate::socket::server_side;

impl<S> Namespace<S> {
    /// Shares values of type `T` in the [`data`](crate::Socket::data) of sockets with other
    /// servers, under a key of Node's `socket.data`.
    ///
    /// [`fetch_sockets`](crate::BroadcastOperator::fetch_sockets) returns shared values on every server, and connection state recovery restores them. Values of other types stay private to this server. Share types before clients connect. Each type has one key and each key one type: the last call wins. Node servers, and servers without a type for the key, see the value as JSON.
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
        self.register(&|handlers| handlers.shared_data.share::<T>(key))
    }
}

impl<S> Namespace<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Adds a handler for an event that other servers emit with
    /// [`server_side_emit`](Self::server_side_emit) in this namespace (Node's `namespace.on`).
    ///
    /// Handlers start in the order in which the events arrive. The return value of a handler
    /// answers the acknowledgement; of several handlers, the first answer counts. Without an
    /// answer, the other server waits until its timeout.
    ///
    /// # Panics
    ///
    /// Panics if the name is reserved by Node's servers: `connect`, `connection`, `new_namespace`.
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
    ///         println!("new log level: {level}");
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
        let registration = Registration::new::<H>("on_server_event", Some(event));
        self.add(
            &registration,
            &|handler, handlers| {
                handler.count(handlers.server_events.get(event).into_iter().flatten())
            },
            &|handlers| {
                let listeners = handlers.server_events.entry(event.into());
                listeners.or_default().push(listener.clone());
            },
        )
    }
}
