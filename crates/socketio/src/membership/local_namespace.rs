//! The sockets of one namespace on this server, and the operations that an adapter performs on
//! them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use engineio::SendError;
use engineio::log::Escaped;
use smol_str::SmolStr;
use socketio_adapter::{
    AckGuard, AckSink, AfterDelivery, BroadcastOptions, LocalSockets, PendingAck, PendingReport,
    RemoteSocketInfo, RoomList, RoomObserver, Rooms, ServerSideReply, Target,
};
use socketio_proto::{Args, Namespace, Packet};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tracing::{Span, field};

use crate::socket_state::SocketState;
use crate::socket_state::data_map::DataMap;
use crate::socket_state::observers::{NamespaceEvent, Observers};
use crate::socket_state::outgoing_listeners::OutgoingListeners;
use crate::socket_state::running_tasks::RunningTasks;
use crate::wire::broadcast_packet::BroadcastPacket;
use crate::wire::codec::Codec;
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::encoded_packet::EncodedPacket;

/// The sockets of one namespace on this server.
pub(crate) struct LocalNamespace {
    pub(crate) name: Namespace,
    /// The pattern of a dynamic namespace.
    pattern: Option<SmolStr>,
    pub(crate) codec: Codec,
    pub(crate) rooms: Rooms<SocketState>,
    pub(crate) outgoing: Arc<OutgoingListeners>,
    pub(crate) observers: Arc<Observers>,
    /// The counter of acknowledgement ids for all sockets of the namespace, as in Node. An
    /// acknowledged broadcast is encoded once, with the same id for every recipient.
    ack_ids: AtomicU64,
    owner: Weak<dyn Owner>,
}

/// The operations on a namespace's handlers, which are defined above this module.
pub(crate) trait Owner: Send + Sync + 'static {
    /// Returns the data of a socket as other servers receive it.
    fn describe_data(&self, data: &DataMap) -> serde_json::Value;

    /// Starts the handlers of an event that another server sent.
    fn server_side_event(self: Arc<Self>, event: Args, reply: Option<ServerSideReply>);
}

impl LocalNamespace {
    pub(crate) fn new(
        name: Namespace,
        pattern: Option<SmolStr>,
        codec: Codec,
        max_rooms: Option<usize>,
        owner: Weak<dyn Owner>,
        running_tasks: Arc<RunningTasks>,
    ) -> Self {
        Self {
            name,
            pattern,
            owner,
            codec,
            rooms: Rooms::new()
                .with_max_rooms(max_rooms)
                .with_report_spawner(move |report| continue_report(report, &running_tasks)),
            outgoing: Arc::default(),
            observers: Arc::default(),
            ack_ids: AtomicU64::new(0),
        }
    }

    /// Returns the name, or the pattern of a dynamic namespace.
    pub(crate) fn label(&self) -> &str {
        self.pattern.as_deref().unwrap_or(&self.name)
    }

    pub(crate) fn next_ack_id(&self) -> u64 {
        self.ack_ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Calls the outgoing listeners and then `send` for each recipient of a packet, without holding
    /// a lock.
    fn for_each_notified(
        &self,
        packet: &Packet,
        options: &BroadcastOptions,
        mut send: impl FnMut(&Arc<SocketState>),
    ) {
        let has_listeners = self.outgoing.has_listeners();
        let mut recipients = 0;
        let span = self.broadcast_span(packet, options);
        let _entered = span.enter();
        self.for_each_connected(options, |recipient| {
            recipients += 1;
            if has_listeners {
                self.outgoing.notify(recipient, &packet.payload);
            }
            send(recipient);
        });
        span.record("socketio.recipients", recipients);
        self.observers
            .notify(&NamespaceEvent::Broadcast { recipients });
    }

    /// Creates the span of a broadcast.
    fn broadcast_span(&self, packet: &Packet, options: &BroadcastOptions) -> Span {
        let span = tracing::debug_span!(
            "socketio.broadcast",
            otel.kind = "producer",
            otel.name = field::Empty,
            messaging.system = "socketio",
            "messaging.operation.type" = "send",
            messaging.operation.name = "broadcast",
            messaging.destination.name = field::Empty,
            socketio.namespace = self.label(),
            socketio.rooms = options.target.rooms().len(),
            socketio.recipients = field::Empty,
        );
        if !span.is_disabled() {
            let event = packet.event_name().unwrap_or_default();
            span.record("messaging.destination.name", &*event);
            span.record("otel.name", format!("broadcast {event}"));
        }
        span
    }

    /// Calls `send` for each target socket that has not left.
    ///
    /// A socket whose disconnecting handlers are running is still in its rooms, but its client may
    /// already be connected with another socket.
    fn for_each_connected(
        &self,
        options: &BroadcastOptions,
        mut send: impl FnMut(&Arc<SocketState>),
    ) {
        self.rooms.for_each(&options.target, |recipient| {
            if !recipient.has_left() {
                send(recipient);
            }
        });
    }

    /// Encodes a broadcast for all of its recipients. Returns `None`, after logging the error, if
    /// that fails.
    fn encode(&self, packet: &Packet, options: &BroadcastOptions) -> Option<EncodedPacket> {
        match self.codec.packet(packet) {
            Ok(mut encoded) => {
                encoded.set_compress(options.flags.compress);
                Some(encoded)
            }
            Err(error) => {
                engineio::log_limited!(
                    error,
                    None,
                    "a broadcast was not sent because it cannot be encoded",
                    error = %Escaped(&error),
                );
                None
            }
        }
    }
}

/// Continues a report of room events in a task, or in place on a thread outside the runtime.
fn continue_report(report: PendingReport, running_tasks: &Arc<RunningTasks>) {
    let mut pending = Some(report);
    let Ok(runtime) = Handle::try_current() else {
        while let Some(report) = pending {
            pending = report.run();
        }
        return;
    };
    let work = async move {
        while let Some(report) = pending {
            yield_now().await;
            pending = report.run();
        }
    };
    running_tasks.spawn(&runtime, Box::pin(work), ());
}

impl LocalSockets for LocalNamespace {
    fn broadcast(&self, packet: &Packet, options: &BroadcastOptions) {
        let Some(encoded) = self.encode(packet, options) else {
            return;
        };
        let mut delivery = BroadcastPacket::new(encoded);
        if options.flags.volatile {
            self.for_each_notified(packet, options, |recipient| {
                delivery.send_volatile(&recipient.client);
            });
        } else {
            self.for_each_notified(packet, options, |recipient| {
                // Fails only for a client that is closed or being closed.
                delivery.send(&recipient.client).ok();
            });
        }
    }

    fn broadcast_locked(&self, packet: &Packet, options: &BroadcastOptions) -> AfterDelivery {
        let Some(encoded) = self.encode(packet, options) else {
            return AfterDelivery::default();
        };
        let has_listeners = self.outgoing.has_listeners();
        let mut to_notify = Vec::new();
        let mut announcements = Vec::new();
        let mut recipients = 0;
        let span = self.broadcast_span(packet, options);
        self.for_each_connected(options, |recipient| {
            recipients += 1;
            let announcement = recipient.client.enqueue(&encoded);
            if !announcement.is_empty() {
                announcements.push(announcement);
            }
            if has_listeners {
                to_notify.push(Arc::clone(recipient));
            }
        });
        span.record("socketio.recipients", recipients);
        let is_observed = self.observers.is_used();
        if to_notify.is_empty() && announcements.is_empty() && !is_observed {
            return AfterDelivery::default();
        }
        let (outgoing, args) = (Arc::clone(&self.outgoing), packet.payload.clone());
        let observers = self.observers.clone();
        AfterDelivery::new(move || {
            drop(announcements);
            observers.notify(&NamespaceEvent::Broadcast { recipients });
            for recipient in &to_notify {
                outgoing.notify(recipient, &args);
            }
        })
    }

    fn broadcast_with_ack(
        &self,
        packet: &Packet,
        options: &BroadcastOptions,
        sink: Arc<dyn AckSink>,
    ) -> AckGuard {
        let id = self.next_ack_id();
        let packet = packet.clone().with_id(id);
        let Some(encoded) = self.encode(&packet, options) else {
            sink.count(0);
            return AckGuard::new(|| {});
        };
        let mut delivery = BroadcastPacket::new(encoded);
        let mut count = 0;
        let mut awaited = Vec::new();
        self.for_each_notified(&packet, options, |recipient| {
            count += 1;
            // If the packet cannot be sent, this reports it, so that the socket is not waited for.
            let pending = PendingAck::new(recipient.id.clone(), Arc::clone(&sink));
            if let Err(error) = recipient.acks.insert_broadcast(id, pending) {
                tracing::debug!(%error, "a socket cannot be asked for an acknowledgement");
                return;
            }
            if options.flags.volatile {
                if !delivery.send_volatile(&recipient.client) {
                    return recipient.acks.remove_unsent(id);
                }
            } else {
                match delivery.send(&recipient.client) {
                    Ok(()) => {}
                    // The client has left or is being disconnected.
                    Err(SendError::Closed) => return recipient.acks.remove(id),
                    Err(_) => return recipient.acks.remove_unsent(id),
                }
            }
            awaited.push(Arc::clone(recipient));
        });
        sink.count(count);
        AckGuard::new(move || {
            for recipient in &awaited {
                recipient.acks.remove(id);
            }
        })
    }

    fn join(&self, target: &Target, rooms: &RoomList) {
        self.rooms.for_each(target, |recipient| {
            if recipient.has_left() {
                return;
            }
            let limit = recipient.client.limits.max_room_len;
            if rooms.iter().any(|room| room.as_str().len() > limit) {
                engineio::log_limited!(
                    warn,
                    None,
                    "a socket was not joined: the name of the room is too long",
                    limit,
                );
                return;
            }
            if let Err(error) = self.rooms.join(recipient, rooms.clone()) {
                engineio::log_limited!(
                    warn,
                    recipient.log_client(),
                    "the socket was not joined",
                    socket = %recipient.logged_id(),
                    error = %Escaped(&error),
                );
            }
        });
    }

    fn leave(&self, target: &Target, rooms: &RoomList) {
        self.rooms.for_each(target, |recipient| {
            for room in rooms {
                self.rooms.leave(recipient, room.as_str());
            }
        });
    }

    fn disconnect(&self, target: &Target, close: bool) {
        self.rooms.for_each(target, |recipient| {
            let reason = DisconnectReason::ServerNamespaceDisconnect;
            if close {
                recipient.disconnect_client(reason);
            } else {
                recipient.disconnect(reason);
            }
        });
    }

    fn fetch(&self, target: &Target) -> Vec<RemoteSocketInfo> {
        let mut found = Vec::new();
        let Some(owner) = self.owner.upgrade() else {
            return found;
        };
        self.rooms.for_each(target, |recipient| {
            if recipient.has_left() {
                return;
            }
            let auth = recipient.auth.deserialize::<Option<serde_json::Value>>();
            let info = RemoteSocketInfo::new(recipient.id.clone(), self.rooms.rooms_of(recipient))
                .with_handshake(recipient.client.handshake().describe(auth.ok().flatten()))
                .with_data(owner.describe_data(&recipient.data));
            found.push(info);
        });
        found
    }

    fn count(&self) -> usize {
        self.rooms.len()
    }

    fn observe_rooms(&self, observer: Arc<dyn RoomObserver>) {
        self.rooms.observe_arc(observer);
    }

    fn server_side_event(&self, event: Args, reply: Option<ServerSideReply>) {
        if let Some(owner) = self.owner.upgrade() {
            owner.server_side_event(event, reply);
        }
    }
}
