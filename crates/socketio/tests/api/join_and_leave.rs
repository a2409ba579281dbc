//! Tests operations between a client's CONNECT, its answer and the disconnect of its socket.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{FromRef, State};
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, id_of, join, open, settle};
use e2e::sync::Gate;
use socketio::{ConnectionStateRecovery, Reply, Socket, SocketIo, SocketIoBuilder, SocketIoLayer};

/// The time after which a blocked operation counts as a deadlock.
const DEADLOCK_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, FromRef)]
struct App {
    journal: Journal,
    gate: Gate,
}

async fn server_of(builder: SocketIoBuilder) -> (SocketAddr, SocketIo<App>, App) {
    let app = App {
        journal: Journal::new(),
        gate: Gate::closed(),
    };
    let layer = builder.with_state(app.clone()).build();
    let io = layer.io();
    (serve(layer).await, io, app)
}

async fn server() -> (SocketAddr, SocketIo<App>, App) {
    server_of(SocketIoLayer::builder()).await
}

/// Guards against calling listeners while the server holds a lock of the client.
#[tokio::test]
async fn packet_listeners_can_use_the_client_while_it_joins_and_leaves() {
    let (addr, io, app) = server().await;
    let add_listener = async |socket: Socket, State(journal): State<Journal>| {
        let (conn, client) = (socket.conn(), socket.client());
        conn.on_packet_create(move |_| {
            let client = client.clone();
            // On another thread, because the same thread would only detect that the lock is not
            // reentrant.
            let (done, finished) = mpsc::channel();
            std::thread::spawn(move || done.send(client.sockets().len()).ok());
            match finished.recv_timeout(DEADLOCK_TIMEOUT) {
                Ok(_) => journal.write("free"),
                Err(_) => journal.write("locked"),
            }
        });
    };
    io.of("/").on_connect(add_listener);
    io.of("/admin");
    io.of("/closed").middleware(async || Err::<(), _>("no"));
    let (mut client, _) = join(addr).await;
    client.send("40/admin").await;
    let id = id_of(&client.expect(r#"40/admin,{"sid":"…"}"#).await);
    client.send("40/closed").await;
    client.expect(r#"44/closed,{"message":"no"}"#).await;
    io.of("/admin").socket(&id).unwrap().disconnect();
    client.expect("41/admin,").await;
    app.journal.expect(["free", "free", "free"]).await;
}

/// Guards against calling listeners while the recovery store is locked.
#[tokio::test]
async fn outgoing_listeners_can_wait_for_other_emits() {
    let builder =
        SocketIoLayer::builder().connection_state_recovery(ConnectionStateRecovery::default());
    let (addr, io, app) = server_of(builder).await;
    let (other, journal) = (io.clone(), app.journal.clone());
    io.of("/").on_any_outgoing(move |_, event, _| {
        if event == "first" {
            let (done, emitted) = mpsc::channel();
            let other = other.clone();
            std::thread::spawn(move || {
                other.emit("second", "");
                done.send(()).ok();
            });
            let free = emitted.recv_timeout(DEADLOCK_TIMEOUT).is_ok();
            journal.write(if free { "free" } else { "locked" });
        }
    });
    let (mut client, _) = join(addr).await;
    io.emit("first", "");
    app.journal.expect(["free"]).await;
    client.expect(r#"42["first","",…]"#).await;
    client.expect(r#"42["second","",…]"#).await;
}

/// Guards against delivering a broadcast to a leaving socket and to the new socket of the same
/// client.
#[tokio::test]
async fn a_client_that_rejoins_receives_each_broadcast_once() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(async |socket: Socket| socket.join("room"))
        .on_disconnecting(async |State(app): State<App>| {
            app.journal.write("leaving");
            app.gate.pass().await;
        })
        .on("ask", async || Reply("here"));
    let (mut client, first) = join(addr).await;
    client.send("41").await;
    app.journal.expect(["leaving"]).await;
    client.send("40").await;
    let second = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    assert_ne!(first, second);
    io.emit("all", "");
    io.to("room").emit("room", "");
    let new = io.of("/").socket(&second).unwrap();
    new.broadcast().emit("others", "");
    client.expect(r#"42["all",""]"#).await;
    client.expect(r#"42["room",""]"#).await;
    assert_alive(&mut client).await;
    assert_eq!(io.of("/").sockets(), [new]);
    assert_eq!(io.fetch_sockets().await.unwrap().len(), 1);
    app.gate.open();
}

/// A client can leave and join again while connect handlers start in another task. Its packets take
/// effect in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn packets_around_a_disconnect_take_effect_in_order() {
    let (addr, io, app) = server().await;
    let (resume, resumed) = mpsc::channel::<()>();
    let resumed = Arc::new(Mutex::new(Some(resumed)));
    let slow = async move |State(journal): State<Journal>| {
        journal.write("connected");
        // The first handler blocks its thread.
        let resumed = resumed.lock().unwrap().take();
        if let Some(resumed) = resumed {
            tokio::task::block_in_place(|| resumed.recv_timeout(DEADLOCK_TIMEOUT).ok());
        }
    };
    io.of("/")
        .middleware(async |State(app): State<App>| {
            app.gate.pass().await;
            Ok::<_, &str>(())
        })
        .on_connect(slow)
        .on(
            "event",
            async |socket: Socket, State(journal): State<Journal>| {
                journal.write(format_args!("event of {}", socket.id()));
            },
        )
        .on_disconnect(async |State(journal): State<Journal>| journal.write("left"));
    let mut client = open(addr).await;
    client.send("40").await;
    settle(addr).await;
    app.gate.admit(1);
    let first = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    app.journal.expect(["connected"]).await;
    for packet in [
        r#"42["event"]"#,
        "41",
        r#"42["event"]"#,
        "40",
        r#"42["event"]"#,
    ] {
        client.send(packet).await;
    }
    // The server has read all earlier packets.
    assert_alive(&mut client).await;
    app.gate.open();
    resume.send(()).unwrap();
    let second = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    app.journal
        .expect([&*format!("event of {first}"), "left", "connected"])
        .await;
    app.journal.expect([format!("event of {second}")]).await;
}
