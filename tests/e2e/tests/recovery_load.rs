//! Recovery under load: a thousand clients lose their connections in the middle of a broadcast, and come back.

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

/// How many clients lose their connections and come back in time.
const CLIENTS: usize = 1000;

/// How many come back when what they have missed is forgotten.
const LATE: usize = 50;

/// How many numbered events are broadcast while clients come and go.
const EVENTS: usize = 100;

/// How many packets are kept: what every client could miss, but not what the late ones do.
const KEPT: usize = EVENTS + 10;

/// How many clients connect at the same time.
const AT_ONCE: usize = 100;

/// Every client loses its connection twice, each at other moments, some without that the server notices. It sees every
/// event once and in order. Those who come back too late are told.
#[tokio::test(flavor = "multi_thread")]
async fn every_recovered_client_has_each_event_once_and_in_order() {
    allow_connections(3 * (CLIENTS + LATE) as u64);
    let (addr, io) = server().await;
    let door = Arc::new(Semaphore::new(AT_ONCE));
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let (over, is_over) = watch::channel(false);

    let (mut clients, mut late) = (JoinSet::new(), JoinSet::new());
    for number in 0..CLIENTS {
        let client = Client::new(addr, &door, &arrived);
        clients.spawn(client.live(number));
    }
    for _ in 0..LATE {
        let client = Client::new(addr, &door, &arrived);
        late.spawn(client.be_late(is_over.clone()));
    }
    drop(arrived);
    // Everybody is there before the first event.
    for _ in 0..CLIENTS + LATE {
        assert_eq!(arrivals.recv().await, Some(Arrival::Joined));
    }
    for event in 0..EVENTS {
        io.emit("numbered", &event);
        // In step with the clients, so that their losses are spread over all of it.
        for _ in 0..CLIENTS / 2 {
            assert_eq!(arrivals.recv().await, Some(Arrival::Event));
        }
    }
    let mut ids = Vec::new();
    while let Some(client) = clients.join_next().await {
        let (id, connection) = client.expect("no client fails");
        ids.push((id, connection));
    }
    assert_eq!(ids.len(), CLIENTS);
    let connected = |io: &SocketIo| io.of("/").sockets().len();
    eventually("only those who are there", || connected(&io) == CLIENTS).await;
    for (id, _) in &ids {
        assert!(io.of("/").socket(id).is_some());
    }

    // What the late ones know is forgotten.
    for event in 0..KEPT {
        io.to("nobody").emit("other", &event);
    }
    over.send_replace(true);
    let mut anew = Vec::new();
    while let Some(client) = late.join_next().await {
        anew.push(client.expect("no client fails"));
    }
    assert_eq!(anew.len(), LATE);
}

async fn server() -> (SocketAddr, SocketIo) {
    let recovery = ConnectionStateRecovery::new().max_packets(KEPT);
    let layer = SocketIoLayer::builder()
        .connection_state_recovery(recovery)
        .build();
    let io = layer.io();
    (serve(layer).await, io)
}

/// What a client tells the test.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Arrival {
    Joined,
    Event,
}

struct Client {
    addr: SocketAddr,
    door: Arc<Semaphore>,
    arrived: mpsc::UnboundedSender<Arrival>,
    /// How many events it has seen, which is the number of the next one.
    seen: usize,
    sid: String,
    pid: String,
    offset: String,
}

impl Client {
    fn new(
        addr: SocketAddr,
        door: &Arc<Semaphore>,
        arrived: &mpsc::UnboundedSender<Arrival>,
    ) -> Self {
        Self {
            addr,
            door: Arc::clone(door),
            arrived: arrived.clone(),
            seen: 0,
            sid: String::new(),
            pid: String::new(),
            offset: String::new(),
        }
    }

    /// Sees all events, and loses its connection twice. Returns its id and its last connection.
    async fn live(mut self, number: usize) -> (String, WsClient) {
        let mut websocket = self.join().await;
        let half = EVENTS / 2;
        for loss in [1 + number % (half - 1), half + number * 7 % (half - 1)] {
            self.see(&mut websocket, loss).await;
            if number.is_multiple_of(3) {
                // The server does not know, and goes on to send to the old connection.
                let before = websocket;
                websocket = self.come_back().await;
                drop(before);
            } else {
                websocket.reset();
                websocket = self.come_back().await;
            }
            assert!(self.is_told(&mut websocket).await, "it is recovered");
        }
        self.see(&mut websocket, EVENTS).await;
        (self.sid, websocket)
    }

    /// Comes back too late, and must be told.
    async fn be_late(mut self, mut is_over: watch::Receiver<bool>) -> WsClient {
        let mut websocket = self.join().await;
        self.see(&mut websocket, 1).await;
        websocket.reset();
        is_over
            .wait_for(|over| *over)
            .await
            .expect("the test goes on");
        let mut websocket = self.come_back().await;
        assert!(!self.is_told(&mut websocket).await, "it is new");
        assert_eq!(self.seen, 1, "it was told nothing of what it has missed");
        websocket
    }

    async fn join(&mut self) -> WsClient {
        let permit = self.door.acquire().await.expect("nobody closes the door");
        let mut websocket = open(self.addr).await;
        websocket.send("40").await;
        let connect = websocket.expect(r#"40{"sid":"…","pid":"…"}"#).await;
        drop(permit);
        (self.sid, self.pid) = ids(&connect);
        self.arrived.send(Arrival::Joined).ok();
        websocket
    }

    async fn come_back(&self) -> WsClient {
        let permit = self.door.acquire().await.expect("nobody closes the door");
        let mut websocket = open(self.addr).await;
        let Self { pid, offset, .. } = self;
        websocket
            .send(&format!(r#"40{{"pid":"{pid}","offset":"{offset}"}}"#))
            .await;
        drop(permit);
        websocket
    }

    /// Reads what was missed, and then whether it was recovered.
    async fn is_told(&mut self, websocket: &mut WsClient) -> bool {
        loop {
            let text = text(websocket).await;
            if text.starts_with("40") {
                return ids(&text) == (self.sid.clone(), self.pid.clone());
            }
            self.event(&text);
        }
    }

    /// Reads events until it has seen so many.
    async fn see(&mut self, websocket: &mut WsClient, events: usize) {
        while self.seen < events {
            let text = text(websocket).await;
            self.event(&text);
        }
    }

    fn event(&mut self, text: &str) {
        let arguments = text.strip_prefix(r#"42["numbered","#).expect("an event");
        let (number, offset) = arguments.split_once(',').expect("an offset");
        assert_eq!(number.parse(), Ok(self.seen), "once and in order");
        self.seen += 1;
        self.offset = offset.trim_matches(['"', ']']).to_owned();
        self.arrived.send(Arrival::Event).ok();
    }
}

async fn text(websocket: &mut WsClient) -> String {
    match websocket.recv().await {
        Message::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

/// The ids of a CONNECT packet.
fn ids(connect: &str) -> (String, String) {
    let mut quoted = connect.split('"').skip(3).step_by(4).map(str::to_owned);
    let (sid, pid) = (quoted.next(), quoted.next());
    (sid.expect("a sid"), pid.expect("a pid"))
}

/// Lets this process have so many connections, both ends of them.
fn allow_connections(connections: u64) {
    let wanted = connections * 2;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted))),
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).expect("below what is allowed");
    }
}
