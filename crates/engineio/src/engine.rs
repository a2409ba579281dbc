//! The server: its options, its sessions by id and the application; may use everything from
//! `session` down.

pub(crate) mod application;
pub(crate) mod drain;
pub(crate) mod registry;
pub(crate) mod session_id;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engineio_proto::{CloseReason, SessionConfig, SessionId, Transport};
use http::header::{HOST, HeaderValue};
use http::request::Parts;
use http::{Request, Version};

use crate::config::Config;
use crate::engine::application::Application;
use crate::engine::registry::Registry;
use crate::http::response::{EngineResponse, Unavailable};
use crate::session::{Counters, QueuedBytes, Session, Shared};

/// An Engine.IO server: its options, its sessions and the application.
pub struct Engine<A: Application> {
    pub(crate) config: Config,
    pub(crate) session_config: Arc<SessionConfig>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) application: A,
    pub(crate) starters: Starters<A>,
    draining: AtomicBool,
    closing: AtomicBool,
}

/// The functions that start or continue a session.
///
/// Services call them through pointers. The crate that creates the engine thereby compiles the driver
/// of its sessions once, instead of every crate that has a service.
pub(crate) struct Starters<A: Application> {
    /// Answers a request that opens a session.
    pub(crate) open: fn(Arc<Engine<A>>, Parts, Transport) -> EngineFuture,
    /// Answers the request of a WebSocket for a polling session.
    pub(crate) upgrade: fn(Arc<Engine<A>>, Arc<Shared>, Parts) -> EngineFuture,
}

/// The future of a response of the engine.
pub(crate) type EngineFuture = Pin<Box<dyn Future<Output = EngineResponse> + Send>>;

impl<A: Application> Engine<A> {
    /// Creates an engine without sessions, see [`Engine::new`].
    pub(crate) fn with_starters(config: Config, application: A, starters: Starters<A>) -> Self {
        Self {
            session_config: Arc::new(config.session.clone()),
            config,
            registry: Arc::new(Registry::new()),
            application,
            starters,
            draining: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        }
    }

    /// Returns the application.
    #[must_use]
    pub fn application(&self) -> &A {
        &self.application
    }

    /// Returns the number of open sessions (Node's `engine.clientsCount`).
    #[must_use]
    pub fn clients_count(&self) -> usize {
        self.registry.len()
    }

    /// Returns the number of open sessions on a transport.
    #[must_use]
    pub fn clients_on(&self, transport: Transport) -> usize {
        self.registry.counters.open(transport)
    }

    /// Returns what the engine has counted since it was created: sessions, refused requests and, if
    /// enabled, messages.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.registry.counters.read()
    }

    /// Sets whether messages and the bytes of their payloads are counted: by default they are not.
    ///
    /// Counting costs about 10 nanoseconds for each message. The counts of
    /// [`counters`](Self::counters) begin when it is enabled, and stay when it is disabled.
    pub fn count_traffic(&self, is_on: bool) {
        self.registry.counters.count_traffic(is_on);
    }

    /// Returns the number of bytes that are queued for clients, by a look at every session. It takes
    /// about 5 milliseconds for 100 000 sessions.
    #[must_use]
    pub fn queued_bytes(&self) -> QueuedBytes {
        self.registry.queued_bytes()
    }

    /// Returns the open session with this id.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> Option<Session> {
        self.registry.find(id.as_str()).map(Session::new)
    }

    /// Returns whether the engine serves a path.
    #[must_use]
    pub fn serves(&self, path: &str) -> bool {
        self.config.path.contains(path)
    }

    /// Returns whether the engine serves a request: its path, on the host that it was sent to.
    ///
    /// A request of HTTP/1.1 may name another host in its target (`GET http://other.example/…`,
    /// RFC 9112, section 3.2.2), such as one for a proxy. The engine does not serve it.
    #[must_use]
    pub fn serves_request<B>(&self, request: &Request<B>) -> bool {
        self.serves(request.uri().path()) && names_own_host(request)
    }

    /// Returns the path that the engine serves, with the trailing slash if clients send one.
    #[must_use]
    pub fn path(&self) -> &str {
        self.config.path.as_str()
    }

    /// Returns the part of a path below the engine's path, without a leading slash: `x.js` for
    /// `/engine.io/x.js`. Returns `None` for paths outside.
    #[must_use]
    pub fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.config.path.below(path)
    }

    /// Returns the transports that clients may use.
    pub fn transports(&self) -> impl Iterator<Item = Transport> {
        let transports = self.config.transports;
        [
            Transport::Polling,
            Transport::WebSocket,
            Transport::WebTransport,
        ]
        .into_iter()
        .filter(move |&transport| transports.contains(transport))
    }

    /// Returns whether sessions may move from polling to another transport.
    #[must_use]
    pub fn allow_upgrades(&self) -> bool {
        self.config.allow_upgrades
    }

    /// Returns the time between the last pong of a client and the next ping.
    #[must_use]
    pub fn ping_interval(&self) -> Duration {
        self.config.session.ping_interval
    }

    /// Returns the time that a client has to answer a ping.
    #[must_use]
    pub fn ping_timeout(&self) -> Duration {
        self.config.session.ping_timeout
    }

    /// Returns the time limit of an upgrade, and of the first packet of a WebTransport session.
    #[must_use]
    pub fn upgrade_timeout(&self) -> Duration {
        self.config.session.upgrade_timeout
    }

    /// Returns the maximum size of a client's message and of a polling body, in bytes.
    #[must_use]
    pub fn max_http_buffer_size(&self) -> usize {
        self.config.max_http_buffer_size
    }

    /// Refuses new sessions from now on, because the engine is about to close.
    pub fn refuse_sessions(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Returns whether the engine is closing and refuses new sessions.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Returns whether new sessions are accepted: the engine is neither draining nor closing.
    #[must_use]
    pub fn is_accepting(&self) -> bool {
        self.unavailable().is_none()
    }

    /// Returns the reason why new sessions are refused, or `None` if they are accepted.
    pub(crate) fn unavailable(&self) -> Option<Unavailable> {
        if self.is_closing() {
            Some(Unavailable::Closing)
        } else if self.draining.load(Ordering::SeqCst) {
            Some(Unavailable::Draining)
        } else {
            None
        }
    }

    fn start_draining(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Closes the engine: refuses new sessions, sends the queued messages and closes all sessions.
    ///
    /// Returns when all sessions have ended and the application has been notified. Sessions that
    /// are still open at the `deadline` are aborted. Sessions whose threads the application blocks
    /// are not awaited for more than another second. Responses to polls may still be in transit by
    /// then, so shut the HTTP server down gracefully afterwards.
    pub async fn close(&self, deadline: Duration) {
        self.refuse_sessions();
        self.registry
            .close_all(CloseReason::ServerShuttingDown, deadline)
            .await;
    }
}

/// Returns whether the target of a request names no host, or that of its `Host` header.
fn names_own_host<B>(request: &Request<B>) -> bool {
    let Some(target) = request.uri().authority() else {
        // The common case.
        return true;
    };
    let host = request.headers().get(HOST);
    let is_own = |host: &HeaderValue| {
        let target = target.as_str().as_bytes();
        target.eq_ignore_ascii_case(host.as_bytes())
    };
    request.version() >= Version::HTTP_2 || host.is_none_or(is_own)
}

impl<A: Application> fmt::Debug for Engine<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.config)
            .field("sessions", &self.registry.len())
            .finish_non_exhaustive()
    }
}
