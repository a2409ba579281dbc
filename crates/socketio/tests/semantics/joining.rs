//! Tests how clients join a namespace, and how they are refused.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{FromRef, State};
use e2e::app::serve;
use e2e::probes::{Journal, LiveCounter};
use e2e::session::{assert_alive, assert_polling_alive, id_of, join, join_polling, open};
use e2e::sync::{Gate, eventually};
use serde_json::json;
use socketio::{AckError, ConnectError, DisconnectReason, Socket, SocketIo, SocketIoLayer};
use socketio_testing::{PollingClient, within};
use tokio::sync::Mutex;

#[derive(Clone, FromRef)]
struct App {
    journal: Journal,
    gate: Gate,
    counter: LiveCounter,
}

#[tokio::test]
async fn middleware_runs_in_order_until_one_refuses_the_client() {
    let (addr, io, app) = server().await;
    for name in ["first", "second", "third", "fourth"] {
        io.of("/")
            .middleware(async move |State(journal): State<Journal>| {
                journal.write(name);
                tokio::task::yield_now().await;
                if name == "third" {
                    return Err(ConnectError::new("no").with_data(json!({ "code": 7 })));
                }
                Ok(())
            });
    }
    io.of("/").on_connect(record_connect);
    let mut client = open(addr).await;
    client.send("40").await;
    client
        .expect(r#"44{"message":"no","data":{"code":7}}"#)
        .await;
    app.journal.expect(["first", "second", "third"]).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn middleware_that_panics_refuses_the_client() {
    let (addr, io, app) = server().await;
    let panics = async |socket: Socket, State(counter): State<LiveCounter>| {
        socket.join("room");
        socket.data().insert(counter.guard());
        panic!("on purpose");
        #[expect(unreachable_code, reason = "declares the return type")]
        Ok::<(), &str>(())
    };
    io.of("/").middleware(panics).on_connect(record_connect);
    let mut client = open(addr).await;
    for _ in 0..2 {
        client.send("40").await;
        client
            .expect(r#"44{"message":"Internal Server Error","data":{"status":500}}"#)
            .await;
        assert_no_socket_remains(&io, &app).await;
    }
    assert_alive(&mut client).await;
}

/// Guards against rooms of sockets that never joined the namespace.
#[tokio::test]
async fn a_refused_socket_leaves_no_rooms_or_data() {
    let (addr, io, app) = server().await;
    let refuse = async |socket: Socket, State(counter): State<LiveCounter>| {
        socket.join(["room", "another"]);
        socket.data().insert(counter.guard());
        tokio::task::yield_now().await;
        socket.join("a third");
        Err::<(), _>("no")
    };
    io.of("/").middleware(refuse).on_connect(record_connect);
    io.of("/")
        .on_disconnecting(record_disconnect)
        .on_disconnect(record_disconnect);
    let mut client = open(addr).await;
    let mut polling = PollingClient::handshake(addr).await;
    for _ in 0..3 {
        client.send("40").await;
        client.expect(r#"44{"message":"no"}"#).await;
        polling.send("40").await;
        polling.expect(r#"44{"message":"no"}"#).await;
    }
    assert_no_socket_remains(&io, &app).await;
    // The clients have not received packets sent to the rooms.
    assert_alive(&mut client).await;
    assert_eq!(polling.next_at_hand(), None);
}

/// Guards against a refused socket that can still act because the application keeps it.
#[tokio::test]
async fn a_kept_handle_to_a_refused_socket_has_no_effect() {
    let (addr, io, app) = server().await;
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let refuse = async move |socket: Socket, State(app): State<App>| {
        socket.join("room");
        socket.data().insert(app.counter.guard());
        let answer = socket.emit_with_ack::<()>("question", "");
        keep.lock().await.push((socket, answer));
        app.journal.write("middleware started");
        app.gate.pass().await;
        Err::<(), _>("no")
    };
    io.of("/").middleware(refuse);
    let mut refused = open(addr).await;
    refused.send("40").await;
    refused.expect(r#"42…["question",""]"#).await;
    app.journal.expect(["middleware started"]).await;
    app.gate.admit(1);
    refused.expect(r#"44{"message":"no"}"#).await;
    let mut leaves = open(addr).await;
    leaves.send("40").await;
    app.journal.expect(["middleware started"]).await;
    leaves.reset();

    eventually("no data", || app.counter.live() == 0).await;
    for (socket, answer) in kept.lock().await.drain(..) {
        let answer = within("a failure", answer).await;
        assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");
        assert!(!socket.connected());
        socket.join("another");
        assert!(socket.rooms().is_empty());
        assert!(socket.try_emit("event", "").is_err());
        socket.disconnect();
    }
    assert_no_socket_remains(&io, &app).await;
    // Its connection is not affected.
    assert_alive(&mut refused).await;
}

#[tokio::test]
async fn a_client_that_disconnects_in_middleware_leaves_no_rooms_or_data() {
    let (addr, io, app) = server().await;
    block_in_middleware(&io);
    let mut leaving = Vec::new();
    for _ in 0..3 {
        let mut client = open(addr).await;
        client.send("40").await;
        app.journal.expect(["middleware started"]).await;
        leaving.push(client);
    }
    assert_eq!(app.counter.live(), 3);
    let mut clients = leaving.into_iter();
    clients.next().expect("the first client").reset();
    drop(clients.next().expect("the second client"));
    // An invalid packet.
    clients.next().expect("the third client").send("4x").await;
    let mut polling = PollingClient::handshake(addr).await;
    polling.send("40").await;
    app.journal.expect(["middleware started"]).await;
    polling.send("1").await;
    eventually("no client", || io.clients_count() == 0).await;
    eventually("no data", || app.counter.live() == 0).await;
    app.gate.open();
    assert_no_socket_remains(&io, &app).await;
    assert_eq!(polling.next_at_hand(), None);
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn middleware_can_disconnect_the_client() {
    let (addr, io, app) = server().await;
    let disconnect = async |socket: Socket, State(gate): State<Gate>| {
        socket.join("room");
        gate.pass().await;
        socket.client().disconnect();
        Ok::<(), &str>(())
    };
    io.of("/").middleware(disconnect).on_connect(record_connect);
    let mut client = open(addr).await;
    client.send("40").await;
    assert_alive(&mut client).await;
    app.gate.open();
    client.expect("41").await;
    client.expect_close(None).await;
    assert_no_socket_remains(&io, &app).await;
    assert!(app.journal.take().await.is_empty());

    let mut client = open(addr).await;
    client.send("40").await;
    client.expect("41").await;
    client.expect_close(None).await;
    assert_no_socket_remains(&io, &app).await;
}

#[tokio::test]
async fn a_connect_handler_can_disconnect_the_client() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(async |socket: Socket| socket.disconnect())
        .on_connect(record_connect)
        .on_disconnect(record_disconnect);
    let mut client = open(addr).await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.expect("41").await;
    assert_alive(&mut client).await;
    assert!(io.of("/").sockets().is_empty());
    let mut entries = [app.journal.next().await, app.journal.next().await];
    entries.sort();
    assert_eq!(entries, ["connected", "server namespace disconnect"]);
}

/// As in Node, the client receives packets that middleware emits before its CONNECT packet.
#[tokio::test]
async fn packets_of_middleware_precede_the_connect_answer() {
    let (addr, io, _) = server().await;
    io.of("/").middleware(async |socket: Socket| {
        socket.emit("first", "");
        tokio::task::yield_now().await;
        socket.emit("second", "");
        Ok::<(), &str>(())
    });
    let mut client = open(addr).await;
    client.send("40").await;
    client.expect(r#"42["first",""]"#).await;
    client.expect(r#"42["second",""]"#).await;
    client.expect(r#"40{"sid":"…"}"#).await;
}

#[tokio::test]
async fn a_broadcast_does_not_reach_a_client_in_middleware() {
    let (addr, io, app) = server().await;
    block_in_middleware(&io);
    let mut client = open(addr).await;
    client.send("40").await;
    app.journal.expect(["middleware started"]).await;
    io.emit("to all", "");
    io.to("room").emit("to the room", "");
    assert!(io.of("/").sockets().is_empty());
    assert_alive(&mut client).await;
    app.gate.open();
    client.expect(r#"40{"sid":"…"}"#).await;
    // The socket is in the room that middleware joined.
    io.to("room").emit("to the room", "");
    client.expect(r#"42["to the room",""]"#).await;
}

/// Guards against two sockets of one client in one namespace. A client that reconnects before it
/// has an answer sends only a CONNECT and expects one answer.
#[tokio::test]
async fn a_second_connect_in_middleware_replaces_the_first() {
    let (addr, io, app) = server().await;
    block_in_middleware(&io);
    io.of("/")
        .on_connect(record_connect)
        .on_disconnect(record_disconnect);

    let mut client = open(addr).await;
    client.send("40").await;
    client.send("40").await;
    let mut polling = PollingClient::handshake(addr).await;
    polling.send("40\u{1e}40").await;
    app.journal.expect(["middleware started"; 4]).await;
    // The first socket has been dropped.
    eventually("the data of two sockets", || app.counter.live() == 2).await;
    assert_alive(&mut client).await;

    app.gate.open();
    client.expect(r#"40{"sid":"…"}"#).await;
    polling.expect(r#"40{"sid":"…"}"#).await;
    app.journal.expect(["connected"; 2]).await;
    assert_eq!(io.of("/").sockets().len(), 2);
    assert_alive(&mut client).await;
    assert_polling_alive(&mut polling).await;
    client.send("41").await;
    polling.close().await;
    app.journal
        .expect(["client namespace disconnect", "transport close"])
        .await;
    assert_no_socket_remains(&io, &app).await;
    assert!(app.journal.take().await.is_empty());
}

/// Guards against a replaced socket without a disconnect event.
#[tokio::test]
async fn a_second_connect_closes_the_connection_and_notifies_the_socket() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(record_connect)
        .on_disconnect(record_disconnect);
    let (mut client, _) = join(addr).await;
    client.send("40").await;
    client.expect_close(None).await;
    app.journal
        .expect(["connected", "forced server close"])
        .await;
    let (polling, _) = join_polling(addr).await;
    polling.send("40").await;
    polling.expect_close().await;
    app.journal
        .expect(["connected", "forced server close"])
        .await;
    assert_no_socket_remains(&io, &app).await;
}

/// Guards against an order of packets that depends on their processing time.
#[tokio::test]
async fn a_client_can_leave_and_join_in_one_read() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(record_connect)
        .on_disconnect(record_disconnect);
    let expected = ["client namespace disconnect", "connected"];

    let (mut polling, id) = join_polling(addr).await;
    app.journal.expect(["connected"]).await;
    polling.send("41\u{1e}40").await;
    app.journal.expect(expected).await;
    let again = id_of(&polling.expect(r#"40{"sid":"…"}"#).await);
    assert_ne!(id, again);

    let (mut client, id) = join(addr).await;
    app.journal.expect(["connected"]).await;
    // Two masked text frames in one write.
    let frame = |text: &[u8; 2]| [0x81, 0x82, 0, 0, 0, 0, text[0], text[1]];
    client
        .send_raw(&[frame(b"41"), frame(b"40")].concat())
        .await;
    app.journal.expect(expected).await;
    let again = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    assert_ne!(id, again);
    assert_eq!(io.of("/").sockets().len(), 2);
}

#[tokio::test]
async fn an_unknown_namespace_refuses_the_client() {
    let (addr, _, _) = server().await;
    let mut client = open(addr).await;
    for name in ["/unknown", "/?token=1", "/unknown/", "//"] {
        client.send(&format!("40{name},{{}}")).await;
        client
            .expect(&format!(r#"44{name},{{"message":"Invalid namespace"}}"#))
            .await;
    }
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_disconnected_socket_cannot_join_rooms() {
    let (addr, io, app) = server().await;
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    client.send("41").await;
    assert_alive(&mut client).await;
    socket.join("room");
    socket.data().insert(app.counter.guard());
    assert!(socket.rooms().is_empty());
    assert_empty_room(&io, "room").await;
    // Its data is dropped with the last handle.
    drop(socket);
    assert_eq!(app.counter.live(), 0);

    // When the client joins again, it has another socket.
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    io.to("room").emit("event", "");
    assert_alive(&mut client).await;
}

async fn server() -> (SocketAddr, SocketIo<App>, App) {
    let app = App {
        journal: Journal::new(),
        gate: Gate::closed(),
        counter: LiveCounter::default(),
    };
    let layer = SocketIoLayer::with_state(app.clone());
    let io = layer.io();
    (serve(layer).await, io, app)
}

/// Adds middleware that joins a room and then waits until the gate is open.
fn block_in_middleware(io: &SocketIo<App>) {
    io.of("/")
        .middleware(async |socket: Socket, State(app): State<App>| {
            socket.join("room");
            socket.data().insert(app.counter.guard());
            app.journal.write("middleware started");
            app.gate.pass().await;
            Ok::<(), &str>(())
        });
}

async fn record_connect(State(journal): State<Journal>) {
    journal.write("connected");
}

async fn record_disconnect(reason: DisconnectReason, State(journal): State<Journal>) {
    journal.write(reason);
}

async fn assert_no_socket_remains(io: &SocketIo<App>, app: &App) {
    eventually("no data", || app.counter.live() == 0).await;
    eventually("an empty namespace", || io.of("/").sockets().is_empty()).await;
    for room in ["room", "another", "a third"] {
        assert_empty_room(io, room).await;
    }
}

async fn assert_empty_room(io: &SocketIo<App>, room: &'static str) {
    let answers = io.to(room).emit_with_ack::<()>("ping", "");
    let answers = within("no answers", answers.all()).await;
    assert_eq!(answers.expect("no socket was asked").len(), 0, "in {room}");
}
