//! The state that the task of a connection shares with the clients that use it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engineio_proto::{Message, Packet as EnginePacket, Text};
use futures_core::future::BoxFuture;
use parking_lot::Mutex;
use socketio_proto::{Namespace, Packet, PacketDecoder, PacketType, Parser};
use tokio::sync::oneshot;

use crate::disconnection::{Disconnection, End};
use crate::inbox::Inbox;

/// A future that ends when the server has taken packets.
pub(super) type Taken = BoxFuture<'static, ()>;

/// Packets that are sent together.
pub(super) struct Outgoing {
    pub(super) packets: Vec<EnginePacket>,
    /// Whether the connection ends with these packets.
    pub(super) is_last: bool,
    /// Receives a future once the packets are written.
    pub(super) taken: Option<oneshot::Sender<Taken>>,
}

impl Outgoing {
    pub(super) fn new(packets: Vec<EnginePacket>) -> Self {
        Self {
            packets,
            is_last: false,
            taken: None,
        }
    }

    /// The packet that closes the connection.
    pub(super) fn close() -> Self {
        Self {
            packets: vec![EnginePacket::Close],
            is_last: true,
            taken: None,
        }
    }
}

/// The state that the task of a connection shares with the clients that use it.
pub(super) struct Shared {
    parser: Arc<dyn Parser>,
    members: Mutex<Members>,
    answers_pings: AtomicBool,
}

#[derive(Default)]
struct Members {
    inboxes: BTreeMap<Namespace, Arc<Inbox>>,
    /// The end of the connection, for inboxes that are inserted after it.
    end: Option<End>,
}

/// The reaction to a received packet.
pub(super) struct Reaction {
    /// The acknowledgement of an event.
    pub(super) answer: Option<Packet>,
    /// Whether no client uses the connection any more.
    pub(super) is_unused: bool,
}

impl Shared {
    pub(super) fn new(parser: Arc<dyn Parser>) -> Self {
        Self {
            parser,
            members: Mutex::default(),
            answers_pings: AtomicBool::new(true),
        }
    }

    /// Inserts an inbox. Returns `false` if its namespace has one.
    pub(super) fn insert(&self, inbox: Arc<Inbox>) -> bool {
        let mut members = self.members.lock();
        if let Some(end) = members.end.clone() {
            drop(members);
            inbox.end(end);
            return true;
        }
        match members.inboxes.entry(inbox.namespace().clone()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(entry) => {
                entry.insert(inbox);
                true
            }
        }
    }

    /// Removes the inbox of a namespace. Returns whether no other one is left.
    pub(super) fn remove(&self, namespace: &Namespace) -> bool {
        let mut members = self.members.lock();
        members.inboxes.remove(namespace);
        members.inboxes.is_empty()
    }

    /// Passes a packet to the inbox of its namespace. As in Node's client, packets of other
    /// namespaces are ignored.
    pub(super) fn receive(&self, packet: Packet) -> Reaction {
        let inbox = self.members.lock().inboxes.get(&packet.namespace).cloned();
        let Some(inbox) = inbox else {
            return Reaction {
                answer: None,
                is_unused: false,
            };
        };
        let leaves = packet.kind == PacketType::Disconnect;
        let answer = inbox.receive(packet);
        let is_unused = leaves && self.remove(inbox.namespace());
        Reaction { answer, is_unused }
    }

    /// Ends the clients of all namespaces. Only the first end counts.
    pub(super) fn end(&self, end: &End) {
        let inboxes = {
            let mut members = self.members.lock();
            members.end.get_or_insert_with(|| end.clone());
            std::mem::take(&mut members.inboxes)
        };
        for inbox in inboxes.into_values() {
            inbox.end(end.clone());
        }
    }

    /// Encodes a packet as messages of Engine.IO.
    pub(super) fn encode(&self, packet: &Packet) -> Result<Vec<EnginePacket>, String> {
        let messages = self.parser.encode(packet).map_err(|error| {
            format!("the parser cannot encode a packet: {error}. Send what it can encode")
        })?;
        let messages = messages.into_iter().map(|message| {
            EnginePacket::Message(match message {
                socketio_proto::Message::Text(text) => Message::Text(Text::new(&text)),
                socketio_proto::Message::Binary(bytes) => Message::Binary(bytes),
            })
        });
        Ok(messages.collect())
    }

    /// Creates the decoder of the connection, with the limits of Node's client and of the protocol.
    pub(super) fn decoder(&self) -> Box<dyn PacketDecoder> {
        let limits = socketio_proto::DecodeLimits::default()
            // Node's client limits the number of attachments only.
            .with_max_attachment_bytes(usize::MAX)
            .with_max_namespace_len(usize::MAX)
            .with_max_event_name_len(usize::MAX);
        self.parser.decoder(Arc::new(limits))
    }

    pub(super) fn answer_pings(&self, answers: bool) {
        self.answers_pings.store(answers, Ordering::Relaxed);
    }

    pub(super) fn answers_pings(&self) -> bool {
        self.answers_pings.load(Ordering::Relaxed)
    }
}

/// Ends the clients of a connection when its task ends, for whatever reason.
pub(super) struct EndGuard {
    shared: Arc<Shared>,
}

impl EndGuard {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Ends the clients.
    pub(super) fn end(self, end: &End) {
        self.shared.end(end);
    }
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        // Without effect after `end`. A service that panics takes its connection with it.
        let detail = "the task of the connection was aborted or the service panicked";
        let end = End::with_detail(Disconnection::TransportError, detail);
        self.shared.end(&end);
    }
}
