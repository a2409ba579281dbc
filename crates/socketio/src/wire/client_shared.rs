//! The state that the sockets of one client share.

use std::any::Any;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use engineio::log::LogClient;
use engineio::{Announcement, Protocol, SendError, Session};
use parking_lot::RwLock;

use crate::handshake::Handshake;
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::encoded_packet::EncodedPacket;
use crate::wire::limits::Limits;

/// The state that the sockets of one client share: the session and the handshake.
pub(crate) struct ClientShared {
    pub(crate) session: Session,
    /// The Engine.IO revision of the client, which determines its Socket.IO revision.
    pub(crate) protocol: Protocol,
    handshake: ArcSwap<Handshake>,
    pub(crate) limits: Arc<Limits>,
    control: RwLock<Option<Weak<dyn ClientControl>>>,
}

/// The operations of a client that its sockets may call.
pub(crate) trait ClientControl: Send + Sync {
    /// Removes one of the client's sockets from its namespace if it is still there.
    ///
    /// `socket` is a `SocketState`, a type that is defined above this module. Its id would not
    /// suffice: a reconnected client may have another socket with the same id.
    fn leave(self: Arc<Self>, socket: &dyn Any, reason: DisconnectReason);

    /// Removes the client from all of its namespaces and closes its connection.
    fn close(self: Arc<Self>, reason: DisconnectReason);

    /// Removes the client from all of its namespaces because the server closes.
    fn shut_down(self: Arc<Self>);

    /// Returns the client, whose type is defined above this module.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;

    /// Closes this connection because the client has opened a new one.
    fn supersede(self: Arc<Self>);
}

impl ClientShared {
    pub(crate) fn new(session: Session, handshake: Arc<Handshake>, limits: Arc<Limits>) -> Self {
        Self {
            protocol: session.protocol(),
            session,
            handshake: ArcSwap::new(handshake),
            limits,
            control: RwLock::new(None),
        }
    }

    /// Returns the client as the limits of log lines know it.
    #[cold]
    pub(crate) fn log_client(&self) -> Option<LogClient> {
        Some(LogClient::of_session(self.session.id().as_str()))
    }

    pub(crate) fn handshake(&self) -> Arc<Handshake> {
        self.handshake.load_full()
    }

    /// Replaces the handshake by one without the request. The request is freed with its last user.
    pub(crate) fn drop_request(&self) {
        let handshake = self.handshake();
        if !handshake.is_dropped() {
            self.handshake.store(Arc::new(handshake.without_request()));
        }
    }

    pub(crate) fn set_control(&self, control: Weak<dyn ClientControl>) {
        *self.control.write() = Some(control);
    }

    /// Returns the client unless it was dropped.
    pub(crate) fn control(&self) -> Option<Arc<dyn ClientControl>> {
        self.control.read().as_ref()?.upgrade()
    }

    /// Sends a packet while the caller holds a lock. Observers of the connection are notified when
    /// the caller drops the announcement.
    pub(crate) fn enqueue(&self, packet: &EncodedPacket) -> Announcement {
        // If the session is closed, or is being closed because of this packet, its sockets are
        // disconnected with it.
        let (_, announcement) = match packet.single_message() {
            Some(message) => self.session.enqueue([message], packet.options()),
            None => self.session.enqueue(packet.messages(), packet.options()),
        };
        announcement
    }

    /// Sends a packet if the transport is ready. Returns whether it was sent.
    pub(crate) fn send_volatile(&self, packet: &EncodedPacket) -> bool {
        self.session
            .enqueue_volatile(packet.messages(), packet.options())
    }

    /// Sends a packet to this client only.
    #[inline]
    pub(crate) fn send_owned(&self, packet: EncodedPacket) -> Result<(), SendError> {
        packet.send(&self.session)
    }
}
