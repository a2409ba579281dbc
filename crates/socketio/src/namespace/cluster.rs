//! What the servers of a cluster share.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Namespace;

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
