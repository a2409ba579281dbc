//! The public handle to a client.

use std::fmt;
use std::sync::Arc;

use crate::client;
use crate::client::conn::Conn;
use crate::handshake::Handshake;
use crate::namespace::into_namespace::with_slash;
use crate::socket::Socket;
use crate::wire::disconnect_reason::DisconnectReason;

/// A handle to the client of a socket: one connection with a socket in each joined namespace
/// (Node's `socket.client`).
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Client {
    /// The socket that the handle was obtained from.
    socket: Socket,
}

impl Client {
    /// Returns a handle to the connection (Node's `client.conn`).
    #[must_use]
    pub fn conn(&self) -> Conn {
        self.socket.conn()
    }

    /// Returns the request that opened the connection (Node's `client.request`).
    #[must_use]
    pub fn handshake(&self) -> Arc<Handshake> {
        self.socket.handshake()
    }

    /// Returns the connected sockets of the client, one for each namespace.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        self.client()
            .map(|client| client.sockets())
            .unwrap_or_default()
    }

    /// Returns the number of connected sockets of the client.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.sockets().len()
    }

    /// Returns the socket of the client in a namespace, if it is connected there.
    ///
    /// A missing leading `/` of the name is added.
    #[must_use]
    pub fn socket(&self, namespace: &str) -> Option<Socket> {
        let namespace = with_slash(namespace);
        let mut sockets = self.sockets().into_iter();
        sockets.find(|socket| **socket.namespace_shared().name() == *namespace)
    }

    /// Closes the connection of the client, and with it all of its sockets (Node's
    /// `client.disconnect()`, and `socket.disconnect` with `true`).
    ///
    /// The client is notified and does not reconnect by itself. The disconnect handlers run in a
    /// separate task. The connection is closed even if the socket that this handle was obtained
    /// from has left its namespace.
    pub fn disconnect(&self) {
        if let Some(control) = self.socket.state().client.control() {
            control.close(DisconnectReason::ServerNamespaceDisconnect);
        }
    }

    /// Frees the request that opened the connection: headers, extensions and query (Node's
    /// `conn.request = null`).
    ///
    /// The request is most of the memory of an idle client. With very many clients, call this at
    /// the end of a connect handler. [`Handshake`] documents what is kept. Handlers that run later
    /// see an empty request: axum's `HeaderMap` is empty, `Query<T>` finds no parameters, and
    /// extensions of layers are missing. Store what they need in [`Socket::data`].
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

    fn client(&self) -> Option<Arc<client::ClientInner>> {
        let control = self.socket.state().client.control()?;
        let client = control.into_any().downcast();
        debug_assert!(
            client.is_ok(),
            "only `ClientInner` implements `ClientControl`"
        );
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
    /// Returns a handle to the client of the socket (Node's `socket.client`).
    #[must_use]
    pub fn client(&self) -> Client {
        Client {
            socket: self.clone(),
        }
    }
}
