use std::any::Any;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use engineio::{Announcement, Protocol, SendError, Session};
use parking_lot::RwLock;

use crate::handshake::Handshake;
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::encoded_packet::EncodedPacket;
use crate::wire::limits::Limits;

/// What the sockets of one client share: the way to the client, and how it came.
pub(crate) struct ClientShared {
    pub(crate) session: Session,
    /// The revision of Engine.IO that the client speaks, which decides that of Socket.IO.
    pub(crate) protocol: Protocol,
    handshake: ArcSwap<Handshake>,
    pub(crate) limits: Arc<Limits>,
    control: RwLock<Option<Weak<dyn ClientControl>>>,
}

/// What a socket may ask of the client that it belongs to.
pub(crate) trait ClientControl: Send + Sync {
    /// Takes one of the client's sockets out of its namespace, if it is still there: a recipient,
    /// whose type cannot be known here. Ids do not tell sockets apart, for a client that comes back
    /// may have the same.
    fn leave(self: Arc<Self>, socket: &dyn Any, reason: DisconnectReason);

    /// Takes the client out of all its namespaces and closes its connection.
    fn close(self: Arc<Self>, reason: DisconnectReason);

    /// The client itself, whose type cannot be known here.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;

    /// Ends the client, which has a new connection and does not use this one any more.
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

    pub(crate) fn handshake(&self) -> Arc<Handshake> {
        self.handshake.load_full()
    }

    /// Frees the request that opened the session, once nobody reads it any more.
    pub(crate) fn drop_request(&self) {
        let handshake = self.handshake();
        if !handshake.is_dropped() {
            self.handshake.store(Arc::new(handshake.without_request()));
        }
    }

    pub(crate) fn set_control(&self, control: Weak<dyn ClientControl>) {
        *self.control.write() = Some(control);
    }

    /// The client, unless it is gone.
    pub(crate) fn control(&self) -> Option<Arc<dyn ClientControl>> {
        self.control.read().as_ref()?.upgrade()
    }

    /// Sends a packet for a caller that holds a lock: who observes the connection is told of it when
    /// the announcement is dropped.
    pub(crate) fn enqueue(&self, packet: &EncodedPacket) -> Announcement {
        // A session that is closed, or is being closed for this, takes its sockets along.
        let (_, announcement) = match packet.single_message() {
            Some(message) => self.session.enqueue([message], packet.options()),
            None => self.session.enqueue(packet.messages(), packet.options()),
        };
        announcement
    }

    /// Sends a packet if the transport can take it now. Returns whether it could.
    pub(crate) fn send_volatile(&self, packet: &EncodedPacket) -> bool {
        self.session
            .send_volatile_with(packet.messages(), packet.options())
    }

    /// Sends a packet that goes to this client only.
    #[inline]
    pub(crate) fn send_owned(&self, packet: EncodedPacket) -> Result<(), SendError> {
        packet.send(&self.session)
    }
}
