use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engineio_proto::{CloseReason, SessionConfig, SessionId};

use crate::application::Application;
use crate::config::Config;
use crate::registry::Registry;
use crate::session::Session;
use crate::shutdown;

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
        self.registry.find(id).map(Session::new)
    }

    /// The path of the engine, with a slash at both ends.
    pub fn path(&self) -> &str {
        &self.config.path
    }

    /// Whether the engine serves a path.
    pub fn serves(&self, path: &str) -> bool {
        path.starts_with(&*self.config.path)
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
        shutdown::close_all(&self.registry, CloseReason::ServerShuttingDown, deadline).await;
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
