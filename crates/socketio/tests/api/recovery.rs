//! Tests connection state recovery from an application's view.

use std::net::SocketAddr;

use axum::extract::State;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::open;
use socketio::extract::Data;
use socketio::{
    ConnectionStateRecovery, DisconnectReason, Room, Socket, SocketIo, SocketIoBuilder,
    SocketIoLayer,
};
use socketio_testing::WsClient;

mod disabled;
mod hooks;
mod interleaving;
mod limits;
mod middleware;
mod restored;
mod takeover;

type Io = SocketIo<Journal>;

/// Starts a server with recovery that records connects and disconnects in its main namespace.
async fn serve_with(
    recovery: ConnectionStateRecovery,
    configure: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder,
) -> (SocketAddr, Io, Journal) {
    let journal = Journal::new();
    let builder = configure(SocketIoLayer::builder().connection_state_recovery(recovery));
    let layer = builder.with_state(journal.clone()).build();
    let io = layer.io();
    let connected = async |socket: Socket, State(journal): State<Journal>| {
        let kind = if socket.recovered() {
            "recovered"
        } else {
            "new"
        };
        journal.write(format!("{kind} [{}]", rooms(&socket)));
    };
    let disconnecting = async |socket: Socket, State(journal): State<Journal>| {
        journal.write(format!("leaving [{}]", rooms(&socket)));
    };
    let disconnected =
        async |socket: Socket, reason: DisconnectReason, State(journal): State<Journal>| {
            journal.write(format!("{reason} [{}]", rooms(&socket)));
        };
    let join = async |socket: Socket, Data(room): Data<String>| {
        socket.join(room);
        socket.emit("joined", "");
    };
    io.of("/")
        .on_connect(connected)
        .on("join", join)
        .on_disconnecting(disconnecting)
        .on_disconnect(disconnected);
    (serve(layer).await, io, journal)
}

async fn serve_default() -> (SocketAddr, Io, Journal) {
    serve_with(ConnectionStateRecovery::new(), |builder| builder).await
}

/// Returns the rooms of a socket, with the room of its id as `me`.
fn rooms(socket: &Socket) -> String {
    let name = |room: &Room| match room.as_str() {
        room if room == socket.id().as_str() => "me".to_owned(),
        room => room.to_owned(),
    };
    let rooms: Vec<String> = socket.rooms().iter().map(name).collect();
    rooms.join(" ")
}

/// A connected client.
struct Client {
    websocket: WsClient,
    credentials: Credentials,
}

/// The ids of a socket and the offset of the last event, as known to its client.
#[derive(Clone, Debug)]
struct Credentials {
    sid: String,
    pid: String,
    offset: String,
}

impl Client {
    async fn connect(addr: SocketAddr) -> Self {
        let mut websocket = open(addr).await;
        websocket.send("40").await;
        Self::new(websocket, String::new()).await
    }

    /// Waits for a CONNECT answer with new ids.
    async fn new(mut websocket: WsClient, offset: String) -> Self {
        let connect = websocket.expect(r#"40{"sid":"…","pid":"…"}"#).await;
        let mut quoted = connect.split('"').skip(3).step_by(4).map(str::to_owned);
        let (sid, pid) = (quoted.next(), quoted.next());
        let credentials = Credentials {
            sid: sid.expect("a sid"),
            pid: pid.expect("a pid"),
            offset,
        };
        Self {
            websocket,
            credentials,
        }
    }

    /// Connects a client that joins these rooms and receives events.
    async fn in_rooms(addr: SocketAddr, rooms: &[&str]) -> Self {
        let mut client = Self::connect(addr).await;
        client.join("all").await;
        for room in rooms {
            client.join(room).await;
        }
        client
    }

    async fn join(&mut self, room: &str) {
        self.websocket
            .send(&format!(r#"42["join","{room}"]"#))
            .await;
        self.expect_event("joined").await;
    }

    /// Asserts that the next packet is this event with an offset.
    async fn expect_event(&mut self, event: &str) {
        self.credentials.offset = expect_event_on(&mut self.websocket, event).await;
    }

    /// Drops the connection.
    fn disconnect(self) -> Credentials {
        self.websocket.reset();
        self.credentials
    }
}

impl Credentials {
    fn connect(&self) -> String {
        format!(r#"40{{"pid":"{}","offset":"{}"}}"#, self.pid, self.offset)
    }

    /// Opens a connection and requests recovery.
    async fn reconnect(&self, addr: SocketAddr) -> WsClient {
        let mut websocket = open(addr).await;
        websocket.send(&self.connect()).await;
        websocket
    }

    /// Recovers the socket and asserts that these missed events arrive first.
    async fn recover(mut self, addr: SocketAddr, missed: &[&str]) -> Client {
        let mut websocket = self.reconnect(addr).await;
        for event in missed {
            self.offset = expect_event_on(&mut websocket, event).await;
        }
        websocket
            .expect(&format!(
                r#"40{{"sid":"{}","pid":"{}"}}"#,
                self.sid, self.pid
            ))
            .await;
        Client {
            websocket,
            credentials: self,
        }
    }

    /// Requests recovery and asserts that the server creates a new socket.
    async fn recover_fails(self, addr: SocketAddr) -> Client {
        let client = Client::new(self.reconnect(addr).await, String::new()).await;
        assert_ne!(client.credentials.sid, self.sid);
        assert_ne!(client.credentials.pid, self.pid);
        client
    }
}

/// Asserts that the next packet is this event, and returns its offset.
async fn expect_event_on(websocket: &mut WsClient, event: &str) -> String {
    let text = websocket.expect(&format!(r#"42["{event}",…"]"#)).await;
    let (_, offset) = text.rsplit_once(",\"").expect("an offset");
    offset.trim_end_matches("\"]").to_owned()
}
