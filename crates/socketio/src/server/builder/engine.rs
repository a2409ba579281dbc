//! The options of the Engine.IO server.

use engineio::{HttpCompression, Message, SessionCookie};

use super::SocketIoBuilder;
use crate::handler::{AllowListener, AllowOutput, RequestHandler};

impl<S> SocketIoBuilder<S> {
    /// Sets the handler that decides whether a client may connect (Node's `allowRequest`). By
    /// default every client may.
    ///
    /// The handler is an `async fn` whose arguments are axum extractors: `HeaderMap`, `Query<T>`,
    /// `CookieJar`, `State<T>`, [`SocketIo`](crate::SocketIo), … It extracts from the state that
    /// was set [before](Self::with_state). It returns one of these types:
    ///
    /// - `bool`, `Result<(), E>` or `Result<bool, E>` with `E:`
    ///   [`IntoRefusal`](crate::IntoRefusal): the client receives the text of the error, or
    ///   "Forbidden" for `false`.
    /// - `()` to accept every client.
    ///
    /// The handler is called once for each new connection, on every transport. Extensions that
    /// extractors and the handler add to the request are visible to the extractors of all later
    /// handlers. A failed extractor or a panic refuses the client. The client waits for the
    /// handler, so use a timeout for slow operations.
    ///
    /// Later requests of a connection are authorised by its id, which is a secret.
    /// [`origins`](Self::origins) applies to them too.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::http::HeaderMap;
    /// use socketio::SocketIoLayer;
    ///
    /// async fn only_with_key(headers: HeaderMap) -> Result<(), &'static str> {
    ///     match headers.get("x-api-key") {
    ///         Some(key) if key == "sesame" => Ok(()),
    ///         Some(_) => Err("unknown API key"),
    ///         None => Err("send an API key as `x-api-key`"),
    ///     }
    /// }
    ///
    /// let layer = SocketIoLayer::builder().allow_request(only_with_key).build();
    /// # let _: SocketIoLayer = layer;
    /// ```
    #[doc(alias = "allowRequest")]
    pub fn allow_request<H, T>(mut self, handler: H) -> Self
    where
        H: RequestHandler<T, S, Output: AllowOutput>,
        S: Clone + Send + Sync + 'static,
    {
        self.allow_request = Some(AllowListener::new(handler, self.state.clone()));
        self
    }

    /// Sets whether clients append a slash to the path (Node's `addTrailingSlash`). The default is
    /// `true`.
    ///
    /// With `false`, the path without a slash is served too, for clients with the same option.
    #[doc(alias = "addTrailingSlash")]
    pub fn add_trailing_slash(self, add: bool) -> Self {
        self.engine(|engine| engine.add_trailing_slash(add))
    }

    /// Sets a cookie with the id of the connection, for load balancers (Node's `cookie`). There is
    /// none by default.
    ///
    /// The cookie is sent with the response that opens a connection, on every transport. Node's
    /// `true` is `SessionCookie::default()`.
    pub fn cookie(self, cookie: impl Into<Option<SessionCookie>>) -> Self {
        self.engine(|engine| engine.cookie(cookie))
    }

    /// Sets the compression of responses to polls (Node's `httpCompression`). The default is gzip
    /// or deflate for responses of at least 1024 bytes; `None` disables it.
    ///
    /// Events sent with `compress(false)` are compressed only if another event in the same response
    /// is.
    #[doc(alias = "httpCompression")]
    pub fn http_compression(self, compression: impl Into<Option<HttpCompression>>) -> Self {
        self.engine(|engine| engine.http_compression(compression))
    }

    /// Sets an Engine.IO message that is sent to each client directly after the handshake (Node's
    /// `initialPacket`). There is none by default.
    ///
    /// Clients interpret it as a Socket.IO packet.
    #[doc(alias = "initialPacket")]
    pub fn initial_packet(self, message: impl Into<Message>) -> Self {
        self.engine(|engine| engine.initial_packet(message))
    }
}
