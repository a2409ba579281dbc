//! The handle to the Engine.IO server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body as AxumBody;
use axum_core::response::Response;
use bytes::Bytes;
use engineio::Transport;
use http::request::Parts;
use http::{HeaderMap, Request};
use http_body::Body;
use http_body_util::Full;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::conn::Conn;
use crate::handler::{IdListener, IdOutput, RequestHandler};
use crate::server::app::App;
use crate::server::engine_hooks::HookTable;
use crate::server::io::SocketIo;

pub use engineio::{
    BoxError, CloseReason, ConnectionFailure, CookieSameSite, Counters, FailureContext,
    HttpCompression, Message, Packet, Protocol, QueuedBytes, ReadyState, SendError, SendOptions,
    SessionCookie, SessionId, Text, random_id,
};

/// A handle to the Engine.IO server below Socket.IO (Node's `io.engine`).
///
/// It manages the connections, independently of the namespaces they join. See the
/// [guide](crate::guide::engine).
pub struct Engine<S = ()> {
    engine: Arc<engineio::Engine<App>>,
    state: S,
}

impl<S> SocketIo<S> {
    /// Returns a handle to the Engine.IO server (Node's `io.engine`).
    #[must_use]
    pub fn engine(&self) -> Engine<S>
    where
        S: Clone,
    {
        Engine {
            engine: Arc::clone(&self.engine),
            state: self.state().clone(),
        }
    }
}

/// Options and counts.
impl<S> Engine<S> {
    /// Returns the number of open connections (Node's `clientsCount`).
    #[must_use]
    #[doc(alias = "clientsCount")]
    pub fn clients_count(&self) -> usize {
        self.engine.clients_count()
    }

    /// Returns the number of open connections on a transport.
    #[must_use]
    pub fn clients_on(&self, transport: Transport) -> usize {
        self.engine.clients_on(transport)
    }

    /// Returns what the server has counted since it was created: connections, refused requests and,
    /// if enabled, messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::SocketIoLayer;
    /// use socketio::engine::CloseReason;
    ///
    /// let io = SocketIoLayer::new().io();
    /// let counters = io.engine().counters();
    /// assert_eq!(counters.closed(CloseReason::PingTimeout), 0);
    /// ```
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.engine.counters()
    }

    /// Sets whether the messages of Engine.IO and the bytes of their payloads are counted: by default
    /// they are not.
    ///
    /// Counting costs about 10 nanoseconds for each message. The counts begin when it is enabled, and
    /// stay when it is disabled.
    pub fn count_traffic(&self, is_on: bool) -> &Self {
        self.engine.count_traffic(is_on);
        self
    }

    /// Returns the number of bytes that are queued for clients. It looks at every connection, which
    /// takes about 5 milliseconds for 100 000 of them.
    #[must_use]
    pub fn queued_bytes(&self) -> QueuedBytes {
        self.engine.queued_bytes()
    }

    /// Returns the path of the server, with the trailing slash if clients add one.
    #[must_use]
    pub fn path(&self) -> &str {
        self.engine.path()
    }

    /// Returns the transports that clients may use.
    pub fn transports(&self) -> impl Iterator<Item = Transport> {
        self.engine.transports()
    }

    /// Returns whether a polling client may upgrade to another transport.
    #[must_use]
    #[doc(alias = "allowUpgrades")]
    pub fn allow_upgrades(&self) -> bool {
        self.engine.allow_upgrades()
    }

    /// Returns the time between a pong and the next ping.
    #[must_use]
    #[doc(alias = "pingInterval")]
    pub fn ping_interval(&self) -> Duration {
        self.engine.ping_interval()
    }

    /// Returns the time that a client has to answer a ping.
    #[must_use]
    #[doc(alias = "pingTimeout")]
    pub fn ping_timeout(&self) -> Duration {
        self.engine.ping_timeout()
    }

    /// Returns the timeout of an upgrade, and of the first packet of a WebTransport session.
    #[must_use]
    #[doc(alias = "upgradeTimeout")]
    pub fn upgrade_timeout(&self) -> Duration {
        self.engine.upgrade_timeout()
    }

    /// Returns the largest message and the largest polling body, in bytes.
    #[must_use]
    #[doc(alias = "maxHttpBufferSize")]
    pub fn max_http_buffer_size(&self) -> usize {
        self.engine.max_http_buffer_size()
    }
}

/// Hooks and listeners.
impl<S> Engine<S> {
    /// Sets the handler that generates the ids of connections (Node's `generateId`).
    ///
    /// It replaces the default, which uses 15 random bytes, and any earlier handler. The handler
    /// has the same extractors as [`allow_request`](crate::SocketIoBuilder::allow_request) and
    /// returns a `String` or a `Result` of one. Extensions that it adds to the request are
    /// discarded.
    ///
    /// A connection id is a secret, because it authorises requests in the name of the client. Generate it
    /// from random bytes. An id has 1 to 128 characters: letters, digits, `-`, `_`, `.` and `~`.
    /// The client is refused with "Bad request" if the handler fails or panics, or if the id is
    /// invalid or in use; [`on_connection_error`](Self::on_connection_error) reports the cause.
    /// Socket ids are generated separately.
    #[doc(alias = "generateId")]
    pub fn generate_id<H, T>(&self, handler: H) -> &Self
    where
        H: RequestHandler<T, S, Output: IdOutput>,
        S: Clone + Send + Sync + 'static,
    {
        let listener = IdListener::new(handler, self.state.clone());
        self.update(&|hooks| hooks.generate_id = Some(listener.clone()))
    }

    /// Calls `listener` with each new connection (Node's event `connection` of `io.engine`).
    ///
    /// It is called before the client can join a namespace.
    pub fn on_connection(&self, listener: impl Fn(Conn) + Send + Sync + 'static) -> &Self {
        let listener = Arc::new(listener);
        self.update(&|hooks| hooks.connection.push(Arc::clone(&listener) as _))
    }

    /// Calls `listener` with each refused request (Node's event `connection_error`).
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::SocketIoLayer;
    ///
    /// let io = SocketIoLayer::new().io();
    /// io.engine().on_connection_error(|failure| {
    ///     println!("{} {}: {}", failure.code(), failure.message(), failure.context());
    /// });
    /// ```
    pub fn on_connection_error(
        &self,
        listener: impl Fn(&ConnectionFailure<'_>) + Send + Sync + 'static,
    ) -> &Self {
        let listener = Arc::new(listener);
        self.update(&|hooks| hooks.connection_error.push(Arc::clone(&listener) as _))
    }

    /// Calls `listener` with the headers of the response that opens a connection, which it may
    /// change (Node's event `initial_headers`).
    ///
    /// The head of the request includes the extensions added by
    /// [`allow_request`](crate::SocketIoBuilder::allow_request).
    pub fn on_initial_headers(
        &self,
        listener: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) -> &Self {
        let listener = Arc::new(listener);
        self.update(&|hooks| hooks.initial_headers.push(Arc::clone(&listener) as _))
    }

    /// Calls `listener` with the headers of each response to a connection's requests, which it may
    /// change (Node's event `headers`).
    ///
    /// These are responses to polls and POST requests, and responses that accept a WebSocket. For
    /// the response that opens a connection, the listener is called after those of
    /// [`on_initial_headers`](Self::on_initial_headers).
    pub fn on_headers(
        &self,
        listener: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) -> &Self {
        let listener = Arc::new(listener);
        self.update(&|hooks| hooks.headers.push(Arc::clone(&listener) as _))
    }

    fn update(&self, change: &dyn Fn(&mut HookTable)) -> &Self {
        self.engine.application().hooks.update(change);
        self
    }
}

/// Requests that do not pass through the layer.
impl<S> Engine<S> {
    /// Handles a request, whatever its path (Node's `handleRequest`).
    ///
    /// WebSocket requests are included, if the HTTP server has stored its upgrade in the
    /// extensions.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::Router;
    /// use axum::extract::Request;
    /// use axum::routing::any;
    /// use socketio::SocketIoLayer;
    ///
    /// let engine = SocketIoLayer::new().io().engine();
    /// // `io("https://…", { path: "/v1/live/" })`
    /// let handler = async move |request: Request| engine.handle_request(request).await;
    /// let app: Router = Router::new().route("/{version}/live/", any(handler));
    /// ```
    #[doc(alias = "handleRequest")]
    pub fn handle_request<B>(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = Response> + Send + use<B, S>
    where
        B: Body + Send + 'static,
    {
        let answer = self.engine.handle(request);
        async move { into_axum(answer.await) }
    }

    /// Handles a WebSocket request, whatever its path (Node's `handleUpgrade`).
    ///
    /// Other requests are refused with "Bad request".
    #[doc(alias = "handleUpgrade")]
    pub fn handle_upgrade<B>(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = Response> + Send + use<B, S>
    where
        B: Body + Send + 'static,
    {
        let answer = self.engine.handle_upgrade(request);
        async move { into_axum(answer.await) }
    }

    /// Serves a client on the first bidirectional stream of a WebTransport session that another
    /// server has accepted (Node's `onWebTransportSession`).
    ///
    /// The [guide](crate::guide::transports#webtransport) shows a complete server.
    ///
    /// The client opens a connection on the stream, or upgrades a polling connection to it. The
    /// checks are the same as for other transports:
    /// [`transports`](crate::SocketIoBuilder::transports) must contain [`Transport::WebTransport`],
    /// and [`origins`](crate::SocketIoBuilder::origins),
    /// [`allow_request`](crate::SocketIoBuilder::allow_request), [`generate_id`](Self::generate_id)
    /// and the extractors of handlers read `request`. It is the head of the CONNECT request, or as
    /// much of it as is known. Add the client's [`SocketAddr`] to its extensions for
    /// [`Handshake::address`](crate::Handshake::address).
    ///
    /// The future completes when the stream is no longer used, because the connection is closed or
    /// was refused. Close the WebTransport session then, because browsers do not treat the end of
    /// the stream as its end. Dropping the future before a connection is opened cancels it. Later,
    /// only the loss of the stream has an effect.
    ///
    /// # Panics
    ///
    /// The future panics outside of a Tokio runtime.
    ///
    /// [`SocketAddr`]: std::net::SocketAddr
    #[doc(alias = "onWebTransportSession")]
    pub fn handle_web_transport<T>(
        &self,
        stream: T,
        request: Parts,
    ) -> impl Future<Output = ()> + Send + use<T, S>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.engine.handle_web_transport(stream, request)
    }
}

fn into_axum(response: http::Response<Full<Bytes>>) -> Response {
    response.map(AxumBody::new)
}

impl<S: Clone> Clone for Engine<S> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            state: self.state.clone(),
        }
    }
}

impl<S> fmt::Debug for Engine<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("clients", &self.clients_count())
            .finish_non_exhaustive()
    }
}
