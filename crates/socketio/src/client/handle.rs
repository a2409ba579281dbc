use std::fmt;
use std::sync::Arc;

use crate::client;
use crate::client::conn::Conn;
use crate::handshake::Handshake;
use crate::namespace::into_namespace::with_slash;
use crate::socket::Socket;
use crate::wire::disconnect_reason::DisconnectReason;

/// The client of a socket: one connection, and its sockets in all namespaces that it has joined
/// (Node's `socket.client`).
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Client {
    /// The socket that it was asked of.
    socket: Socket,
}

impl Client {
    /// The connection (Node's `client.conn`).
    #[must_use]
    pub fn conn(&self) -> Conn {
        self.socket.conn()
    }

    /// What the client sent when it opened the connection (Node's `client.request`).
    #[must_use]
    pub fn handshake(&self) -> Arc<Handshake> {
        self.socket.handshake()
    }

    /// The sockets of the client that are connected, one for each namespace.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        self.client()
            .map(|client| client.sockets())
            .unwrap_or_default()
    }

    /// The number of the client's sockets that are connected.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.sockets().len()
    }

    /// The socket of the client in a namespace, if it is connected there. A missing `/` is put in
    /// front of the name.
    #[must_use]
    pub fn socket(&self, namespace: &str) -> Option<Socket> {
        let namespace = with_slash(namespace);
        let mut sockets = self.sockets().into_iter();
        sockets.find(|socket| **socket.namespace_shared().name() == *namespace)
    }

    /// Closes the connection of the client, and with it all of its sockets (Node's
    /// `socket.client().disconnect()` and `client.disconnect`).
    ///
    /// The client is notified and does not reconnect by itself. The disconnect handlers run in a
    /// separate task. The connection is closed even if the socket that this handle was obtained from
    /// has left its namespace.
    pub fn disconnect(&self) {
        if let Some(control) = self.socket.state().client.control() {
            control.close(DisconnectReason::ServerNamespaceDisconnect);
        }
    }

    /// Frees the request that opened the connection, once nobody reads it any more (Node's
    /// `conn.request = null`): headers, extensions and query.
    ///
    /// It is most of what an idle client takes, so where there are very many it is worth the while,
    /// at the end of a connect handler. What stays of it is in [`Handshake`]. Handlers that run
    /// afterwards see an empty request: axum's `HeaderMap` is empty, `Query<T>` finds no names,
    /// and what layers have put into the extensions is gone. So keep what they need in
    /// [`Socket::data`].
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::extract::Query;
    /// use socketio::Socket;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Room {
    ///     room: String,
    /// }
    ///
    /// async fn connected(socket: Socket, Query(Room { room }): Query<Room>) {
    ///     socket.join(room);
    ///     socket.client().drop_request();
    ///     assert!(socket.handshake().query().is_none());
    /// }
    /// ```
    pub fn drop_request(&self) {
        self.socket.state().client.drop_request();
    }

    fn client(&self) -> Option<Arc<client::Client>> {
        let control = self.socket.state().client.control()?;
        let client = control.into_any().downcast();
        debug_assert!(client.is_ok(), "only `Client` implements `ClientControl`");
        client.ok()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("sockets", &self.sockets())
            .finish_non_exhaustive()
    }
}

impl Socket {
    /// The client that the socket belongs to.
    #[must_use]
    pub fn client(&self) -> Client {
        Client {
            socket: self.clone(),
        }
    }
}
