//! The application's hooks into the engine.

use std::sync::Arc;

use arc_swap::ArcSwap;
use engineio::ConnectionFailure;
use engineio::log::Escaped;
use http::HeaderMap;
use http::request::Parts;

use crate::client::conn::Conn;
use crate::handler::{AllowListener, IdListener, catch_call};

type ConnectionListener = Arc<dyn Fn(Conn) + Send + Sync>;
type ConnectionErrorListener = Arc<dyn Fn(&ConnectionFailure<'_>) + Send + Sync>;
type HeadersListener = Arc<dyn Fn(&mut HeaderMap, &Parts) + Send + Sync>;

/// The application's hooks into the engine.
pub(crate) struct EngineHooks(ArcSwap<HookTable>);

/// The handlers of requests, and the listeners of each engine event in the order in which they were
/// added.
#[derive(Clone, Default)]
pub(crate) struct HookTable {
    pub(crate) allow_request: Option<AllowListener>,
    pub(crate) generate_id: Option<IdListener>,
    pub(crate) connection: Vec<ConnectionListener>,
    pub(crate) connection_error: Vec<ConnectionErrorListener>,
    pub(crate) initial_headers: Vec<HeadersListener>,
    pub(crate) headers: Vec<HeadersListener>,
}

impl EngineHooks {
    pub(crate) fn new(allow_request: Option<AllowListener>) -> Self {
        Self(ArcSwap::from_pointee(HookTable {
            allow_request,
            ..HookTable::default()
        }))
    }

    /// Changes the hooks. Events in progress may use the previous ones.
    pub(crate) fn update(&self, change: &dyn Fn(&mut HookTable)) {
        self.0.rcu(|hooks| {
            let mut hooks = HookTable::clone(hooks);
            change(&mut hooks);
            hooks
        });
    }

    /// Drops the hooks that only matter for new sessions.
    pub(crate) fn drop_handlers(&self) {
        self.update(&|hooks| {
            hooks.allow_request = None;
            hooks.generate_id = None;
            hooks.connection = Vec::new();
        });
    }

    pub(crate) fn allow_request(&self) -> Option<AllowListener> {
        self.0.load().allow_request.clone()
    }

    pub(crate) fn generate_id(&self) -> Option<IdListener> {
        self.0.load().generate_id.clone()
    }

    /// Notifies the listeners of a new connection. `conn` is called only if there is a listener.
    pub(crate) fn connection(&self, conn: impl Fn() -> Conn) {
        for listener in &self.0.load_full().connection {
            run("connection", &mut || listener(conn()));
        }
    }

    pub(crate) fn connection_error(&self, failure: &ConnectionFailure<'_>) {
        for listener in &self.0.load_full().connection_error {
            run("connection_error", &mut || listener(failure));
        }
    }

    pub(crate) fn initial_headers(&self, headers: &mut HeaderMap, request: &Parts) {
        for listener in &self.0.load_full().initial_headers {
            run("initial_headers", &mut || listener(headers, request));
        }
    }

    pub(crate) fn headers(&self, headers: &mut HeaderMap, request: &Parts) {
        for listener in &self.0.load_full().headers {
            run("headers", &mut || listener(headers, request));
        }
    }

    pub(crate) fn wants_headers(&self) -> bool {
        // Called for each response to a polling client, so it avoids a reference count.
        !self.0.load().headers.is_empty()
    }
}

/// Runs a listener. A panic affects neither the connection nor the other listeners.
fn run(event: &'static str, listener: &mut dyn FnMut()) {
    if let Err(panic) = catch_call(listener) {
        engineio::log_limited!(
            error,
            None,
            "a listener of the engine panicked",
            event,
            panic = ?Escaped(panic.message()),
        );
    }
}
