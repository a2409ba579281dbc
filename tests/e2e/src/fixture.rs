//! The fixture application of `FIXTURE.md` on this project's server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::routing::get;
use axum::{Router, response::Html};
use serde::{Deserialize, Serialize};
use serde_json::json;
use socketio::extract::{Ack, Auth, Data, EventName, SocketData};
use socketio::{
    Args, ConnectError, DisconnectReason, Engine, Namespace, Refusal, Reply, Room, Socket,
    SocketIo, SocketIoBuilder, SocketIoLayer, Value,
};
use tokio::sync::oneshot;

use crate::app::serve_router;
use crate::clients;

const ODD_NAMES: [&str; 6] = [
    "",
    "événement ☃ 漢字 😀",
    "quote\"back\\slash/",
    "tab\tline\nnul\0",
    "with space",
    "[1,\"2\"]",
];

/// Starts the application on a free port of 127.0.0.1 and returns the address. It runs until the
/// runtime is dropped.
///
/// # Panics
///
/// Panics if there is no free port.
pub async fn start() -> SocketAddr {
    start_with(|options| options).await
}

/// As [`start`], with server options that `configure` changes.
///
/// # Panics
///
/// Panics if there is no free port.
pub async fn start_with(configure: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder) -> SocketAddr {
    start_with_engine(configure).await.0
}

/// As [`start_with`], and also returns the engine.
///
/// # Panics
///
/// Panics if there is no free port.
pub async fn start_with_engine(
    configure: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder,
) -> (SocketAddr, Engine<Disconnects>) {
    let (app, io) = app(configure);
    (serve_router(app).await, io.engine())
}

fn app(
    configure: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder,
) -> (Router, SocketIo<Disconnects>) {
    let layer = configure(SocketIoLayer::builder())
        .serve_client(clients::bundles())
        .with_state(Disconnects::default())
        .allow_request(deny)
        .build();
    let io = layer.io();
    register(io.of("/"));
    register(io.of("/admin").middleware(admin_only));
    let app = Router::new()
        .route("/", get(Html("<!doctype html><title>fixture</title>")))
        .layer(layer);
    (app, io)
}

/// Rejects handshakes whose query requests it.
async fn deny(uri: Uri) -> Result<(), Refusal> {
    let query = uri.query().unwrap_or("");
    let has = |name: &str| {
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    };
    if has("deny") {
        return Err(Refusal::new("nope é"));
    }
    if has("denynull") {
        return Err(Refusal::default());
    }
    Ok(())
}

#[derive(Deserialize)]
struct Login {
    token: Option<serde_json::Value>,
}

async fn admin_only(Auth(login): Auth<Option<Login>>) -> Result<(), ConnectError> {
    if login.and_then(|login| login.token) == Some(json!("secret")) {
        return Ok(());
    }
    Err(ConnectError::new("not allowed").with_data(json!({ "code": "E_TOKEN" })))
}

/// The state of the application: disconnected sockets by id, and the requests waiting for them.
#[derive(Clone, Debug, Default)]
pub struct Disconnects(Arc<Mutex<HashMap<String, Disconnect>>>);

#[derive(Debug)]
enum Disconnect {
    Awaited(Vec<oneshot::Sender<serde_json::Value>>),
    Known(serde_json::Value),
}

impl Disconnects {
    fn record(&self, id: &str, disconnect: &serde_json::Value) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = Disconnect::Known(disconnect.clone());
        if let Some(Disconnect::Awaited(waiting)) = map.insert(id.to_owned(), known) {
            for sender in waiting {
                sender.send(disconnect.clone()).ok();
            }
        }
    }

    fn wait_for(&self, id: String) -> oneshot::Receiver<serde_json::Value> {
        let (sender, receiver) = oneshot::channel();
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match map
            .entry(id)
            .or_insert_with(|| Disconnect::Awaited(Vec::new()))
        {
            Disconnect::Awaited(waiting) => waiting.push(sender),
            Disconnect::Known(disconnect) => drop(sender.send(disconnect.clone())),
        }
        receiver
    }
}

/// The `numbered` events received so far.
#[derive(Clone, Copy, Default)]
struct Numbered {
    received: u64,
    faults: u64,
    due: u64,
}

/// The answer to `count`, with its fields in the order of Node's fixture.
#[derive(Serialize)]
struct Count {
    received: u64,
    faults: u64,
}

/// The rooms of a socket when it began to disconnect.
#[derive(Clone)]
struct RoomsAtDisconnect(Vec<Room>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
}

fn register(namespace: Namespace<Disconnects>) {
    let mut namespace = namespace.on_connect(async |socket: Socket| {
        socket.data().insert(Numbered::default());
    });
    for name in ["echo"].into_iter().chain(ODD_NAMES) {
        namespace = namespace.on(name, echo);
    }
    namespace
        .on("ack", async |args: Args| Reply(args))
        .on("ask", ask)
        .on(
            "join",
            async |socket: Socket, Data(rooms): Data<OneOrMany>| {
                match rooms {
                    OneOrMany::One(room) => socket.join(room),
                    OneOrMany::Many(rooms) => socket.join(rooms),
                }
                Reply(rooms_of(&socket))
            },
        )
        .on("leave", async |socket: Socket, Data(room): Data<String>| {
            socket.leave(room);
            Reply(rooms_of(&socket))
        })
        .on("to", to)
        .on("io-to", io_to)
        .on("broadcast", broadcast)
        .on("whoami", whoami)
        .on(
            "disconnect-me",
            async |socket: Socket, Data(close): Data<Option<bool>>| {
                if close.unwrap_or(false) {
                    socket.client().disconnect();
                } else {
                    socket.disconnect();
                }
            },
        )
        .on("close-transport", async |socket: Socket| {
            socket.conn().close()
        })
        .on("reason", reason)
        .on("burst", async |socket: Socket, Data(n): Data<u32>| {
            for i in 0..n {
                socket.emit("burst", &i);
            }
        })
        .on("stream", stream)
        .on("numbered", numbered)
        .on("count", async |SocketData(n): SocketData<Numbered>| {
            Reply(Count {
                received: n.received,
                faults: n.faults,
            })
        })
        .on_disconnecting(async |socket: Socket| {
            socket.data().insert(RoomsAtDisconnect(rooms_of(&socket)));
        })
        .on_disconnect(disconnected);
}

async fn echo(socket: Socket, name: EventName, args: Args) {
    socket.emit(name.as_str(), &args);
}

async fn ask(socket: Socket, Data((value, ms)): Data<(Value, u64)>) {
    let answer = socket
        .timeout(Duration::from_millis(ms))
        .emit_with_ack::<Value>("question", &value)
        .await;
    match answer {
        Ok(answer) => socket.emit("answered", &answer),
        Err(_) => socket.emit("unanswered", &value),
    }
}

async fn to(
    socket: Socket,
    Data((target, event, value)): Data<(Target, String, Value)>,
) -> Reply<()> {
    socket
        .to(target.to)
        .except(target.except)
        .emit(&event, &value);
    Reply(())
}

async fn io_to(
    namespace: Namespace,
    Data((target, event, value)): Data<(Target, String, Value)>,
) -> Reply<()> {
    namespace
        .to(target.to)
        .except(target.except)
        .emit(&event, &value);
    Reply(())
}

async fn broadcast(socket: Socket, Data((event, value)): Data<(String, Value)>) -> Reply<()> {
    socket.broadcast().emit(&event, &value);
    Reply(())
}

async fn whoami(socket: Socket) -> Reply<serde_json::Value> {
    let query: serde_json::Map<_, _> = socket
        .handshake()
        .query_pairs()
        .map(|(name, value)| {
            (
                name.into_owned(),
                serde_json::Value::from(value.into_owned()),
            )
        })
        .collect();
    Reply(json!({
        "id": socket.id(),
        "nsp": socket.namespace().name(),
        "auth": socket.auth::<Option<serde_json::Value>>().ok().flatten().unwrap_or(json!({})),
        "query": query,
        "transport": socket.conn().transport().as_str(),
    }))
}

async fn reason(State(disconnects): State<Disconnects>, Data(id): Data<String>, ack: Ack) {
    if let Ok(disconnect) = disconnects.wait_for(id).await {
        ack.send(&disconnect);
    }
}

async fn stream(socket: Socket, Data((n, ms)): Data<(u32, u64)>) {
    let mut interval = tokio::time::interval(Duration::from_millis(ms));
    for i in 0..n {
        interval.tick().await;
        socket.emit("streamed", &i);
    }
}

async fn numbered(socket: Socket, Data(i): Data<u64>) {
    socket.data().update(|numbered: &mut Numbered| {
        numbered.received += 1;
        numbered.faults += u64::from(i != numbered.due);
        numbered.due = i.saturating_add(1);
    });
}

async fn disconnected(
    socket: Socket,
    reason: DisconnectReason,
    SocketData(RoomsAtDisconnect(rooms)): SocketData<RoomsAtDisconnect>,
    State(disconnects): State<Disconnects>,
) {
    let disconnect = json!({ "reason": reason.as_str(), "rooms": rooms });
    disconnects.record(socket.id().as_str(), &disconnect);
}

fn rooms_of(socket: &Socket) -> Vec<Room> {
    let mut rooms = socket.rooms();
    rooms.retain(|room| room.as_str() != socket.id().as_str());
    rooms.sort();
    rooms
}
