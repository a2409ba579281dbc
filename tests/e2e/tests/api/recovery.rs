//! Clients that lose their connection and come back, as an application sees it.

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

mod bounds;
mod faulty;
mod middleware;
mod moments;
mod off;
mod quick;
mod returning;

type Io = SocketIo<Journal>;

/// A server with recovery whose main namespace writes down who comes and goes.
async fn serve_with(
    recovery: ConnectionStateRecovery,
    change: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder,
) -> (SocketAddr, Io, Journal) {
    let journal = Journal::new();
    let builder = change(SocketIoLayer::builder().connection_state_recovery(recovery));
    let layer = builder.with_state(journal.clone()).build();
    let io = layer.io();
    let connected = async |socket: Socket, State(journal): State<Journal>| {
        let how = if socket.recovered() { "back" } else { "new" };
        journal.write(format!("{how} [{}]", rooms(&socket)));
    };
    let disconnecting = async |socket: Socket, State(journal): State<Journal>| {
        journal.write(format!("leaving [{}]", rooms(&socket)));
    };
    let left = async |socket: Socket, reason: DisconnectReason, State(journal): State<Journal>| {
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
        .on_disconnect(left);
    (serve(layer).await, io, journal)
}

async fn serve_default() -> (SocketAddr, Io, Journal) {
    serve_with(ConnectionStateRecovery::new(), |builder| builder).await
}

/// The rooms of a socket, that of its own id as `me`.
fn rooms(socket: &Socket) -> String {
    let name = |room: &Room| match room.as_str() {
        room if room == socket.id().as_str() => "me".to_owned(),
        room => room.to_owned(),
    };
    let rooms: Vec<String> = socket.rooms().iter().map(name).collect();
    rooms.join(" ")
}

/// A client that is connected.
struct Client {
    websocket: WsClient,
    known: Known,
}

/// What a client knows of its socket.
#[derive(Clone, Debug)]
struct Known {
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

    /// A client whose CONNECT is to be answered with new ids.
    async fn new(mut websocket: WsClient, offset: String) -> Self {
        let connect = websocket.expect(r#"40{"sid":"…","pid":"…"}"#).await;
        let mut quoted = connect.split('"').skip(3).step_by(4).map(str::to_owned);
        let (sid, pid) = (quoted.next(), quoted.next());
        let known = Known {
            sid: sid.expect("a sid"),
            pid: pid.expect("a pid"),
            offset,
        };
        Self { websocket, known }
    }

    /// A client that is in these rooms and has been sent something.
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
        self.hears("joined").await;
    }

    /// The next packet must be this event, with an offset.
    async fn hears(&mut self, event: &str) {
        self.known.offset = hear(&mut self.websocket, event).await;
    }

    /// Loses the connection.
    fn lose(self) -> Known {
        self.websocket.reset();
        self.known
    }
}

impl Known {
    fn connect(&self) -> String {
        format!(r#"40{{"pid":"{}","offset":"{}"}}"#, self.pid, self.offset)
    }

    /// Opens a connection and asks for the socket.
    async fn return_to(&self, addr: SocketAddr) -> WsClient {
        let mut websocket = open(addr).await;
        websocket.send(&self.connect()).await;
        websocket
    }

    /// Comes back, and must be told these events before it is recovered.
    async fn come_back(mut self, addr: SocketAddr, missed: &[&str]) -> Client {
        let mut websocket = self.return_to(addr).await;
        for event in missed {
            self.offset = hear(&mut websocket, event).await;
        }
        websocket
            .expect(&format!(
                r#"40{{"sid":"{}","pid":"{}"}}"#,
                self.sid, self.pid
            ))
            .await;
        Client {
            websocket,
            known: self,
        }
    }

    /// Comes back, and must get a new socket.
    async fn begin_anew(self, addr: SocketAddr) -> Client {
        let client = Client::new(self.return_to(addr).await, String::new()).await;
        assert_ne!(client.known.sid, self.sid);
        assert_ne!(client.known.pid, self.pid);
        client
    }
}

/// The next packet must be this event, with an offset, which is returned.
async fn hear(websocket: &mut WsClient, event: &str) -> String {
    let text = websocket.expect(&format!(r#"42["{event}",…"]"#)).await;
    let (_, offset) = text.rsplit_once(",\"").expect("an offset");
    offset.trim_end_matches("\"]").to_owned()
}
