//! How clients join a namespace, and how they do not.

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
async fn middleware_runs_in_order_until_one_refuses() {
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
    io.of("/").on_connect(note_connect);
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
async fn a_middleware_that_panics_refuses() {
    let (addr, io, app) = server().await;
    let panics = async |socket: Socket, State(counter): State<LiveCounter>| {
        socket.join("room");
        socket.data().insert(counter.guard());
        panic!("on purpose");
        #[expect(unreachable_code, reason = "says what it returns")]
        Ok::<(), &str>(())
    };
    io.of("/").middleware(panics).on_connect(note_connect);
    let mut client = open(addr).await;
    for _ in 0..2 {
        client.send("40").await;
        client
            .expect(r#"44{"message":"the server failed to handle this; its log has the reason"}"#)
            .await;
        assert_nothing_of_it_remains(&io, &app).await;
    }
    assert_alive(&mut client).await;
}

/// Guards against rooms that are kept by sockets that were never let in.
#[tokio::test]
async fn of_a_client_that_joined_rooms_and_was_refused_nothing_remains() {
    let (addr, io, app) = server().await;
    let refuse = async |socket: Socket, State(counter): State<LiveCounter>| {
        socket.join(["room", "another"]);
        socket.data().insert(counter.guard());
        tokio::task::yield_now().await;
        socket.join("a third");
        Err::<(), _>("no")
    };
    io.of("/").middleware(refuse).on_connect(note_connect);
    io.of("/")
        .on_disconnecting(note_leave)
        .on_disconnect(note_leave);
    let mut client = open(addr).await;
    let mut polling = PollingClient::handshake(addr).await;
    for _ in 0..3 {
        client.send("40").await;
        client.expect(r#"44{"message":"no"}"#).await;
        polling.send("40").await;
        polling.expect(r#"44{"message":"no"}"#).await;
    }
    assert_nothing_of_it_remains(&io, &app).await;
    // They have not even been told what was meant for the rooms.
    assert_alive(&mut client).await;
    assert_eq!(polling.next_at_hand(), None);
}

/// Guards against a socket that was never let in and acts all the same, because somebody keeps it.
#[tokio::test]
async fn a_socket_that_was_refused_is_over_although_it_is_kept() {
    let (addr, io, app) = server().await;
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let refuse = async move |socket: Socket, State(app): State<App>| {
        socket.join("room");
        socket.data().insert(app.counter.guard());
        let answer = socket.emit_with_ack::<()>("question", "");
        keep.lock().await.push((socket, answer));
        app.journal.write("considering");
        app.gate.pass().await;
        Err::<(), _>("no")
    };
    io.of("/").middleware(refuse);
    let mut refused = open(addr).await;
    refused.send("40").await;
    refused.expect(r#"42…["question",""]"#).await;
    app.journal.expect(["considering"]).await;
    app.gate.admit(1);
    refused.expect(r#"44{"message":"no"}"#).await;
    let mut leaves = open(addr).await;
    leaves.send("40").await;
    app.journal.expect(["considering"]).await;
    leaves.reset();

    eventually("no data", || app.counter.live() == 0).await;
    for (socket, answer) in kept.lock().await.drain(..) {
        let answer = within("a failure", answer).await;
        assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");
        assert!(!socket.connected());
        socket.join("another");
        assert!(socket.rooms().is_empty());
        assert!(socket.try_emit("event", "").is_err());
        socket.client().disconnect();
    }
    assert_nothing_of_it_remains(&io, &app).await;
    // Its connection is not concerned.
    assert_alive(&mut refused).await;
}

#[tokio::test]
async fn of_a_client_that_left_while_middleware_ran_nothing_remains() {
    let (addr, io, app) = server().await;
    consider(&io);
    let mut leaving = Vec::new();
    for _ in 0..3 {
        let mut client = open(addr).await;
        client.send("40").await;
        app.journal.expect(["considering"]).await;
        leaving.push(client);
    }
    assert_eq!(app.counter.live(), 3);
    let mut ways = leaving.into_iter();
    ways.next().expect("one").reset();
    drop(ways.next().expect("another"));
    // It breaks the protocol.
    ways.next().expect("a third").send("4x").await;
    let mut polling = PollingClient::handshake(addr).await;
    polling.send("40").await;
    app.journal.expect(["considering"]).await;
    polling.send("1").await;
    eventually("no client", || io.clients_count() == 0).await;
    eventually("no data", || app.counter.live() == 0).await;
    app.gate.open();
    assert_nothing_of_it_remains(&io, &app).await;
    assert_eq!(polling.next_at_hand(), None);
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn a_middleware_may_disconnect_the_client() {
    let (addr, io, app) = server().await;
    let disconnect = async |socket: Socket, State(gate): State<Gate>| {
        socket.join("room");
        gate.pass().await;
        socket.client().disconnect();
        Ok::<(), &str>(())
    };
    io.of("/").middleware(disconnect).on_connect(note_connect);
    let mut client = open(addr).await;
    client.send("40").await;
    assert_alive(&mut client).await;
    app.gate.open();
    client.expect("41").await;
    client.expect_close(None).await;
    assert_nothing_of_it_remains(&io, &app).await;
    assert!(app.journal.take().await.is_empty());

    let mut client = open(addr).await;
    client.send("40").await;
    client.expect("41").await;
    client.expect_close(None).await;
    assert_nothing_of_it_remains(&io, &app).await;
}

#[tokio::test]
async fn a_connect_handler_may_disconnect_the_client() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(async |socket: Socket| socket.disconnect())
        .on_connect(note_connect)
        .on_disconnect(note_leave);
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

/// As Node's server: what middleware emits reaches the client before it knows that it has joined.
#[tokio::test]
async fn what_middleware_emits_precedes_the_answer() {
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
async fn what_is_for_all_does_not_reach_who_is_not_let_in_yet() {
    let (addr, io, app) = server().await;
    consider(&io);
    let mut client = open(addr).await;
    client.send("40").await;
    app.journal.expect(["considering"]).await;
    io.emit("to all", "");
    io.to("room").emit("to the room", "");
    assert!(io.of("/").sockets().is_empty());
    assert_alive(&mut client).await;
    app.gate.open();
    client.expect(r#"40{"sid":"…"}"#).await;
    // What it joined meanwhile holds from now on.
    io.to("room").emit("to the room", "");
    client.expect(r#"42["to the room",""]"#).await;
}

/// Guards against two sockets of one client in one namespace. A client that changes its mind before
/// it has an answer sends a CONNECT only, and awaits one answer.
#[tokio::test]
async fn of_two_connects_while_middleware_is_at_work_the_second_joins() {
    let (addr, io, app) = server().await;
    consider(&io);
    io.of("/")
        .on_connect(note_connect)
        .on_disconnect(note_leave);

    let mut client = open(addr).await;
    client.send("40").await;
    client.send("40").await;
    let mut polling = PollingClient::handshake(addr).await;
    polling.send("40\u{1e}40").await;
    app.journal.expect(["considering"; 4]).await;
    // Of the first nothing remains.
    eventually("the data of two", || app.counter.live() == 2).await;
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
    assert_nothing_of_it_remains(&io, &app).await;
    assert!(app.journal.take().await.is_empty());
}

/// Guards against a socket that is replaced and never hears that it has left.
#[tokio::test]
async fn a_second_connect_closes_the_connection_and_the_socket_is_told() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(note_connect)
        .on_disconnect(note_leave);
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
    assert_nothing_of_it_remains(&io, &app).await;
}

/// Guards against an order of packets that depends on what is slow.
#[tokio::test]
async fn a_client_may_leave_and_join_in_one_read() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(note_connect)
        .on_disconnect(note_leave);
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
async fn an_unknown_namespace_is_refused() {
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
async fn a_socket_that_has_left_joins_nothing() {
    let (addr, io, app) = server().await;
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    client.send("41").await;
    assert_alive(&mut client).await;
    socket.join("room");
    socket.data().insert(app.counter.guard());
    assert!(socket.rooms().is_empty());
    assert_nothing_is_in(&io, "room").await;
    // Its data goes with the last handle.
    drop(socket);
    assert_eq!(app.counter.live(), 0);

    // Nor does it when it comes back: it is another.
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

/// The main namespace considers each client, which is in a room already, until the gate is open.
fn consider(io: &SocketIo<App>) {
    io.of("/")
        .middleware(async |socket: Socket, State(app): State<App>| {
            socket.join("room");
            socket.data().insert(app.counter.guard());
            app.journal.write("considering");
            app.gate.pass().await;
            Ok::<(), &str>(())
        });
}

async fn note_connect(State(journal): State<Journal>) {
    journal.write("connected");
}

async fn note_leave(reason: DisconnectReason, State(journal): State<Journal>) {
    journal.write(reason);
}

async fn assert_nothing_of_it_remains(io: &SocketIo<App>, app: &App) {
    eventually("no data", || app.counter.live() == 0).await;
    eventually("an empty namespace", || io.of("/").sockets().is_empty()).await;
    for room in ["room", "another", "a third"] {
        assert_nothing_is_in(io, room).await;
    }
}

async fn assert_nothing_is_in(io: &SocketIo<App>, room: &'static str) {
    let answers = io.to(room).emit_with_ack::<()>("is anybody there?", "");
    let answers = within("nobody to answer", answers.all()).await;
    assert_eq!(answers.expect("nobody was asked").len(), 0, "in {room}");
}
