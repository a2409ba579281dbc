//! The path of a packet to the socket of its namespace, or to the queue of a join.

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use socketio_proto::{Namespace as Name, Packet, PacketType};

use super::{ClientInner, MemberState, RunMode};
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::NamespaceInner;
use crate::socket::Socket;
use crate::wire::disconnect_reason::DisconnectReason;

/// Caches the route of packets that arrive in one read.
///
/// From the third packet for the same socket on, neither the member list is locked nor the handler
/// table loaded. The cache is cleared after each read, because it keeps a namespace and its
/// handlers alive. Filling it for a single packet would cost more than it saves.
#[derive(Default)]
pub(crate) struct RouteCache {
    last: Option<CachedRoute>,
    /// The address of the previous packet's socket, which is only compared.
    previous: Option<NonZeroUsize>,
}

/// The route of the last packet.
struct CachedRoute {
    socket: Socket,
    namespace: Arc<NamespaceInner>,
    handlers: Arc<Handlers>,
    /// The generation of `handlers`.
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

    /// Returns whether the route is still valid for a packet to `namespace`.
    ///
    /// A connected socket is always in the member list: leaving changes both under one lock.
    fn is_for(&self, namespace: &Name) -> bool {
        self.generation == self.namespace.generation()
            && self.socket.connected()
            && self.socket.namespace_shared().name() == namespace
    }
}

impl ClientInner {
    /// Handles a packet. `route` caches the route of earlier packets of the same read.
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

    /// Handles a packet for a connected socket.
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
                    RunMode::Inline,
                );
            }
            PacketType::Connect | PacketType::ConnectError => {}
        }
    }

    // Inlined with its callees, because each call would copy the packet.
    /// Finds the socket of a packet and handles the packet, or queues it behind a join.
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
            MemberState::Joined(socket, occupancy) => {
                let previous = NonZeroUsize::new(Arc::as_ptr(socket.state()).addr());
                if std::mem::replace(&mut route.previous, previous) == previous {
                    route.last = Some(CachedRoute::new(socket, occupancy.namespace()));
                }
                // The only reference counts of an event. Handlers do not count as occupants of the
                // namespace.
                let (socket, handlers) = (socket.clone(), occupancy.handlers());
                drop(members);
                self.handle(socket, &handlers, packet);
            }
            MemberState::Joining(joining) => {
                // A queued packet counts as an unfinished event, which limits the queue.
                let unfinished = self.tasks.count(packet_bytes(&packet));
                joining.queue.push((packet, unfinished));
            }
            MemberState::Left => {}
        }
    }
}

/// Returns the bytes that a packet holds until its handlers have finished.
pub(super) fn packet_bytes(packet: &Packet) -> usize {
    let attachments = packet.payload.attachments().iter().map(Bytes::len);
    attachments.fold(packet.payload.as_json().len(), usize::saturating_add)
}
