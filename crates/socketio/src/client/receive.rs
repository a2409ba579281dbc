//! Where the packets of a client go: the socket of their namespace, or the queue of a join.

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use socketio_proto::{Namespace as Name, Packet, PacketType};

use super::{Client, MemberState, Run};
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::NamespaceInner;
use crate::socket::Socket;
use crate::wire::disconnect_reason::DisconnectReason;

/// Where the packets go that have arrived together: for those that follow two others to the same socket,
/// nothing has to be locked and no table be held.
///
/// It is to be dropped when the last of them has been handled, for it keeps a namespace and its
/// handlers. To make it costs more than it saves for one packet: many come alone, and some clients
/// change between namespaces.
#[derive(Default)]
pub(crate) struct RouteCache {
    last: Option<CachedRoute>,
    /// What the socket of the packet before is known by, which may be gone.
    previous: Option<NonZeroUsize>,
}

/// Where the last packet went.
struct CachedRoute {
    socket: Socket,
    namespace: Arc<NamespaceInner>,
    handlers: Arc<Handlers>,
    /// The handlers are those of the namespace since it had so many others.
    generation: u32,
}

impl CachedRoute {
    fn new(socket: &Socket, namespace: &Arc<NamespaceInner>) -> Self {
        let generation = namespace.generation();
        Self {
            socket: socket.clone(),
            handlers: Arc::clone(&namespace.handlers()),
            namespace: Arc::clone(namespace),
            generation,
        }
    }

    /// Whether packets for the namespace still go there. A socket that has joined and is connected is in
    /// its place: it gives up both at once.
    fn is_for(&self, namespace: &Name) -> bool {
        self.generation == self.namespace.generation()
            && self.socket.connected()
            && self.socket.namespace_shared().name() == namespace
    }
}

impl Client {
    /// Handles a packet of the client. `route` is that of the packets that have arrived with it.
    #[inline(always)]
    pub(crate) fn receive(self: &Arc<Self>, packet: Packet, route: &mut RouteCache) {
        match packet.kind {
            PacketType::Connect => self.connect(&packet),
            PacketType::ConnectError => {
                self.close_for_violation("the client sent a CONNECT_ERROR packet")
            }
            PacketType::Ack | PacketType::Disconnect | PacketType::Event => {
                self.route(packet, route);
            }
        }
    }

    /// Handles a packet for a socket that is connected.
    #[inline(always)]
    pub(super) fn handle(self: &Arc<Self>, socket: Socket, handlers: &Handlers, packet: Packet) {
        match packet.kind {
            PacketType::Event => self.dispatch(socket, handlers, packet),
            PacketType::Ack => {
                if let Some(id) = packet.id {
                    socket.state().acks.answer(id, packet.payload);
                }
            }
            PacketType::Disconnect => {
                self.leave(
                    socket.state(),
                    DisconnectReason::ClientNamespaceDisconnect,
                    Run::Here,
                );
            }
            PacketType::Connect | PacketType::ConnectError => {}
        }
    }

    // This and what it calls for an event are inlined by force: each call would copy the packet.
    /// Finds the socket that a packet is for, and handles the packet if the socket is there.
    #[inline(always)]
    pub(super) fn route(self: &Arc<Self>, packet: Packet, route: &mut RouteCache) {
        if let Some(last) = &route.last
            && last.is_for(&packet.namespace)
        {
            self.handle(last.socket.clone(), &last.handlers, packet);
            return;
        }
        route.last = None;
        let mut members = self.members.lock();
        if members.closed {
            return;
        }
        let Some(member) = members.find(&packet.namespace) else {
            drop(members);
            self.close_for_violation("the client sent a packet to a namespace it has not joined");
            return;
        };
        match &mut member.state {
            MemberState::Joined(socket, stay) => {
                let previous = NonZeroUsize::new(Arc::as_ptr(socket.state()).addr());
                if std::mem::replace(&mut route.previous, previous) == previous {
                    route.last = Some(CachedRoute::new(socket, stay.namespace()));
                }
                // The one clone that an event costs. Its handlers need no hold of the namespace.
                let (socket, handlers) = (socket.clone(), stay.handlers());
                drop(members);
                self.handle(socket, &handlers, packet);
            }
            MemberState::Joining(joining) => {
                // It counts as unfinished, so that no more is read than may wait.
                let unfinished = self.tasks.count(packet_bytes(&packet));
                joining.queue.push((packet, unfinished));
            }
            MemberState::Left => {}
        }
    }
}

/// The bytes that a packet holds while its handlers have not finished.
pub(super) fn packet_bytes(packet: &Packet) -> usize {
    let attachments = packet.payload.attachments().iter().map(Bytes::len);
    attachments.fold(packet.payload.as_json().len(), usize::saturating_add)
}
