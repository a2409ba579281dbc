//! The options of an engine; may use `http`.

pub(crate) mod cookie;
pub(crate) mod origins;
pub(crate) mod per_message_deflate;

use std::time::Duration;

use engineio_proto::{Message, SessionConfig, Transport};

use crate::config::cookie::SessionCookie;
use crate::config::origins::Origins;
use crate::config::per_message_deflate::PerMessageDeflate;
use crate::http::compression::HttpCompression;
use crate::http::path::ServedPath;

/// The options of an engine, with the defaults of Node's server.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use engineio::{Config, Transport};
///
/// let config = Config::default()
///     .path("/live")
///     .transports([Transport::WebSocket])
///     .ping_interval(Duration::from_secs(10));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    pub(crate) path: ServedPath,
    pub(crate) transports: Transports,
    pub(crate) allow_eio3: bool,
    pub(crate) allow_upgrades: bool,
    pub(crate) cookie: Option<SessionCookie>,
    pub(crate) http_compression: Option<HttpCompression>,
    pub(crate) initial_packet: Option<Message>,
    pub(crate) max_http_buffer_size: usize,
    pub(crate) origins: Origins,
    pub(crate) per_message_deflate: Option<PerMessageDeflate>,
    pub(crate) session: SessionConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: ServedPath::new("/engine.io"),
            transports: Transports {
                polling: true,
                websocket: true,
                webtransport: false,
            },
            allow_eio3: false,
            allow_upgrades: true,
            cookie: None,
            http_compression: Some(HttpCompression::default()),
            initial_packet: None,
            max_http_buffer_size: 1_000_000,
            origins: Origins::Any,
            per_message_deflate: None,
            session: SessionConfig::default(),
        }
    }
}

impl Config {
    /// The path that the engine serves, and everything below it: `/engine.io/` by default.
    ///
    /// Slashes at either end do not matter, see [`add_trailing_slash`](Self::add_trailing_slash).
    /// Other paths go to the wrapped service.
    pub fn path(mut self, path: &str) -> Self {
        self.path.set(path);
        self
    }

    /// Whether clients put a slash behind the path: `true` by default (Node's `addTrailingSlash`).
    ///
    /// With `true` the path itself, without the slash, goes to the wrapped service. With `false` it
    /// is served, for clients with the same option; what is below it is served either way.
    pub fn add_trailing_slash(mut self, add: bool) -> Self {
        self.path.set_slash(add);
        self
    }

    /// The transports that clients may use: polling and WebSocket by default.
    ///
    /// A transport that is not listed is refused and not advertised as an upgrade. Sessions over
    /// WebTransport are those that are handed to
    /// [`Engine::handle_web_transport`](crate::Engine::handle_web_transport).
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.transports = Transports {
            polling: false,
            websocket: false,
            webtransport: false,
        };
        for transport in transports {
            match transport {
                Transport::Polling => self.transports.polling = true,
                Transport::WebSocket => self.transports.websocket = true,
                Transport::WebTransport => self.transports.webtransport = true,
                _ => {}
            }
        }
        self
    }

    /// Whether a session may move from polling to another transport: `true` by default.
    pub fn allow_upgrades(mut self, allow: bool) -> Self {
        self.allow_upgrades = allow;
        self
    }

    /// How long after the last pong the client is pinged: 25 seconds by default.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.session.ping_interval = interval;
        self
    }

    /// How long the client may take to answer a ping: 20 seconds by default.
    ///
    /// Short timeouts cost reconnections of clients that were only slow for a moment.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.session.ping_timeout = timeout;
        self
    }

    /// How long an upgrade may take, from the arrival of the new transport, and how long the first
    /// packet of a WebTransport session: 10 seconds by default.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.session.upgrade_timeout = timeout;
        self
    }

    /// The largest message and the largest polling body that a client may send, in bytes:
    /// 1 000 000 by default, on every transport.
    ///
    /// Memory for a message is held until it has arrived: raise it with care.
    pub fn max_http_buffer_size(mut self, bytes: usize) -> Self {
        self.max_http_buffer_size = bytes;
        self
    }

    /// The most bytes that may wait to be sent to one client: 16 MiB by default.
    ///
    /// Nothing is ever dropped from the queue: a client that is so far behind is a slow consumer
    /// and its session is closed with [`CloseReason::TransportError`].
    ///
    /// [`CloseReason::TransportError`]: crate::CloseReason::TransportError
    pub fn max_outbound_bytes(mut self, bytes: usize) -> Self {
        self.session.max_outbound_bytes = bytes;
        self
    }

    /// The cookie that names the session to load balancers: none by default (Node's `cookie`).
    ///
    /// It is sent with the answer that opens a session, on every transport; Node sends none to
    /// clients that begin with WebSocket.
    pub fn cookie(mut self, cookie: impl Into<Option<SessionCookie>>) -> Self {
        self.cookie = cookie.into();
        self
    }

    /// How answers to polls are compressed, for clients that accept it: with gzip or deflate, from
    /// 1024 bytes, by default; `None` for not at all (Node's `httpCompression`).
    ///
    /// An answer is compressed unless all of its messages were sent with
    /// [`SendOptions::compress`](crate::SendOptions::compress) switched off.
    pub fn http_compression(mut self, compression: impl Into<Option<HttpCompression>>) -> Self {
        self.http_compression = compression.into();
        self
    }

    /// How messages on a WebSocket are compressed: not at all by default, as in Node's server
    /// (Node's `perMessageDeflate`).
    pub fn per_message_deflate(mut self, deflate: impl Into<Option<PerMessageDeflate>>) -> Self {
        self.per_message_deflate = deflate.into();
        self
    }

    /// A message that every client is sent right behind the open packet: none by default (Node's
    /// `initialPacket`).
    pub fn initial_packet(mut self, message: impl Into<Message>) -> Self {
        self.initial_packet = Some(message.into());
        self
    }

    /// Whether clients of revision 3 of the protocol are served: `false` by default (Node's
    /// `allowEIO3`). Clients that do not ask for revision 4 are refused otherwise.
    ///
    /// They are those of Socket.IO before 3.0. [`Session::protocol`](crate::Session::protocol) tells
    /// what a client speaks.
    pub fn allow_eio3(mut self, allow: bool) -> Self {
        self.allow_eio3 = allow;
        self
    }

    /// Which values of the `Origin` header are served: any by default.
    ///
    /// CORS does not protect WebSocket connections; this list does, and holds for every
    /// transport and every request. Requests without the header do not come from a page and are
    /// not concerned, but for those that scripts make (JSONP, see [`Origins::List`]).
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }
}

/// Which transports are on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transports {
    pub(crate) polling: bool,
    pub(crate) websocket: bool,
    pub(crate) webtransport: bool,
}

impl Transports {
    /// To which of them a session that polls may move, in the order of Node's server.
    pub(crate) fn upgrades(self) -> impl Iterator<Item = Transport> {
        [Transport::WebSocket, Transport::WebTransport]
            .into_iter()
            .filter(move |&transport| self.contains(transport))
    }

    pub(crate) fn contains(self, transport: Transport) -> bool {
        match transport {
            Transport::Polling => self.polling,
            Transport::WebSocket => self.websocket,
            Transport::WebTransport => self.webtransport,
            _ => false,
        }
    }
}
