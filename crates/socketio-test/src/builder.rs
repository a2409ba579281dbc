//! The options of a client, and how it connects.

use std::fmt;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use socketio_proto::{Namespace, Parser};

use crate::client::TestClient;
use crate::connection::Connection;
use crate::failure::or_fail;
use crate::options::{Options, Transport};
use crate::refused::ConnectRefused;
use crate::service::SharedService;

/// The options of a client, created by [`TestServer::client`](crate::TestServer::client).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use axum::Router;
/// use serde_json::json;
/// use socketio::SocketIoLayer;
/// use socketio_test::TestServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let sockets = SocketIoLayer::new();
/// sockets.io().of("/chat");
/// let server = TestServer::new(Router::new().layer(sockets));
///
/// let client = server
///     .client()
///     .namespace("/chat")
///     .auth(json!({ "token": "sesame" }))
///     .header("cookie", "id=1")
///     .query("lang", "en")
///     .address(([192, 0, 2, 1], 50_000))
///     .websocket()
///     .patience(Duration::from_secs(60))
///     .connect()
///     .await
///     .unwrap();
/// assert_eq!(client.namespace(), "/chat");
/// # }
/// ```
#[derive(Clone)]
#[must_use = "the client connects when `connect` is called"]
pub struct ClientBuilder {
    options: Options,
    namespace: Namespace,
    auth: Option<Value>,
}

impl ClientBuilder {
    pub(crate) fn new(service: SharedService) -> Self {
        Self {
            options: Options::new(service),
            namespace: Namespace::MAIN,
            auth: None,
        }
    }

    /// Sets the namespace that the client joins. Default: `/`.
    ///
    /// # Panics
    ///
    /// Panics if the name does not begin with `/` or contains a comma.
    #[track_caller]
    pub fn namespace(mut self, name: &str) -> Self {
        self.namespace = namespace(name);
        self
    }

    /// Sets the payload of the CONNECT packet (the option `auth` of Node's client). Default: none.
    ///
    /// # Panics
    ///
    /// Panics if the value cannot be serialised.
    #[track_caller]
    pub fn auth(mut self, auth: impl Serialize) -> Self {
        self.auth = Some(json(auth));
        self
    }

    /// Adds a header to the requests of the connection (Node's option `extraHeaders`).
    ///
    /// # Panics
    ///
    /// Panics if the name or the value is not valid in a header.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: Result<HeaderName, _> = name.parse();
        let value: Result<HeaderValue, _> = value.parse();
        match (name, value) {
            (Ok(name), Ok(value)) => {
                self.options.headers.append(name, value);
            }
            _ => panic!(
                "the header is invalid: use visible ASCII characters, and no blank or colon in its name"
            ),
        }
        self
    }

    /// Adds a parameter to the query of the requests (Node's option `query`).
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let pair = (name.to_owned(), value.to_owned());
        self.options.query.push(pair);
        self
    }

    /// Sets the address of the client. Default: none, as with `axum::serve(listener, app)`.
    ///
    /// It is in the extensions of the requests, as a [`SocketAddr`] and, with the feature `axum`, as
    /// `ConnectInfo<SocketAddr>`.
    pub fn address(mut self, address: impl Into<SocketAddr>) -> Self {
        self.options.address = Some(address.into());
        self
    }

    /// Sets the path of the server (Node's option `path`). Default: `/socket.io/`.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.options.path);
        self
    }

    /// Connects with WebSocket instead of HTTP long-polling, as Node's client with
    /// `transports: ["websocket"]`.
    ///
    /// The requests go through an HTTP/1.1 connection in memory.
    pub fn websocket(mut self) -> Self {
        self.options.transport = Transport::WebSocket;
        self
    }

    /// Sets the encoding of packets (Node's option `parser`). Default: JSON.
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.options.parser = Arc::new(parser);
        self
    }

    /// Sets the time that the client waits for events, acknowledgements and answers, by tokio's
    /// clock. Default: [`PATIENCE`](crate::PATIENCE), 5 seconds.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.options.patience = patience;
        self
    }

    /// Opens a connection and joins the namespace.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses the handshake or the client, or does not answer in time.
    pub async fn connect(&self) -> Result<TestClient, ConnectRefused> {
        let options = Arc::new(self.options.clone());
        let connection = Arc::new(Connection::open(&options).await?);
        let namespace = self.namespace.clone();
        TestClient::join(options, self.auth.clone(), connection, namespace).await
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("namespace", &self.namespace)
            .field("path", &self.options.path)
            .field("transport", &self.options.transport)
            .finish_non_exhaustive()
    }
}

/// A client of another namespace over an existing connection, created by [`TestClient::of`].
#[derive(Debug)]
#[must_use = "the client connects when `connect` is called"]
pub struct NamespaceBuilder<'a> {
    client: &'a TestClient,
    namespace: Namespace,
    auth: Option<Value>,
}

impl TestClient {
    /// Returns a builder of a client in another namespace over the same connection (Node's
    /// `manager.socket`).
    ///
    /// # Panics
    ///
    /// Panics if the name does not begin with `/` or contains a comma.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::Router;
    /// use socketio::SocketIoLayer;
    /// use socketio_test::TestServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let sockets = SocketIoLayer::new();
    /// sockets.io().of("/admin");
    /// let server = TestServer::new(Router::new().layer(sockets));
    ///
    /// let client = server.connect("/").await.unwrap();
    /// let admin = client.of("/admin").connect().await.unwrap();
    /// assert_ne!(client.id(), admin.id());
    /// # }
    /// ```
    #[track_caller]
    pub fn of(&self, name: &str) -> NamespaceBuilder<'_> {
        NamespaceBuilder {
            client: self,
            namespace: namespace(name),
            auth: None,
        }
    }
}

impl NamespaceBuilder<'_> {
    /// Sets the payload of the CONNECT packet. Default: none.
    ///
    /// # Panics
    ///
    /// Panics if the value cannot be serialised.
    #[track_caller]
    pub fn auth(mut self, auth: impl Serialize) -> Self {
        self.auth = Some(json(auth));
        self
    }

    /// Joins the namespace.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses the client or does not answer in time, the connection
    /// has ended, or it has already joined the namespace.
    pub async fn connect(self) -> Result<TestClient, ConnectRefused> {
        let options = Arc::clone(self.client.options());
        let connection = Arc::clone(self.client.connection());
        TestClient::join(options, self.auth, connection, self.namespace).await
    }
}

#[track_caller]
fn namespace(name: &str) -> Namespace {
    let namespace = Namespace::new(name).map_err(|error| error.to_string());
    or_fail(Location::caller(), namespace)
}

#[track_caller]
fn json(auth: impl Serialize) -> Value {
    let json = serde_json::to_value(auth).map_err(|error| {
        format!("the payload of CONNECT is not JSON: {error}. Connect with a value that serialises")
    });
    or_fail(Location::caller(), json)
}
