//! The real server on one thread, with clients that are connected in memory.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use bench::{Opcode, masked};
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use socketio::extract::Data;
use socketio::{
    Next, NotFound, Reply, Socket, SocketIo, SocketIoBuilder, SocketIoLayer, SocketIoService,
};
use tokio::runtime::{Builder, Runtime};

use crate::line::{Client, line};
use crate::tally::Tally;

const UPGRADE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n\
    Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

/// The server is idle after this number of runtime turns without a read or write. A step of a connection
/// without IO takes one turn, and there are only a few such steps in a row.
const QUIET_TURNS: usize = 64;

/// The time limit of a run. With callgrind the longest run takes half a minute on an idle machine.
const PATIENCE: Duration = Duration::from_secs(3600);
/// The ping interval and the connect timeout: longer than any run.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// The state of the application.
#[derive(Clone, Default)]
pub(crate) struct Score(Arc<AtomicU64>);

impl Score {
    pub(crate) fn points(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Deserialize)]
struct Goal {
    player: String,
    points: u64,
}

/// A server with its clients.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) tally: Arc<Tally>,
    pub(crate) io: SocketIo<Score>,
    pub(crate) service: SocketIoService<NotFound>,
    pub(crate) clients: Vec<Client>,
}

impl World {
    /// Creates a server with default options except for the timers, and without clients.
    pub(crate) fn new() -> Self {
        Self::with(|options| options)
    }

    /// Creates a server with the options that `change` returns, and without clients.
    pub(crate) fn with(change: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder) -> Self {
        let options = SocketIoLayer::builder()
            .ping_interval(NEVER)
            .connect_timeout(NEVER);
        let layer = change(options).with_state(Score::default()).build();
        let io = layer.io();
        register(&io);
        let runtime = Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime without IO can be created");
        runtime.spawn(give_up());
        Self {
            runtime,
            tally: Arc::default(),
            io,
            service: layer.into_service(),
            clients: Vec::new(),
        }
    }

    /// Creates a server with default options and one client in the main namespace.
    pub(crate) fn with_client() -> Self {
        let mut world = Self::new();
        world.join(1);
        world
    }

    /// As [`with_client`](Self::with_client), with this number of wraps around the handlers.
    pub(crate) fn with_wraps(wraps: usize) -> Self {
        let mut world = Self::new();
        let namespace = (0..wraps).fold(world.io.of("/"), |namespace, number| {
            // Captures a value, because the same function twice is logged as a mistake.
            namespace.wrap(async move |next: Next| {
                black_box(number);
                next.run().await
            })
        });
        drop(namespace);
        world.join(1);
        world
    }

    /// Connects clients over WebSocket and joins the main namespace.
    pub(crate) fn join(&mut self, clients: usize) {
        for _ in 0..clients {
            let client = self.dial();
            let open =
                String::from_utf8_lossy(&self.answer(&client, UPGRADE.as_bytes())).into_owned();
            assert!(
                open.starts_with("HTTP/1.1 101 ") && open.contains("\"sid\""),
                "{open}"
            );
            let joined = self.answer(&client, &text("40"));
            assert!(joined.starts_with(b"\x81\x2040{\"sid\":\""), "{joined:?}");
            self.clients.push(client);
        }
    }

    /// Opens a connection to the server without sending anything.
    pub(crate) fn dial(&self) -> Client {
        let (client, server) = line(&self.tally);
        let connection = http1::Builder::new()
            .serve_connection(
                TokioIo::new(server),
                TowerToHyperService::new(self.service.clone()),
            )
            .with_upgrades();
        self.runtime.spawn(connection);
        client
    }

    /// Sends bytes, runs the server until it is idle, and returns the bytes that it has written.
    pub(crate) fn answer(&self, client: &Client, bytes: &[u8]) -> Vec<u8> {
        client.record();
        client.send(bytes);
        self.settle();
        client.recorded()
    }

    /// Runs all tasks until they are idle.
    pub(crate) fn settle(&self) {
        self.runtime.block_on(async {
            let mut seen = self.tally.numbers();
            let mut quiet = 0;
            while quiet < QUIET_TURNS {
                tokio::task::yield_now().await;
                let now = self.tally.numbers();
                quiet = if now == seen { quiet + 1 } else { 0 };
                seen = now;
            }
        });
    }
}

/// Aborts the program if an answer is missing.
async fn give_up() {
    tokio::time::sleep(PATIENCE).await;
    eprintln!(
        "the server has not answered within {PATIENCE:?}: find the fault with `cargo test -p e2e`"
    );
    std::process::exit(1);
}

fn register(io: &SocketIo<Score>) {
    io.of("/")
        .on("echo", async |socket: Socket, Data(text): Data<String>| {
            socket.emit("echo", &text);
        })
        .on("ack", async |Data(text): Data<String>| Reply(text))
        .on("bin", async |socket: Socket, Data(bytes): Data<Bytes>| {
            socket.emit("bin", &bytes);
        })
        .on(
            "score",
            async |State(score): State<Score>, socket: Socket, Data(goal): Data<Goal>| {
                if socket.connected() && !goal.player.is_empty() {
                    score.0.fetch_add(goal.points, Ordering::Relaxed);
                }
            },
        )
        .on("enter", async |socket: Socket| socket.join("room"));
}

/// Returns the upgrade request.
pub(crate) fn upgrade() -> &'static [u8] {
    UPGRADE.as_bytes()
}

/// Encodes a text message of a client.
pub(crate) fn text(message: &str) -> Vec<u8> {
    masked(Opcode::Text, message.as_bytes())
}

/// Encodes a binary message of a client.
pub(crate) fn binary(message: &[u8]) -> Vec<u8> {
    masked(Opcode::Binary, message)
}

/// Returns the string of 64 bytes that most events contain.
pub(crate) fn string() -> String {
    ('a'..='z').cycle().take(64).collect()
}
