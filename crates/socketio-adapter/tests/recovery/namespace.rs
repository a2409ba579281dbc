//! A namespace whose clients record the packets that they receive.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use socketio_adapter::{
    AckGuard, AckSink, Adapter, AdapterFactory, Args, BroadcastOptions, InMemoryAdapter,
    LocalSockets, Member, Memberships, MissedPacket, Packet, PendingAck, RecoveryId,
    RecoveryOptions, RemoteSocketInfo, Resume, Room, RoomList, RoomObserver, Rooms,
    ServerSideReply, SocketId, StoredSession, Target,
};
use socketio_proto::Namespace;

/// One connection of a client.
#[derive(Debug)]
pub(crate) struct Connection {
    id: SocketId,
    memberships: Memberships<Self>,
    received: Mutex<Vec<Packet>>,
    joined_at: Option<String>,
}

impl Member for Connection {
    fn id(&self) -> &SocketId {
        &self.id
    }

    fn memberships(&self) -> &Memberships<Self> {
        &self.memberships
    }
}

impl Connection {
    fn new(id: &str, joined_at: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            joined_at,
            id: id.into(),
            memberships: Memberships::new(),
            received: Mutex::default(),
        })
    }

    pub(crate) fn received(&self) -> Vec<Packet> {
        self.received.lock().unwrap().clone()
    }

    /// Returns the first argument of each event.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.received().iter().map(number).collect()
    }

    /// Returns the last offset of a client that has received all packets.
    pub(crate) fn offset(&self) -> String {
        offset(&self.received()).unwrap_or_default()
    }
}

pub(crate) fn number(packet: &Packet) -> u64 {
    packet.payload.deserialize().unwrap()
}

/// Returns the offset of the last packet that has one.
pub(crate) fn offset(packets: &[Packet]) -> Option<String> {
    let (_, offset) = packets
        .iter()
        .rev()
        .find(|packet| packet.payload.len() == 2)?
        .payload
        .deserialize::<(u64, String)>()
        .unwrap();
    Some(offset)
}

/// The sockets of the namespace, as the adapter uses them.
pub(crate) struct Sockets {
    pub(crate) rooms: Rooms<Connection>,
    /// Called for each delivery, like a listener of outgoing events.
    pub(crate) listener: Mutex<Option<Listener>>,
}

pub(crate) type Listener = Arc<dyn Fn(&Packet) + Send + Sync>;

impl LocalSockets for Sockets {
    fn broadcast(&self, packet: &Packet, options: &BroadcastOptions) {
        // Other threads must not overtake here.
        std::thread::yield_now();
        self.rooms.for_each(&options.target, |connection| {
            connection.received.lock().unwrap().push(packet.clone());
        });
        let listener = self.listener.lock().unwrap().clone();
        if let Some(listener) = listener {
            listener(packet);
        }
    }

    fn broadcast_with_ack(
        &self,
        packet: &Packet,
        options: &BroadcastOptions,
        sink: Arc<dyn AckSink>,
    ) -> AckGuard {
        let mut pending = Vec::new();
        self.rooms.for_each(&options.target, |connection| {
            connection.received.lock().unwrap().push(packet.clone());
            pending.push(PendingAck::new(connection.id().clone(), Arc::clone(&sink)));
        });
        sink.count(pending.len());
        AckGuard::new(move || drop(pending))
    }

    fn join(&self, _: &Target, _: &RoomList) {}

    fn leave(&self, _: &Target, _: &RoomList) {}

    fn disconnect(&self, _: &Target, _: bool) {}

    fn fetch(&self, _: &Target) -> Vec<RemoteSocketInfo> {
        Vec::new()
    }

    fn count(&self) -> usize {
        self.rooms.len()
    }

    fn observe_rooms(&self, _: Arc<dyn RoomObserver>) {}

    fn server_side_event(&self, _: Args, _: Option<ServerSideReply>) {}
}

/// A namespace with a manual clock.
pub(crate) struct TestNamespace {
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) adapter: Arc<dyn Adapter>,
    millis: Arc<AtomicU64>,
}

impl TestNamespace {
    pub(crate) fn new() -> Self {
        Self::with(|options| options)
    }

    pub(crate) fn with(change: impl FnOnce(RecoveryOptions) -> RecoveryOptions) -> Self {
        let millis = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&millis);
        let options =
            RecoveryOptions::new(move || Duration::from_millis(clock.load(Ordering::Relaxed)));
        let sockets = Arc::new(Sockets {
            rooms: Rooms::new(),
            listener: Mutex::default(),
        });
        let factory = InMemoryAdapter::factory_with_recovery(change(options));
        Self {
            adapter: factory.create("/", Arc::clone(&sockets) as _),
            sockets,
            millis,
        }
    }

    pub(crate) fn wait(&self, millis: u64) {
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }

    pub(crate) fn connect(&self, id: &str, rooms: &[&str]) -> Arc<Connection> {
        let connection = Connection::new(id, self.adapter.last_offset());
        self.sockets.rooms.insert(&connection).unwrap();
        self.sockets.rooms.join(&connection, rooms).unwrap();
        connection
    }

    pub(crate) fn emit(&self, number: u64, target: Target) {
        self.adapter.broadcast(event(number), target.into());
    }

    /// Acts as the server does when it notices a lost connection.
    pub(crate) fn lose(&self, connection: &Connection) {
        let session = StoredSession::new(
            connection.id.clone(),
            RecoveryId::from(connection.id.as_str()),
            self.sockets.rooms.rooms_of(connection),
        )
        .with_data(serde_json::json!({ "of": connection.id.as_str() }))
        .with_joined_at(connection.joined_at.clone());
        self.adapter.persist_session(session).unwrap();
        self.sockets.rooms.remove(connection);
    }

    pub(crate) fn take(&self, id: &str, offset: &str) -> Option<StoredSession> {
        let taken = self.adapter.take_session(id.into(), offset.to_owned());
        taken.now_or_never().unwrap().unwrap()
    }

    pub(crate) fn resume(&self, session: StoredSession, offset: &str) -> Option<Arc<Connection>> {
        let connection = Connection::new(session.id.as_str(), session.joined_at.clone());
        let (sockets, resumed) = (Arc::clone(&self.sockets), Arc::clone(&connection));
        let rooms: Vec<Room> = session.rooms.clone();
        let resume = Resume::new(move |missed: Vec<MissedPacket>| {
            let packets = missed.into_iter().map(|missed| missed.packet);
            resumed.received.lock().unwrap().extend(packets);
            // Other threads must not send here.
            std::thread::yield_now();
            sockets.rooms.insert(&resumed).unwrap();
            sockets.rooms.join(&resumed, rooms).unwrap();
            true
        });
        let resumed = self
            .adapter
            .resume_session(session, offset.to_owned(), resume);
        resumed
            .now_or_never()
            .unwrap()
            .unwrap()
            .then_some(connection)
    }

    /// Acts as the server does when a client reconnects.
    pub(crate) fn reconnect(&self, id: &str, offset: &str) -> Option<Arc<Connection>> {
        self.resume(self.take(id, offset)?, offset)
    }
}

pub(crate) fn event(number: u64) -> Packet {
    let args = Args::from_serialize(Some("event"), &number).unwrap();
    Packet::event(Namespace::default(), args)
}

pub(crate) fn all() -> Target {
    Target::all()
}
