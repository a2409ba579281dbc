//! The Socket.IO server as an application of the engine.

use std::sync::Arc;
use std::time::SystemTime;

use engineio::{Application, BoxError, ConnectionError, ConnectionFailure, Session, SessionId};
use http::HeaderMap;
use http::request::Parts;

use crate::client::ClientInner;
use crate::client::conn::Conn;
use crate::client::connection::ClientConnection;
use crate::handshake::Handshake;
use crate::registry::namespaces::Namespaces;
use crate::server::engine_hooks::EngineHooks;
use crate::server::placement::Placement;
#[cfg(feature = "serve-client")]
use crate::server::serve_client::ServeClient;
use crate::wire::backlink::ServerLink;
use crate::wire::client_shared::ClientShared;
use crate::wire::limits::Limits;

/// The Socket.IO server as the application of the engine.
pub(crate) struct App {
    pub(crate) limits: Arc<Limits>,
    pub(crate) namespaces: Arc<Namespaces>,
    /// The files of the browser client, if they are served.
    #[cfg(feature = "serve-client")]
    pub(crate) client: Option<ServeClient>,
    pub(crate) hooks: EngineHooks,
    pub(crate) placement: Placement,
    /// The server, which extractors of the hooks read.
    pub(crate) server: ServerLink,
}

impl Application for App {
    type Connection = ClientConnection;

    fn open(&self, session: Session, request: Parts) -> ClientConnection {
        let handshake = Arc::new(Handshake::new(request, SystemTime::now()));
        let shared = Arc::new(ClientShared::new(
            session,
            handshake,
            Arc::clone(&self.limits),
        ));
        let client = ClientInner::new(Arc::clone(&shared), Arc::clone(&self.namespaces));
        self.hooks.connection(|| Conn::new(Arc::clone(&shared)));
        client.opened();
        ClientConnection::new(client)
    }

    async fn allow_request(&self, request: &mut Parts) -> Result<(), ConnectionError> {
        let Some(listener) = self.hooks.allow_request() else {
            return Ok(());
        };
        // Extensions live as long as the connection, so the link is removed after the call.
        request.extensions.insert(self.server.clone());
        let allowed = listener.call(request).await;
        request.extensions.remove::<ServerLink>();
        allowed.map_err(ConnectionError::from)
    }

    async fn generate_id(&self, request: &Parts) -> Result<SessionId, BoxError> {
        let Some(listener) = self.hooks.generate_id() else {
            return engineio::random_id();
        };
        // Extractors need mutable parts.
        let mut request = request.clone();
        request.extensions.insert(self.server.clone());
        listener.call(&mut request).await
    }

    fn connection_error(&self, failure: &ConnectionFailure<'_>) {
        self.hooks.connection_error(failure);
    }

    fn initial_headers(&self, headers: &mut HeaderMap, request: &Parts) {
        self.hooks.initial_headers(headers, request);
    }

    fn headers(&self, headers: &mut HeaderMap, request: &Parts) {
        self.hooks.headers(headers, request);
    }

    fn wants_headers(&self) -> bool {
        self.hooks.wants_headers()
    }
}
