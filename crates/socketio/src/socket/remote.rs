//! From a fetched socket to the socket itself.

use std::sync::Arc;

use super::Socket;
use crate::broadcast::RemoteSocket;

impl RemoteSocket {
    /// The socket itself, if it is connected to this server.
    #[must_use]
    pub fn local(&self) -> Option<Socket> {
        let id = self.id().as_str();
        let shared = Arc::clone(self.operator.scope()).find_socket(id)?;
        let state = shared.local.rooms.get(id)?;
        Some(Socket::new(state, shared))
    }

    /// Whether the socket is connected to this server.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.local().is_some()
    }
}
