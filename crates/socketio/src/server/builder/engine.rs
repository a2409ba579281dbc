//! Options of the Engine.IO server beneath.

use engineio::{HttpCompression, Message, SessionCookie};

use super::SocketIoBuilder;
use crate::handler::{AllowListener, AllowOutput, RequestHandler};

impl<S> SocketIoBuilder<S> {
    /// Asks `handler` whether a client may connect (Node's `allowRequest`). Without one, everybody
    /// may.
    ///
    /// It is an `async fn` whose arguments are extractors of axum: `HeaderMap`, `Query<T>`,
    /// `CookieJar`, `State<T>`, [`SocketIo`](crate::SocketIo), … It extracts from the state that was
    /// given [before](Self::with_state). It returns
    ///
    /// - `bool`, `Result<(), E>` or `Result<bool, E>` with `E:` [`IntoRefusal`](crate::IntoRefusal):
    ///   the client of an error is told its text, that of `false` "Forbidden";
    /// - `()` to let everybody in.
    ///
    /// It is asked once, when a connection is opened, on every transport. What extractors and
    /// handler leave in the extensions of the request, extractors of all later handlers find there.
    /// An extractor that fails refuses the client, and so does a panic. While it waits the client
    /// waits; give up in time what may take long.
    ///
    /// The later requests of a connection are let in by its id, which is a secret;
    /// [`origins`](Self::origins) holds for them too.
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
    pub fn allow_request<H, T>(mut self, handler: H) -> Self
    where
        H: RequestHandler<T, S, Output: AllowOutput>,
        S: Clone + Send + Sync + 'static,
    {
        self.allow_request = Some(AllowListener::new(handler, self.state.clone()));
        self
    }

    /// Whether clients put a slash behind the path: `true` by default (Node's `addTrailingSlash`).
    ///
    /// With `false` the path itself is served too, for clients with the same option.
    pub fn add_trailing_slash(self, add: bool) -> Self {
        self.engine(|engine| engine.add_trailing_slash(add))
    }

    /// A cookie with the id of the connection, for load balancers: none by default (Node's
    /// `cookie`; its `true` is `SessionCookie::default()`).
    ///
    /// It is sent with the answer that opens a connection, on every transport.
    pub fn cookie(self, cookie: impl Into<Option<SessionCookie>>) -> Self {
        self.engine(|engine| engine.cookie(cookie))
    }

    /// How answers to polls are compressed: with gzip or deflate, from 1024 bytes, by default;
    /// `None` for not at all (Node's `httpCompression`).
    ///
    /// Events that are sent with `compress(false)` are not compressed, unless others in the same
    /// answer are.
    pub fn http_compression(self, compression: impl Into<Option<HttpCompression>>) -> Self {
        self.engine(|engine| engine.http_compression(compression))
    }

    /// An Engine.IO message that every client is sent right behind the handshake: none by default
    /// (Node's `initialPacket`).
    ///
    /// Clients take it for a Socket.IO packet.
    pub fn initial_packet(self, message: impl Into<Message>) -> Self {
        self.engine(|engine| engine.initial_packet(message))
    }
}
