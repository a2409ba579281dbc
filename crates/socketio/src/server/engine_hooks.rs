//! The application's hooks into the engine.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use engineio::ConnectionFailure;
use http::HeaderMap;
use http::request::Parts;

use crate::client::conn::Conn;
use crate::handler::{AllowListener, IdListener, catch_call};

type ConnectionListener = Arc<dyn Fn(Conn) + Send + Sync>;
type ConnectionErrorListener = Arc<dyn Fn(&ConnectionFailure<'_>) + Send + Sync>;
type HeadersListener = Arc<dyn Fn(&mut HeaderMap, &Parts) + Send + Sync>;

/// The application's hooks into the engine.
#[derive(Default)]
pub(crate) struct EngineHooks {
    pub(crate) allow_request: ArcSwapOption<AllowListener>,
    pub(crate) generate_id: ArcSwapOption<IdListener>,
    listeners: ArcSwap<EngineListeners>,
}

/// The listeners of each engine event, in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct EngineListeners {
    pub(crate) connection: Vec<ConnectionListener>,
    pub(crate) connection_error: Vec<ConnectionErrorListener>,
    pub(crate) initial_headers: Vec<HeadersListener>,
    pub(crate) headers: Vec<HeadersListener>,
}

impl EngineHooks {
    pub(crate) fn new(allow_request: Option<AllowListener>) -> Self {
        Self {
            allow_request: ArcSwapOption::from(allow_request.map(Arc::new)),
            ..Self::default()
        }
    }

    /// Changes the listeners. Events in progress may use the previous ones.
    pub(crate) fn listen(&self, add: impl Fn(&mut EngineListeners)) {
        self.listeners.rcu(|listeners| {
            let mut listeners = EngineListeners::clone(listeners);
            add(&mut listeners);
            listeners
        });
    }

    /// Drops the hooks that only matter for new sessions.
    pub(crate) fn drop_handlers(&self) {
        self.allow_request.store(None);
        self.generate_id.store(None);
        self.listen(|listeners| listeners.connection = Vec::new());
    }

    /// Notifies the listeners of a new connection. `conn` is called only if there is a listener.
    pub(crate) fn connection(&self, conn: impl Fn() -> Conn) {
        for listener in &self.listeners.load_full().connection {
            run("connection", || listener(conn()));
        }
    }

    pub(crate) fn connection_error(&self, failure: &ConnectionFailure<'_>) {
        for listener in &self.listeners.load_full().connection_error {
            run("connection_error", || listener(failure));
        }
    }

    pub(crate) fn initial_headers(&self, headers: &mut HeaderMap, request: &Parts) {
        for listener in &self.listeners.load_full().initial_headers {
            run("initial_headers", || listener(headers, request));
        }
    }

    pub(crate) fn headers(&self, headers: &mut HeaderMap, request: &Parts) {
        for listener in &self.listeners.load_full().headers {
            run("headers", || listener(headers, request));
        }
    }

    pub(crate) fn wants_headers(&self) -> bool {
        // Called for each response to a polling client, so it avoids a reference count.
        !self.listeners.load().headers.is_empty()
    }
}

/// Runs a listener. A panic affects neither the connection nor the other listeners.
fn run(event: &'static str, listener: impl FnOnce()) {
    if let Err(panic) = catch_call(listener) {
        tracing::error!(
            event,
            panic = panic.message(),
            "a listener of the engine panicked"
        );
    }
}
