//! The connection beneath a socket: `socket.conn`. The events and their order are those of Node's
//! server.

use std::time::Duration;

use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, assert_polling_alive, join, join_polling, open, settle};
use e2e::sync::{VirtualTime, eventually};
use socketio::engine::{Packet, Protocol, ReadyState, SendError, Text};
use socketio::extract::Data;
use socketio::{Conn, DisconnectReason, Socket, SocketIo, SocketIoLayer, Transport};
use tokio::sync::mpsc::unbounded_channel;

const PING_INTERVAL: Duration = Duration::from_secs(25);

/// Writes down all that happens on a connection.
fn watch(conn: &Conn, journal: &Journal) {
    let write = |what: &'static str| {
        let journal = journal.clone();
        move |packet: &Packet| journal.write(format!("{what} {}", packet.encode_base64()))
    };
    let note = |what: &'static str| {
        let journal = journal.clone();
        move || journal.write(what)
    };
    let moves = |what: &'static str| {
        let (journal, conn) = (journal.clone(), conn.clone());
        move |to: Transport| journal.write(format!("{what} {to} {}", conn.is_upgraded()))
    };
    conn.on_packet(write("packet"))
        .on_packet_create(write("packetCreate"))
        .on_heartbeat(note("heartbeat"))
        .on_drain(note("drain"))
        .on_upgrading(moves("upgrading"))
        .on_upgrade(moves("upgrade"));
    // It holds the connection, which holds it: for as long as it is open.
    let (journal, held) = (journal.clone(), conn.clone());
    conn.on_close(move |reason| journal.write(format!("close {reason} {}", held.ready_state())));
}

/// A server that echoes, and writes down what happens on its connections.
async fn start() -> (std::net::SocketAddr, SocketIo, Journal) {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let journal = Journal::new();
    let notes = journal.clone();
    io.engine().on_connection(move |conn| {
        notes.write(format!(
            "connection {} {} upgraded {} {}",
            conn.transport(),
            conn.ready_state(),
            conn.is_upgraded(),
            conn.protocol(),
        ));
        watch(&conn, &notes);
    });
    let notes = journal.clone();
    io.of("/")
        .on("echo", async |socket: Socket, Data(text): Data<String>| {
            socket.emit("echo", &text);
        })
        .on_disconnect(async move |reason: DisconnectReason| {
            notes.write(format!("disconnect {reason}"));
        });
    (serve(layer).await, io, journal)
}

#[tokio::test]
async fn the_events_of_a_connection_that_moves() {
    let (addr, _io, journal) = start().await;
    let time = VirtualTime::start();
    let (mut client, _) = join_polling(addr).await;
    journal
        .expect(["connection polling open upgraded false 4", "packet 40"])
        .await;
    assert!(
        journal
            .next()
            .await
            .starts_with(r#"packetCreate 40{"sid":""#)
    );
    journal.expect(["drain"]).await;

    client.send(r#"42["echo","a"]"#).await;
    client.expect(r#"42["echo","a"]"#).await;
    let echoed = [
        r#"packet 42["echo","a"]"#,
        r#"packetCreate 42["echo","a"]"#,
        "drain",
    ];
    journal.expect(echoed).await;

    time.advance(PING_INTERVAL).await;
    client.expect("2").await;
    journal.expect(["packetCreate 2", "drain"]).await;
    client.send("3").await;
    journal.expect(["packet 3", "heartbeat"]).await;

    let mut socket = client.websocket().await;
    socket.send("2probe").await;
    socket.expect("3probe").await;
    journal.expect(["upgrading websocket false"]).await;
    socket.send("5").await;
    journal.expect(["upgrade websocket true"]).await;

    socket.send(r#"42["echo","b"]"#).await;
    socket.expect(r#"42["echo","b"]"#).await;
    let echoed = [
        r#"packet 42["echo","b"]"#,
        r#"packetCreate 42["echo","b"]"#,
        "drain",
    ];
    journal.expect(echoed).await;
    drop(socket);
    let end = ["disconnect transport close", "close transport close closed"];
    journal.expect(end).await;
}

#[tokio::test]
async fn listeners_go_with_the_connection() {
    /// LiveGuard for as long as it is not dropped.
    struct Held(tokio::sync::mpsc::UnboundedSender<()>);

    let (sender, mut dropped) = unbounded_channel();
    let layer = SocketIoLayer::new();
    layer.io().of("/").on_connect(async move |socket: Socket| {
        let held = Held(sender.clone());
        let (conn, owned) = (socket.conn(), socket.conn());
        conn.on_packet(move |_| {
            // A circle, until the connection is closed.
            let _ = (&owned, &held.0);
        });
        socket.emit("listening", &());
    });
    let addr = serve(layer).await;
    for polls in [true, false] {
        if polls {
            let (mut client, _) = join_polling(addr).await;
            client.expect(r#"42["listening"]"#).await;
            assert!(dropped.sender_strong_count() > 1);
            client.send("1").await;
        } else {
            let (mut client, _) = join(addr).await;
            client.expect(r#"42["listening"]"#).await;
            assert!(dropped.sender_strong_count() > 1);
        }
        eventually("the listener goes", || {
            // The sender of the handler remains; that of the listener is counted.
            dropped.try_recv().is_err() && dropped.sender_strong_count() == 1
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_connection_tells() {
    let (sender, mut conns) = unbounded_channel();
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/");
    io.engine().on_connection(move |conn| {
        sender.send(conn).ok();
    });
    let addr = serve(layer).await;

    let (mut client, socket_id) = join_polling(addr).await;
    let conn = conns.recv().await.expect("a connection");
    assert_eq!(conn.id(), client.sid());
    assert_ne!(conn.id(), socket_id);
    assert_eq!(conn.transport(), Transport::Polling);
    assert_eq!(conn.protocol(), Protocol::V4);
    assert_eq!(conn.ready_state(), ReadyState::Open);
    assert_eq!(conn.queued_bytes(), 0);
    assert!(!conn.is_upgrading() && !conn.is_upgraded());
    assert_eq!(conn.handshake().uri().path(), "/socket.io/");
    assert_eq!(conn.remote_address(), None, "nobody has told");
    assert!(!format!("{conn:?}").contains(client.sid()), "a secret");

    // Engine.IO messages as they are, also while the client is in no namespace of this name.
    conn.send(Text::new(r#"2/raw,["event"]"#))
        .expect("it is open");
    client.expect(r#"42/raw,["event"]"#).await;
    assert_polling_alive(&mut client).await;

    let mut socket = client.websocket().await;
    socket.send("2probe").await;
    socket.expect("3probe").await;
    assert!(conn.is_upgrading() && !conn.is_upgraded());
    socket.send("5").await;
    assert_alive(&mut socket).await;
    assert!(!conn.is_upgrading() && conn.is_upgraded());
    assert_eq!(conn.transport(), Transport::WebSocket);

    // What is queued leaves before the connection is closed.
    conn.send("2[\"last\"]").expect("it is open");
    conn.close();
    conn.send("2[\"late\"]").expect_err("it is closing");
    socket.expect(r#"42["last"]"#).await;
    socket.expect_close(None).await;
    eventually("the end", || conn.ready_state() == ReadyState::Closed).await;
    assert_eq!(conn.send("2[\"late\"]"), Err(SendError::Closed));
}

#[tokio::test]
async fn a_connection_can_be_closed_at_once() {
    let (sender, mut conns) = unbounded_channel();
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let journal = Journal::new();
    let notes = journal.clone();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| notes.write(reason));
    io.engine().on_connection(move |conn| {
        sender.send(conn).ok();
    });
    let addr = serve(layer).await;
    let (mut client, _) = join_polling(addr).await;
    let conn = conns.recv().await.expect("a connection");
    conn.send("2[\"dropped\"]").expect("it is open");
    conn.discard();
    assert_eq!(conn.ready_state(), ReadyState::Closed);
    journal.expect(["forced close"]).await;
    let response = client.get().await;
    response.assert(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    // A late listener hears nothing, and is no trouble.
    conn.on_close(move |_| unreachable!("it is closed"));
    client = join_polling(addr).await.0;
    assert_polling_alive(&mut client).await;
}

#[tokio::test]
async fn a_listener_that_panics_harms_nobody() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let journal = Journal::new();
    let notes = journal.clone();
    io.engine()
        .on_connection(|_| panic!("as the test wants it"))
        .on_connection(move |conn| {
            let notes = notes.clone();
            conn.on_packet(|_| panic!("as the test wants it"))
                .on_packet(move |packet| notes.write(packet.encode_base64()))
                .on_packet_create(|_| panic!("as the test wants it"));
        });
    io.of("/");
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    assert_alive(&mut client).await;
    journal.expect(["40", "40/nowhere"]).await;
}

#[tokio::test]
async fn listeners_may_send_and_close() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/");
    io.engine().on_connection(|conn| {
        let own = conn.clone();
        conn.on_packet(move |packet| {
            if *packet == Packet::Message("bye".into()) {
                own.send("2[\"good bye\"]").ok();
                own.close();
            }
        });
    });
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    client.send("4bye").await;
    client.expect(r#"42["good bye"]"#).await;
    client.expect_close(None).await;
    settle(addr).await;
}
