//! Tests that disconnected clients leave no sessions, sockets, rooms or data.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{FromRef, State};
use e2e::app::serve;
use e2e::probes::{LiveCounter, LiveGuard};
use e2e::session::{assert_alive, id_of, join, join_polling, open, settle};
use e2e::sync::{Gate, VirtualTime, eventually};
use socketio::extract::{Auth, Data, SocketData};
use socketio::{Socket, SocketIo, SocketIoLayer};
use socketio_testing::{Frame, PollingClient, within};

#[derive(Clone, FromRef)]
struct App {
    counter: LiveCounter,
    gate: Gate,
}

/// A type that no socket has in its data.
#[derive(Clone)]
struct Absent;

/// The number of repetitions of each case.
const TIMES: usize = 5;

#[tokio::test]
async fn clients_that_leave_are_removed() {
    let (addr, io, app) = server().await;
    for _ in 0..TIMES {
        leave(addr, &[]).await;
        leave(addr, &[Frame::close(None)]).await;
        leave(addr, &[Frame::close(1001)]).await;
        leave(addr, &[Frame::text("41")]).await;
        leave(addr, &[Frame::text("41"), Frame::text("40")]).await;
        join(addr).await.0.reset();
        open(addr).await.reset();
    }
    assert_nothing_remains(&io, &app).await;
}

#[tokio::test]
async fn refused_clients_are_removed() {
    let (addr, io, app) = server().await;
    for _ in 0..TIMES {
        let mut refused = open(addr).await;
        refused.send(r#"40"no object""#).await;
        refused.expect_close(None).await;
        let mut refused = open(addr).await;
        refused.send(r#"40{"refuse":true}"#).await;
        refused.expect(r#"44{"message":"no"}"#).await;
        drop(refused);
        let mut pending = open(addr).await;
        pending.send("40/slow,").await;
        assert_alive(&mut pending).await;
        pending.reset();
    }
    assert_nothing_remains(&io, &app).await;
}

#[tokio::test]
async fn clients_lost_in_the_middle_of_an_operation_are_removed() {
    let (addr, io, app) = server().await;
    for _ in 0..TIMES {
        for event in [
            r#"42["panics"]"#,
            r#"42["waits"]"#,
            r#"42["takes a number"]"#,
            r#"42["keeps its socket"]"#,
            r#"42["asks"]"#,
            r#"452-["event",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
        ] {
            let (mut client, _) = join(addr).await;
            client.send(event).await;
            client.reset();
        }
        leave(addr, &[Frame::text("42[").not_last()]).await;
    }
    assert_nothing_remains(&io, &app).await;
}

#[tokio::test]
async fn clients_that_violate_the_protocol_are_removed() {
    let (addr, io, app) = server().await;
    for _ in 0..TIMES {
        for frame in [
            Frame::text("40"),
            Frame::text("42"),
            Frame::text("4x"),
            Frame::text("x"),
            Frame::text("2"),
            Frame::text([0xff]),
            Frame::text("42[\"").rsv(3),
            Frame::text("").unmasked(),
            Frame::binary([1]),
            Frame::text("").claiming(1 << 40),
            Frame::text("4511-[\"event\"]"),
        ] {
            leave(addr, &[frame]).await;
        }
    }
    assert_nothing_remains(&io, &app).await;
}

#[tokio::test]
async fn clients_disconnected_by_the_server_are_removed() {
    let (addr, io, app) = server().await;
    for _ in 0..TIMES {
        for event in [
            r#"42["disconnects",false]"#,
            r#"42["disconnects",true]"#,
            r#"42["closes"]"#,
            r#"42["disconnects all"]"#,
            r#"42["emits too much"]"#,
        ] {
            let (mut client, _) = join(addr).await;
            client.send(event).await;
            client.recv().await;
            let (polling, _) = join_polling(addr).await;
            polling.send(event).await;
            polling.get().await;
            polling.post("1").await;
        }
    }
    assert_nothing_remains(&io, &app).await;
}

#[tokio::test]
async fn polling_clients_are_removed() {
    let (addr, io, app) = server().await;
    for _ in 0..TIMES {
        join_polling(addr).await.0.close().await;
        PollingClient::handshake(addr).await.close().await;
        for payload in [
            "41\u{1e}1",
            "40",
            "x",
            "",
            "2",
            "4x",
            "42[\"panics\"]\u{1e}1",
            "42[\"waits\"]\u{1e}1",
            "452-[\"event\"]\u{1e}1",
        ] {
            let (polling, _) = join_polling(addr).await;
            polling.send(payload).await;
            polling.get().await;
        }
        for payload in ["40{\"refuse\":true}\u{1e}1", "40/slow,\u{1e}1"] {
            PollingClient::handshake(addr).await.send(payload).await;
        }
        // Concurrent polls, and an aborted poll.
        let (polling, _) = join_polling(addr).await;
        let first = polling.begin_get().await;
        let second = polling.begin_get().await;
        first.response().await;
        drop(second);
        let (polling, _) = join_polling(addr).await;
        let pending = polling.begin_get().await;
        settle(addr).await;
        pending.reset();
    }
    assert_nothing_remains(&io, &app).await;
}

#[tokio::test]
async fn upgrading_clients_are_removed() {
    let (addr, io, app) = server().await;
    for _ in 0..TIMES {
        let (polling, _) = join_polling(addr).await;
        let mut probing = polling.websocket().await;
        probing.send("2probe").await;
        probing.expect("3probe").await;
        polling.send("1").await;
        let (polling, _) = join_polling(addr).await;
        let mut upgraded = polling.websocket().await;
        upgraded.send("5").await;
        upgraded.reset();
        let (polling, _) = join_polling(addr).await;
        polling.websocket().await.reset();
        polling.close().await;
    }
    assert_nothing_remains(&io, &app).await;
}

#[tokio::test]
async fn silent_clients_are_removed() {
    let time = VirtualTime::start();
    let (addr, io, app) = server().await;
    let mut silent = Vec::new();
    let mut silent_polling = Vec::new();
    for _ in 0..TIMES {
        silent.push(join(addr).await.0);
        silent.push(open(addr).await);
        silent_polling.push(join_polling(addr).await.0);
        silent_polling.push(PollingClient::handshake(addr).await);
        let polling = join_polling(addr).await.0;
        let mut probing = polling.websocket().await;
        probing.send("2probe").await;
        probing.expect("3probe").await;
        silent.push(probing);
        silent_polling.push(polling);
        let mut waiting = join(addr).await.0;
        waiting.send(r#"42["waits"]"#).await;
        silent.push(waiting);
    }
    settle(addr).await;
    // The upgrade timeout, the ping interval and the ping timeout.
    for seconds in [10, 25, 20] {
        time.advance(Duration::from_secs(seconds)).await;
        settle(addr).await;
    }
    assert_nothing_remains(&io, &app).await;
    drop((silent, silent_polling));
}

/// The application keeps the socket of a disconnected client.
#[tokio::test]
async fn a_kept_handle_holds_no_rooms_or_data() {
    let (addr, io, app) = server().await;
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    assert_eq!(app.counter.live(), 2);
    client.send("41").await;
    assert_alive(&mut client).await;
    eventually("no data", || app.counter.live() == 0).await;
    assert!(socket.rooms().is_empty());
    assert!(!socket.connected());
    assert!(io.of("/").socket(&id).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_clients_are_removed() {
    let (addr, io, app) = server().await;
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..200 {
        let all = io.clone();
        clients.spawn(async move {
            let mut client = open(addr).await;
            client.send("40").await;
            let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
            client.send(r#"42["waits"]"#).await;
            match number % 5 {
                0 => client.reset(),
                1 => client.send("41").await,
                2 => all.to(id).disconnect_clients(),
                3 => client.send("40").await,
                _ => drop(client),
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.expect("no client panics");
    }
    assert_nothing_remains(&io, &app).await;
}

/// Starts a server whose handlers fail in all ways.
async fn server() -> (SocketAddr, SocketIo<App>, App) {
    let app = App {
        counter: LiveCounter::default(),
        gate: Gate::closed(),
    };
    let layer = SocketIoLayer::builder()
        .max_outbound_bytes(1_000_000)
        .with_state(app.clone())
        .build();
    let io = layer.io();
    register(&io);
    io.of("/slow")
        .middleware(async |socket: Socket, State(app): State<App>| {
            socket.join("room");
            socket.data().insert(app.counter.guard());
            app.gate.pass().await;
            Ok::<(), &str>(())
        });
    (serve(layer).await, io, app)
}

fn register(io: &SocketIo<App>) {
    let panics = async || -> () { panic!("on purpose") };
    io.of("/")
        .middleware(
            async |socket: Socket,
                   State(app): State<App>,
                   Auth(auth): Auth<Option<serde_json::Value>>| {
                socket.join("room");
                socket.data().insert(app.counter.guard());
                if auth.is_some() { Err("no") } else { Ok(()) }
            },
        )
        .on_connect(async |socket: Socket, State(app): State<App>| -> () {
            socket.join(["another", "a third"]);
            socket.data().insert(Second(app.counter.guard()));
            panic!("on purpose");
        })
        .on("panics", panics)
        .on("waits", async |State(gate): State<Gate>| gate.pass().await)
        .on("takes a number", async |_: Data<u8>| {})
        .on(
            "keeps its socket",
            async |socket: Socket, State(gate): State<Gate>| {
                tokio::spawn(async move {
                    gate.pass().await;
                    socket.join("too late");
                });
            },
        )
        .on("asks", async |socket: Socket| {
            socket.emit_with_ack::<()>("question", "").await.ok();
        })
        .on(
            "disconnects",
            async |socket: Socket, Data(close): Data<bool>| {
                if close {
                    socket.client().disconnect();
                } else {
                    socket.disconnect();
                }
            },
        )
        .on("disconnects all", async |socket: Socket| {
            socket.namespace().disconnect_clients();
        })
        .on("closes", async |socket: Socket| socket.conn().close())
        .on("emits too much", async |socket: Socket| {
            let text = "x".repeat(100_000);
            for _ in 0..20 {
                socket.emit("event", &text);
            }
        })
        .on_disconnecting(panics)
        .on_disconnecting(async |_: SocketData<Absent>| {})
        .on_disconnecting(async |socket: Socket| socket.join("while leaving"))
        .on_disconnect(panics)
        .on_disconnect(async |_: SocketData<Absent>| {})
        .on_disconnect(async |socket: Socket| socket.join("after leaving"));
}

/// A second value in the data of a socket.
struct Second(#[expect(dead_code, reason = "held for its drop")] LiveGuard);

/// Joins, sends the frames and drops the connection.
async fn leave(addr: SocketAddr, frames: &[Frame]) {
    let (mut client, _) = join(addr).await;
    for frame in frames {
        client.send_frame(frame).await;
    }
}

async fn assert_nothing_remains(io: &SocketIo<App>, app: &App) {
    eventually("no client", || io.clients_count() == 0).await;
    for namespace in [io.of("/"), io.of("/slow")] {
        eventually("an empty namespace", || namespace.sockets().is_empty()).await;
    }
    eventually("no data", || app.counter.live() == 0).await;
    // Waiting handlers must not add anything.
    app.gate.open();
    tokio::task::yield_now().await;
    for room in [
        "room",
        "another",
        "a third",
        "too late",
        "while leaving",
        "after leaving",
    ] {
        for namespace in [io.of("/"), io.of("/slow")] {
            let answers = namespace.to(room).emit_with_ack::<()>("ping", "");
            let answers = within("no answers", answers.all()).await;
            assert_eq!(answers.expect("no socket was asked").len(), 0, "{room}");
        }
    }
}
