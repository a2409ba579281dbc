//! The state of one client in one namespace: identity, data, listeners, pending acknowledgements
//! and phase.
//!
//! May use `wire` and the modules below it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use engineio::log::LogClient;
use engineio::{Protocol, SessionId};
use socketio_adapter::{Member, Memberships, SocketId};
use socketio_proto::Args;

use crate::socket_state::data_map::DataMap;
use crate::socket_state::listeners::Listeners;
use crate::socket_state::logged_id::LoggedId;
use crate::socket_state::ordered::{HasOrdered, Ordered};
use crate::socket_state::pending_acks::PendingAcks;
use crate::socket_state::recoverable::Recoverable;
use crate::socket_state::rooms_at_leave::RoomsAtLeave;
use crate::wire::client_shared::ClientShared;
use crate::wire::disconnect_reason::DisconnectReason;

pub(crate) mod ack_error;
pub(crate) mod data_map;
pub(crate) mod listeners;
pub(crate) mod logged_id;
pub(crate) mod observers;
pub(crate) mod ordered;
pub(crate) mod outgoing_listeners;
pub(crate) mod pending_acks;
pub(crate) mod recoverable;
pub(crate) mod rooms_at_leave;
pub(crate) mod running_tasks;
pub(crate) mod tasks;

/// The state of one client in one namespace, as rooms and broadcasts use it.
pub(crate) struct SocketState {
    pub(crate) id: SocketId,
    pub(crate) client: Arc<ClientShared>,
    pub(crate) auth: Args,
    pub(crate) acks: PendingAcks,
    pub(crate) data: DataMap,
    pub(crate) ordered: Ordered,
    pub(crate) listeners: Listeners,
    /// The recovery data, if the socket can be recovered.
    pub(crate) recoverable: Option<Box<Recoverable>>,
    pub(crate) rooms_at_leave: RoomsAtLeave,
    memberships: Memberships<Self>,
    phase: AtomicU8,
}

/// The phase of a socket's life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Middleware is deciding.
    Joining,
    Connected,
    /// The socket was connected and has left.
    Disconnected,
    /// The socket was never connected: middleware refused it, or the client left before that.
    Refused,
}

impl SocketState {
    /// Returns the client as the limits of log lines know it.
    #[cold]
    pub(crate) fn log_client(&self) -> Option<LogClient> {
        self.client.log_client()
    }

    pub(crate) fn new(
        id: SocketId,
        client: Arc<ClientShared>,
        auth: Args,
        recoverable: Option<Box<Recoverable>>,
    ) -> Self {
        Self {
            id,
            acks: PendingAcks::new(client.limits.max_pending_acks),
            client,
            auth,
            data: DataMap::default(),
            ordered: Ordered::default(),
            listeners: Listeners::default(),
            recoverable,
            rooms_at_leave: RoomsAtLeave::default(),
            memberships: Memberships::new(),
            phase: AtomicU8::new(Phase::Joining as u8),
        }
    }

    /// Returns the id as logs and spans show it.
    pub(crate) fn logged_id(&self) -> LoggedId<'_> {
        let session = (self.client.protocol == Protocol::V3).then(|| self.client.session.id());
        LoggedId::new(self.id.as_str(), session.map(SessionId::as_str))
    }

    pub(crate) fn is(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Acquire) == phase as u8
    }

    /// Returns whether the socket has left, so that nothing can be sent to it.
    pub(crate) fn has_left(&self) -> bool {
        self.is(Phase::Disconnected) || self.is(Phase::Refused)
    }

    /// Disconnects the socket from its namespace, unless it has left.
    pub(crate) fn disconnect(&self, reason: DisconnectReason) {
        if !self.has_left()
            && let Some(control) = self.client.control()
        {
            control.leave(self, reason);
        }
    }

    /// Closes the connection of the client, unless the socket has left.
    pub(crate) fn disconnect_client(&self, reason: DisconnectReason) {
        if !self.has_left()
            && let Some(control) = self.client.control()
        {
            control.close(reason);
        }
    }

    /// Changes the phase from `from` to `to`. Returns `false` if another caller changed it first.
    pub(crate) fn advance(&self, from: Phase, to: Phase) -> bool {
        self.phase
            .compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

impl Member for SocketState {
    fn id(&self) -> &SocketId {
        &self.id
    }

    fn memberships(&self) -> &Memberships<Self> {
        &self.memberships
    }
}

impl HasOrdered for SocketState {
    fn ordered(&self) -> &Ordered {
        &self.ordered
    }

    fn is_closed(&self) -> bool {
        self.has_left()
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http_body_util::Full;

    use crate::server::layer::SocketIoLayer;

    use super::*;

    /// The application may disconnect a socket while its client leaves and reconnects with the same
    /// id.
    #[tokio::test]
    async fn disconnecting_a_socket_keeps_its_successor_of_the_same_id() {
        let layer = SocketIoLayer::builder().allow_eio3(true).build();
        let io = layer.io();
        let engine = io.engine();
        let uri = "/socket.io/?EIO=3&transport=polling";
        let request = |uri: &str, body: &'static str| {
            let method = if body.is_empty() { "GET" } else { "POST" };
            let request = Request::builder().method(method).uri(uri);
            let request = request.body(Full::<&[u8]>::new(body.as_bytes()));
            engine.handle_request(request.expect("a request"))
        };
        assert!(request(uri, "").await.status().is_success());
        let sockets = io.of("/").sockets();
        let first = sockets
            .first()
            .expect("the client joins the main namespace");
        let uri = format!("{uri}&sid={}", first.id());
        assert!(request(&uri, "2:412:40").await.status().is_success());
        let sockets = io.of("/").sockets();
        let second = sockets.first().expect("the client joins again");
        assert_eq!(first.id(), second.id());
        assert_ne!(first, second);

        let leave = |socket_state: &SocketState| {
            let control = socket_state.client.control().expect("the client is alive");
            control.leave(socket_state, DisconnectReason::ServerNamespaceDisconnect);
        };
        leave(first.state());
        assert!(second.connected());
        leave(second.state());
        assert!(second.disconnected());
    }
}
