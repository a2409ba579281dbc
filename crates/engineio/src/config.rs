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

/// The options of an engine. The defaults are those of Node's server.
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
            origins: Origins::any(),
            per_message_deflate: None,
            session: SessionConfig::default(),
        }
    }
}

impl Config {
    /// Sets the path that the engine serves, with everything below it: `/engine.io/` by default.
    ///
    /// Leading and trailing slashes are ignored, see
    /// [`add_trailing_slash`](Self::add_trailing_slash). Requests for other paths are passed to the
    /// inner service.
    pub fn path(mut self, path: &str) -> Self {
        self.path.set(path);
        self
    }

    /// Sets whether clients append a slash to the path: `true` by default (Node's
    /// `addTrailingSlash`).
    ///
    /// If `true`, requests for the path without the slash are passed to the inner service. If
    /// `false`, they are served, for clients with the same option. Everything below the path is
    /// served in both cases.
    pub fn add_trailing_slash(mut self, add: bool) -> Self {
        self.path.set_slash(add);
        self
    }

    /// Sets the transports that clients may use: polling and WebSocket by default.
    ///
    /// Other transports are refused and not advertised as upgrades. WebTransport streams are passed
    /// to [`Engine::handle_web_transport`](crate::Engine::handle_web_transport).
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

    /// Sets whether sessions may move from polling to another transport: `true` by default.
    pub fn allow_upgrades(mut self, allow: bool) -> Self {
        self.allow_upgrades = allow;
        self
    }

    /// Sets the time between the last pong of a client and the next ping: 25 seconds by default.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.session.ping_interval = interval;
        self
    }

    /// Sets the time that a client has to answer a ping: 20 seconds by default.
    ///
    /// Short timeouts disconnect clients that were slow only for a moment.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.session.ping_timeout = timeout;
        self
    }

    /// Sets the time limit of an upgrade, and of the first packet of a WebTransport session: 10
    /// seconds by default. An upgrade starts with the arrival of the new transport.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.session.upgrade_timeout = timeout;
        self
    }

    /// Sets the maximum size of a client's message and of a polling body, in bytes: 1 000 000 by
    /// default, on every transport.
    ///
    /// A message is buffered until it is complete, so raise the limit with care.
    pub fn max_http_buffer_size(mut self, bytes: usize) -> Self {
        self.max_http_buffer_size = bytes;
        self
    }

    /// Sets the maximum number of bytes that are queued for one client: 16 MiB by default.
    ///
    /// Queued messages are never dropped. A client that is too slow for this limit is disconnected
    /// with [`CloseReason::TransportError`].
    ///
    /// [`CloseReason::TransportError`]: crate::CloseReason::TransportError
    pub fn max_outbound_bytes(mut self, bytes: usize) -> Self {
        self.session.max_outbound_bytes = bytes;
        self
    }

    /// Sets the cookie that identifies the session to load balancers: none by default (Node's
    /// `cookie`).
    ///
    /// It is sent with the response that opens a session, on every transport. Node sends none to
    /// clients that start with WebSocket.
    pub fn cookie(mut self, cookie: impl Into<Option<SessionCookie>>) -> Self {
        self.cookie = cookie.into();
        self
    }

    /// Sets the compression of polling responses (Node's `httpCompression`). By default, responses
    /// of 1024 bytes and more are compressed with gzip or deflate if the client accepts it. `None`
    /// disables compression.
    ///
    /// A response is compressed unless [`SendOptions::compress`](crate::SendOptions::compress) was
    /// disabled for all of its messages.
    pub fn http_compression(mut self, compression: impl Into<Option<HttpCompression>>) -> Self {
        self.http_compression = compression.into();
        self
    }

    /// Sets the compression of WebSocket messages: none by default, as in Node (Node's
    /// `perMessageDeflate`).
    pub fn per_message_deflate(mut self, deflate: impl Into<Option<PerMessageDeflate>>) -> Self {
        self.per_message_deflate = deflate.into();
        self
    }

    /// Sets a message that is sent to every client after the open packet: none by default (Node's
    /// `initialPacket`).
    pub fn initial_packet(mut self, message: impl Into<Message>) -> Self {
        self.initial_packet = Some(message.into());
        self
    }

    /// Sets whether clients of protocol revision 3 are served: `false` by default (Node's
    /// `allowEIO3`). If `false`, clients that do not request revision 4 are refused.
    ///
    /// Revision 3 belongs to Socket.IO before 3.0. [`Session::protocol`](crate::Session::protocol)
    /// returns the revision of a client.
    pub fn allow_eio3(mut self, allow: bool) -> Self {
        self.allow_eio3 = allow;
        self
    }

    /// Sets the accepted values of the `Origin` header: all by default.
    ///
    /// CORS does not protect WebSocket connections. This option does, and it applies to every request
    /// on every transport. Requests without the header do not come from a page and are accepted,
    /// except for JSONP requests (see [`Origins`]).
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }
}

/// The enabled transports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transports {
    pub(crate) polling: bool,
    pub(crate) websocket: bool,
    pub(crate) webtransport: bool,
}

impl Transports {
    /// Returns the transports that a polling session may move to, in the order of Node's server.
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
