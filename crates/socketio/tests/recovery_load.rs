//! Tests recovery under load: a thousand clients lose their connections during a broadcast and
//! recover.

use std::net::SocketAddr;
use std::sync::Arc;

use e2e::app::serve;
use e2e::session::open;
use e2e::sync::eventually;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socketio::{ConnectionStateRecovery, SocketIo, SocketIoLayer};
use socketio_testing::{Message, WsClient};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

/// The number of clients that lose their connections and recover in time.
const CLIENTS: usize = 1000;

/// The number of clients that reconnect after the missed packets have been discarded.
const LATE: usize = 50;

/// The number of numbered events broadcast while clients disconnect and reconnect.
const EVENTS: usize = 100;

/// The number of stored packets: enough for a client that reconnects in time, too few for a late
/// one.
const STORED: usize = EVENTS + 10;

/// The number of clients that connect concurrently.
const CONCURRENT_CONNECTS: usize = 100;

/// Every client loses its connection twice, at different moments and partly unnoticed by the
/// server. It receives every event once and in order. Late clients get a new session.
#[tokio::test(flavor = "multi_thread")]
async fn recovered_clients_receive_each_event_once_and_in_order() {
    allow_connections(3 * (CLIENTS + LATE) as u64);
    let (addr, io) = server().await;
    let connect_permits = Arc::new(Semaphore::new(CONCURRENT_CONNECTS));
    let (notify, mut notifications) = mpsc::unbounded_channel();
    let (evicted, is_evicted) = watch::channel(false);

    let (mut clients, mut late) = (JoinSet::new(), JoinSet::new());
    for number in 0..CLIENTS {
        let client = Client::new(addr, &connect_permits, &notify);
        clients.spawn(client.run_recovering(number));
    }
    for _ in 0..LATE {
        let client = Client::new(addr, &connect_permits, &notify);
        late.spawn(client.run_late(is_evicted.clone()));
    }
    drop(notify);
    // All clients have joined before the first event.
    for _ in 0..CLIENTS + LATE {
        assert_eq!(notifications.recv().await, Some(Notification::Joined));
    }
    for event in 0..EVENTS {
        io.emit("numbered", &event);
        // Waits for the clients, so that their disconnects are spread over the whole broadcast.
        for _ in 0..CLIENTS / 2 {
            assert_eq!(notifications.recv().await, Some(Notification::Event));
        }
    }
    let mut ids = Vec::new();
    while let Some(client) = clients.join_next().await {
        let (id, connection) = client.expect("no client panics");
        ids.push((id, connection));
    }
    assert_eq!(ids.len(), CLIENTS);
    let connected = |io: &SocketIo| io.of("/").sockets().len();
    eventually("the server to remove the old sockets", || {
        connected(&io) == CLIENTS
    })
    .await;
    for (id, _) in &ids {
        assert!(io.of("/").socket(id).is_some());
    }

    // Evicts the packets that the late clients have missed.
    for event in 0..STORED {
        io.to("empty room").emit("other", &event);
    }
    evicted.send_replace(true);
    let mut late_clients = Vec::new();
    while let Some(client) = late.join_next().await {
        late_clients.push(client.expect("no client panics"));
    }
    assert_eq!(late_clients.len(), LATE);
}

async fn server() -> (SocketAddr, SocketIo) {
    let recovery = ConnectionStateRecovery::new().max_packets(STORED);
    let layer = SocketIoLayer::builder()
        .connection_state_recovery(recovery)
        .build();
    let io = layer.io();
    (serve(layer).await, io)
}

/// A notification from a client to the test.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Notification {
    Joined,
    Event,
}

struct Client {
    addr: SocketAddr,
    connect_permits: Arc<Semaphore>,
    notify: mpsc::UnboundedSender<Notification>,
    /// The number of events received so far, which is the number of the next event.
    received: usize,
    sid: String,
    pid: String,
    offset: String,
}

impl Client {
    fn new(
        addr: SocketAddr,
        connect_permits: &Arc<Semaphore>,
        notify: &mpsc::UnboundedSender<Notification>,
    ) -> Self {
        Self {
            addr,
            connect_permits: Arc::clone(connect_permits),
            notify: notify.clone(),
            received: 0,
            sid: String::new(),
            pid: String::new(),
            offset: String::new(),
        }
    }

    /// Receives all events and loses its connection twice. Returns the socket id and the last
    /// connection.
    async fn run_recovering(mut self, number: usize) -> (String, WsClient) {
        let mut websocket = self.join().await;
        let half = EVENTS / 2;
        for loss in [1 + number % (half - 1), half + number * 7 % (half - 1)] {
            self.receive_until(&mut websocket, loss).await;
            if number.is_multiple_of(3) {
                // The server does not notice the loss and keeps sending to the old connection.
                let before = websocket;
                websocket = self.reconnect().await;
                drop(before);
            } else {
                websocket.reset();
                websocket = self.reconnect().await;
            }
            assert!(
                self.is_recovered(&mut websocket).await,
                "the session is recovered"
            );
        }
        self.receive_until(&mut websocket, EVENTS).await;
        (self.sid, websocket)
    }

    /// Reconnects too late and gets a new session.
    async fn run_late(mut self, mut is_evicted: watch::Receiver<bool>) -> WsClient {
        let mut websocket = self.join().await;
        self.receive_until(&mut websocket, 1).await;
        websocket.reset();
        is_evicted
            .wait_for(|evicted| *evicted)
            .await
            .expect("the test holds the sender");
        let mut websocket = self.reconnect().await;
        assert!(
            !self.is_recovered(&mut websocket).await,
            "the session is new"
        );
        assert_eq!(self.received, 1, "a late client receives no missed event");
        websocket
    }

    async fn join(&mut self) -> WsClient {
        let permit = self
            .connect_permits
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let mut websocket = open(self.addr).await;
        websocket.send("40").await;
        let connect = websocket.expect(r#"40{"sid":"…","pid":"…"}"#).await;
        drop(permit);
        (self.sid, self.pid) = ids(&connect);
        self.notify.send(Notification::Joined).ok();
        websocket
    }

    async fn reconnect(&self) -> WsClient {
        let permit = self
            .connect_permits
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let mut websocket = open(self.addr).await;
        let Self { pid, offset, .. } = self;
        websocket
            .send(&format!(r#"40{{"pid":"{pid}","offset":"{offset}"}}"#))
            .await;
        drop(permit);
        websocket
    }

    /// Reads the missed events and the CONNECT packet, and returns whether the session was
    /// recovered.
    async fn is_recovered(&mut self, websocket: &mut WsClient) -> bool {
        loop {
            let text = text(websocket).await;
            if text.starts_with("40") {
                return ids(&text) == (self.sid.clone(), self.pid.clone());
            }
            self.event(&text);
        }
    }

    /// Reads events until this number has been received.
    async fn receive_until(&mut self, websocket: &mut WsClient, events: usize) {
        while self.received < events {
            let text = text(websocket).await;
            self.event(&text);
        }
    }

    fn event(&mut self, text: &str) {
        let arguments = text.strip_prefix(r#"42["numbered","#).expect("an event");
        let (number, offset) = arguments.split_once(',').expect("an offset");
        assert_eq!(
            number.parse(),
            Ok(self.received),
            "each event arrives once and in order"
        );
        self.received += 1;
        self.offset = offset.trim_matches(['"', ']']).to_owned();
        self.notify.send(Notification::Event).ok();
    }
}

async fn text(websocket: &mut WsClient) -> String {
    match websocket.recv().await {
        Message::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

/// Returns the ids in a CONNECT packet.
fn ids(connect: &str) -> (String, String) {
    let mut quoted = connect.split('"').skip(3).step_by(4).map(str::to_owned);
    let (sid, pid) = (quoted.next(), quoted.next());
    (sid.expect("a sid"), pid.expect("a pid"))
}

/// Raises the limit of open files for this number of connections, with both ends in this process.
fn allow_connections(connections: u64) {
    let wanted = connections * 2;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted))),
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).expect("the limit is at most the maximum");
    }
}
