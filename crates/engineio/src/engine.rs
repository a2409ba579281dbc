//! The server: its sessions by id, and the application on top; may use everything from `session` down.

pub(crate) mod application;
pub(crate) mod registry;
pub(crate) mod session_id;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engineio_proto::{CloseReason, SessionConfig, SessionId, Transport};

use crate::config::Config;
use crate::engine::application::Application;
use crate::engine::registry::Registry;
use crate::session::Session;

/// An Engine.IO server: its options, its sessions and the application on top.
pub struct Engine<A: Application> {
    pub(crate) config: Config,
    pub(crate) session_config: Arc<SessionConfig>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) application: A,
    closing: AtomicBool,
}

impl<A: Application> Engine<A> {
    /// An engine without sessions.
    pub fn new(config: Config, application: A) -> Self {
        Self {
            session_config: Arc::new(config.session.clone()),
            config,
            registry: Arc::new(Registry::new()),
            application,
            closing: AtomicBool::new(false),
        }
    }

    /// The application on top of the engine.
    pub fn application(&self) -> &A {
        &self.application
    }

    /// The number of sessions that are open (Node's `engine.clientsCount`).
    pub fn clients_count(&self) -> usize {
        self.registry.len()
    }

    /// The session with this id, if it is open.
    pub fn session(&self, id: &SessionId) -> Option<Session> {
        self.registry.find(id.as_str()).map(Session::new)
    }

    /// Whether the engine serves a path.
    pub fn serves(&self, path: &str) -> bool {
        self.config.path.contains(path)
    }

    /// The path that the engine serves, with its slash if clients put one there.
    pub fn path(&self) -> &str {
        self.config.path.as_str()
    }

    /// What of a path lies below the engine's, without a slash in front: `x.js` of
    /// `/engine.io/x.js`. `None` if it does not lie there.
    pub fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.config.path.below(path)
    }

    /// The transports that clients may use.
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

    /// Whether a session may move from polling to another transport.
    pub fn allow_upgrades(&self) -> bool {
        self.config.allow_upgrades
    }

    /// How long after the last pong a client is pinged.
    pub fn ping_interval(&self) -> Duration {
        self.config.session.ping_interval
    }

    /// How long a client may take to answer a ping.
    pub fn ping_timeout(&self) -> Duration {
        self.config.session.ping_timeout
    }

    /// How long an upgrade may take, and the first packet of a WebTransport session.
    pub fn upgrade_timeout(&self) -> Duration {
        self.config.session.upgrade_timeout
    }

    /// The largest message and the largest polling body that a client may send, in bytes.
    pub fn max_http_buffer_size(&self) -> usize {
        self.config.max_http_buffer_size
    }

    /// Refuses new sessions from now on.
    pub fn refuse_sessions(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Whether new sessions are refused because the engine is being closed.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Closes the engine: new sessions are refused, what is queued for the clients is sent, the
    /// clients are told.
    ///
    /// Returns when every session is gone and the application has been told so; those that are
    /// not by the `deadline` are cut off. Answers to polls may still be on their way then: let the
    /// HTTP server shut down gracefully afterwards.
    pub async fn close(&self, deadline: Duration) {
        self.refuse_sessions();
        self.registry
            .close_all(CloseReason::ServerShuttingDown, deadline)
            .await;
    }
}

impl<A: Application> fmt::Debug for Engine<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.config)
            .field("sessions", &self.registry.len())
            .finish_non_exhaustive()
    }
}
