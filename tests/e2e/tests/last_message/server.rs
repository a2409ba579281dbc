//! The application of `clients/last-message-server.mjs` on this project's server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use e2e::app::serve_router;
use serde::Deserialize;
use socketio::extract::{Ack, Data};
use socketio::{Reply, Socket, SocketIo, SocketIoLayer};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::AbortHandle;

/// Serves the control routes on a free port and returns the address. They start servers in this
/// process, one per batch of clients.
pub(crate) async fn start() -> SocketAddr {
    let router = Router::new()
        .route("/servers", post(start_server))
        .route("/servers/{port}/sessions", get(sessions))
        .route("/servers/{port}/end", post(end_all))
        .route("/servers/{port}", delete(stop_server))
        .with_state(Servers::default());
    serve_router(router).await
}

/// The running servers by port.
#[derive(Clone, Default)]
struct Servers(Arc<Mutex<HashMap<u16, Server>>>);

struct Server {
    io: SocketIo<UnboundedSender<Ack>>,
    /// The acknowledgements of `hold`, until the route `end` takes them.
    held: Option<UnboundedReceiver<Ack>>,
    task: AbortHandle,
}

impl Servers {
    fn lock(&self) -> MutexGuard<'_, HashMap<u16, Server>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The packets before the end of a session.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Last {
    Event,
    Ack,
    Both,
}

/// The end of one session.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OwnEnd {
    Disconnect,
    DisconnectClose,
    ConnClose,
}

/// The end of all sessions of a server.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CommonEnd {
    Broadcast,
    BroadcastClose,
    ServerClose,
}

#[derive(Deserialize)]
struct EndQuery {
    clients: usize,
    last: Last,
    end: CommonEnd,
}

async fn start_server(State(servers): State<Servers>) -> String {
    let (sender, receiver) = mpsc::unbounded_channel();
    let layer = SocketIoLayer::builder()
        .allow_eio3(true)
        .with_state(sender)
        .build();
    let io = layer.io();
    io.of("/")
        .on("finish", finish)
        .on(
            "hold",
            async |ack: Ack, State(held): State<UnboundedSender<Ack>>| {
                held.send(ack).ok();
            },
        )
        .on("fence", async || Reply(()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener
        .local_addr()
        .expect("a listener has an address")
        .port();
    let router = Router::new().layer(layer);
    let task = tokio::spawn(async move { axum::serve(listener, router).await });
    let server = Server {
        io,
        held: Some(receiver),
        task: task.abort_handle(),
    };
    servers.lock().insert(port, server);
    port.to_string()
}

async fn finish(socket: Socket, Data((last, end, ms)): Data<(Last, OwnEnd, u64)>, ack: Ack) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    if last != Last::Ack {
        socket.emit("last", "x");
    }
    if last != Last::Event {
        ack.send("x");
    }
    match end {
        OwnEnd::Disconnect => socket.disconnect(),
        OwnEnd::DisconnectClose => socket.client().disconnect(),
        OwnEnd::ConnClose => socket.conn().close(),
    }
}

async fn end_all(
    State(servers): State<Servers>,
    Path(port): Path<u16>,
    Query(EndQuery { clients, last, end }): Query<EndQuery>,
) -> StatusCode {
    let (io, held) = match servers.lock().get_mut(&port) {
        Some(server) => (server.io.clone(), server.held.take()),
        None => return StatusCode::NOT_FOUND,
    };
    let Some(mut held) = held else {
        return StatusCode::CONFLICT;
    };
    let mut acks = Vec::new();
    while acks.len() < clients {
        acks.extend(held.recv().await);
    }
    if last != Last::Ack {
        io.emit("last", "x");
    }
    if last != Last::Event {
        for ack in acks {
            ack.send("x");
        }
    }
    match end {
        CommonEnd::Broadcast => io.disconnect_sockets(),
        CommonEnd::BroadcastClose => io.disconnect_clients(),
        CommonEnd::ServerClose => {
            io.close().await;
        }
    }
    StatusCode::OK
}

async fn sessions(
    State(servers): State<Servers>,
    Path(port): Path<u16>,
) -> Result<String, StatusCode> {
    match servers.lock().get(&port) {
        Some(server) => Ok(server.io.clients_count().to_string()),
        None => Err(StatusCode::NOT_FOUND),
    }
}

async fn stop_server(State(servers): State<Servers>, Path(port): Path<u16>) -> StatusCode {
    let Some(server) = servers.lock().remove(&port) else {
        return StatusCode::NOT_FOUND;
    };
    server.io.close().await;
    server.task.abort();
    StatusCode::OK
}
