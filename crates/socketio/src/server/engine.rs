//! The Engine.IO server beneath, as applications use it.

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
use crate::server::engine_hooks::EngineListeners;
use crate::server::io::SocketIo;

pub use engineio::{
    BoxError, ConnectionFailure, CookieSameSite, FailureContext, HttpCompression, Message, Packet,
    Protocol, ReadyState, SendError, SendOptions, SessionCookie, Text,
};

/// The Engine.IO server beneath: Node's `io.engine`.
///
/// It carries the connections, whatever namespaces they join. See the
/// [guide](crate::guide::engine).
pub struct Engine<S = ()> {
    engine: Arc<engineio::Engine<App>>,
    state: S,
}

impl<S> SocketIo<S> {
    /// The Engine.IO server beneath (Node's `io.engine`).
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

/// What it knows.
impl<S> Engine<S> {
    /// The number of connections that are open (Node's `clientsCount`), whatever namespaces they
    /// have joined.
    #[must_use]
    pub fn clients_count(&self) -> usize {
        self.engine.clients_count()
    }

    /// The path that is served, with its slash if clients put one there.
    #[must_use]
    pub fn path(&self) -> &str {
        self.engine.path()
    }

    /// The transports that clients may use.
    pub fn transports(&self) -> impl Iterator<Item = Transport> {
        self.engine.transports()
    }

    /// Whether a client that polls may move to another transport.
    #[must_use]
    pub fn allow_upgrades(&self) -> bool {
        self.engine.allow_upgrades()
    }

    /// How long after the last pong a client is pinged.
    #[must_use]
    pub fn ping_interval(&self) -> Duration {
        self.engine.ping_interval()
    }

    /// How long a client may take to answer a ping.
    #[must_use]
    pub fn ping_timeout(&self) -> Duration {
        self.engine.ping_timeout()
    }

    /// How long an upgrade may take, and the first packet of a WebTransport session.
    #[must_use]
    pub fn upgrade_timeout(&self) -> Duration {
        self.engine.upgrade_timeout()
    }

    /// The largest message, and the largest polling body, in bytes.
    #[must_use]
    pub fn max_http_buffer_size(&self) -> usize {
        self.engine.max_http_buffer_size()
    }
}

/// What it asks, and tells.
impl<S> Engine<S> {
    /// Makes the ids of connections from now on (Node's `generateId`), in place of the 15 random
    /// bytes of the default and of any handler before.
    ///
    /// The handler takes what a handler of
    /// [`allow_request`](crate::SocketIoBuilder::allow_request) takes, and returns a `String`, or a
    /// `Result` of one. What it leaves in the extensions of the request is lost.
    ///
    /// Who knows the id of a connection can send in the client's name, so make it of random bytes.
    /// It has 1 to 128 letters, digits, `-`, `_`, `.` and `~`. An error, a panic, another id, and
    /// one that is in use: the client is refused with "Bad request", and listeners of
    /// [`on_connection_error`](Self::on_connection_error) learn why. The ids of sockets are others.
    pub fn generate_id<H, T>(&self, handler: H) -> &Self
    where
        H: RequestHandler<T, S, Output: IdOutput>,
        S: Clone + Send + Sync + 'static,
    {
        let listener = IdListener::new(handler, self.state.clone());
        let hooks = &self.engine.application().hooks;
        hooks.generate_id.store(Some(Arc::new(listener)));
        self
    }

    /// Calls `listener` with every connection that is opened (Node's event `connection` of
    /// `io.engine`), before its client can join a namespace.
    pub fn on_connection(&self, listener: impl Fn(Conn) + Send + Sync + 'static) -> &Self {
        let listener = Arc::new(listener);
        self.listen(|all| all.connection.push(Arc::clone(&listener) as _))
    }

    /// Calls `listener` with every request that is refused (Node's event `connection_error`).
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
        self.listen(|all| all.connection_error.push(Arc::clone(&listener) as _))
    }

    /// Calls `listener` with the headers of the answer that opens a connection, which it may change
    /// (Node's event `initial_headers`).
    ///
    /// It sees the head of the request, and what
    /// [`allow_request`](crate::SocketIoBuilder::allow_request) has left there.
    pub fn on_initial_headers(
        &self,
        listener: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) -> &Self {
        let listener = Arc::new(listener);
        self.listen(|all| all.initial_headers.push(Arc::clone(&listener) as _))
    }

    /// Calls `listener` with the headers of every answer to a connection's requests, which it may
    /// change (Node's event `headers`).
    ///
    /// Polls, what a polling client sends, and the answers that accept a WebSocket. The one that
    /// opens the connection comes here after
    /// [`on_initial_headers`](Self::on_initial_headers).
    pub fn on_headers(
        &self,
        listener: impl Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    ) -> &Self {
        let listener = Arc::new(listener);
        self.listen(|all| all.headers.push(Arc::clone(&listener) as _))
    }

    fn listen(&self, add: impl Fn(&mut EngineListeners)) -> &Self {
        self.engine.application().hooks.listen(add);
        self
    }
}

/// Requests that come by another way than the layer.
impl<S> Engine<S> {
    /// Answers a request as one for this server, whatever its path (Node's `handleRequest`).
    ///
    /// Requests for a WebSocket too, if the HTTP server left the means of upgrading in the
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

    /// Answers a request that is to become a WebSocket, whatever its path (Node's `handleUpgrade`).
    /// Others are refused with "Bad request".
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

    /// Serves a client on the first bidirectional stream of a WebTransport session, which somebody
    /// else has accepted (Node's `onWebTransportSession`). The
    /// [guide](crate::guide::transports#webtransport) shows a whole server.
    ///
    /// The client opens a connection there, or moves one there that polls. The checks are those of
    /// other transports: [`transports`](crate::SocketIoBuilder::transports) must have
    /// [`Transport::WebTransport`], and [`origins`](crate::SocketIoBuilder::origins),
    /// [`allow_request`](crate::SocketIoBuilder::allow_request),
    /// [`generate_id`](Self::generate_id) and the extractors of handlers see `request`: the head of
    /// the CONNECT request, or as much of it as is known. Put the client's [`SocketAddr`] into its
    /// extensions for [`Handshake::address`](crate::Handshake::address).
    ///
    /// The future ends when the stream is not used any more, because the connection is closed or was
    /// refused. Close the WebTransport session then: browsers do not take the end of the stream for
    /// the end. Dropped before a connection is opened, the future gives it up; later that changes
    /// nothing, but the loss of the stream does.
    ///
    /// # Panics
    ///
    /// The future, outside of a tokio runtime.
    ///
    /// [`SocketAddr`]: std::net::SocketAddr
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
