use std::sync::Arc;
use std::time::SystemTime;

use engineio::{Application, Session};
use http::request::Parts;

use crate::client::Client;
use crate::connection::ClientConnection;
use crate::handshake::Handshake;
use crate::limits::Limits;
use crate::link::Link;
use crate::namespaces::Namespaces;
use crate::serve_client::ServeClient;

/// Socket.IO, as the engine sees it.
pub(crate) struct App {
    pub(crate) limits: Arc<Limits>,
    pub(crate) namespaces: Arc<Namespaces>,
    /// The browser client, where it is served.
    pub(crate) client: Option<ServeClient>,
}

impl Application for App {
    type Connection = ClientConnection;

    fn open(&self, session: Session, request: Parts) -> ClientConnection {
        let handshake = Arc::new(Handshake::new(request, SystemTime::now()));
        let link = Arc::new(Link::new(session, handshake, Arc::clone(&self.limits)));
        ClientConnection::new(Client::new(link, Arc::clone(&self.namespaces)))
    }
}
