//! Tests the connection of a socket (`socket.conn` in Node). The events and their order are those
//! of Node's server.

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

/// Records all events of a connection.
fn record_events(conn: &Conn, journal: &Journal) {
    let write = |what: &'static str| {
        let journal = journal.clone();
        move |packet: &Packet| journal.write(format!("{what} {}", packet.encode_base64()))
    };
    let record = |what: &'static str| {
        let journal = journal.clone();
        move || journal.write(what)
    };
    let record_upgrade = |what: &'static str| {
        let (journal, conn) = (journal.clone(), conn.clone());
        move |to: Transport| journal.write(format!("{what} {to} {}", conn.is_upgraded()))
    };
    conn.on_packet(write("packet"))
        .on_packet_create(write("packetCreate"))
        .on_heartbeat(record("heartbeat"))
        .on_drain(record("drain"))
        .on_upgrading(record_upgrade("upgrading"))
        .on_upgrade(record_upgrade("upgrade"));
    // The listener and the connection refer to each other until the connection is closed.
    let (journal, held) = (journal.clone(), conn.clone());
    conn.on_close(move |reason| journal.write(format!("close {reason} {}", held.ready_state())));
}

/// Starts a server that echoes events and records the events of its connections.
async fn start() -> (std::net::SocketAddr, SocketIo, Journal) {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let journal = Journal::new();
    let events = journal.clone();
    io.engine().on_connection(move |conn| {
        events.write(format!(
            "connection {} {} upgraded {} {}",
            conn.transport(),
            conn.ready_state(),
            conn.is_upgraded(),
            conn.protocol(),
        ));
        record_events(&conn, &events);
    });
    let events = journal.clone();
    io.of("/")
        .on("echo", async |socket: Socket, Data(text): Data<String>| {
            socket.emit("echo", &text);
        })
        .on_disconnect(async move |reason: DisconnectReason| {
            events.write(format!("disconnect {reason}"));
        });
    (serve(layer).await, io, journal)
}

#[tokio::test]
async fn a_connection_emits_its_events_across_an_upgrade() {
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
async fn listeners_are_dropped_with_the_connection() {
    /// Counted while it is not dropped.
    struct Held(tokio::sync::mpsc::UnboundedSender<()>);

    let (sender, mut dropped) = unbounded_channel();
    let layer = SocketIoLayer::new();
    layer.io().of("/").on_connect(async move |socket: Socket| {
        let held = Held(sender.clone());
        let (conn, owned) = (socket.conn(), socket.conn());
        conn.on_packet(move |_| {
            // A reference cycle until the connection is closed.
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
        eventually("the listener to be dropped", || {
            // The sender of the handler remains. The sender of the listener is dropped.
            dropped.try_recv().is_err() && dropped.sender_strong_count() == 1
        })
        .await;
    }
}

#[tokio::test]
async fn a_connection_reports_its_state() {
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
    assert_eq!(
        conn.remote_address(),
        None,
        "the address is unknown without `ConnectInfo`"
    );
    assert!(
        !format!("{conn:?}").contains(client.sid()),
        "the session id is secret"
    );

    // Sends raw Engine.IO messages, even for a namespace that the client has not joined.
    conn.send(Text::new(r#"2/raw,["event"]"#))
        .expect("the connection is open");
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

    // Queued messages are sent before the connection is closed.
    conn.send("2[\"last\"]").expect("the connection is open");
    conn.close();
    conn.send("2[\"late\"]")
        .expect_err("the connection is closing");
    socket.expect(r#"42["last"]"#).await;
    socket.expect_close(None).await;
    eventually("the connection to close", || {
        conn.ready_state() == ReadyState::Closed
    })
    .await;
    assert_eq!(conn.send("2[\"late\"]"), Err(SendError::Closed));
}

#[tokio::test]
async fn a_connection_can_be_discarded() {
    let (sender, mut conns) = unbounded_channel();
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let journal = Journal::new();
    let events = journal.clone();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| events.write(reason));
    io.engine().on_connection(move |conn| {
        sender.send(conn).ok();
    });
    let addr = serve(layer).await;
    let (mut client, _) = join_polling(addr).await;
    let conn = conns.recv().await.expect("a connection");
    conn.send("2[\"dropped\"]").expect("the connection is open");
    conn.discard();
    assert_eq!(conn.ready_state(), ReadyState::Closed);
    journal.expect(["forced close"]).await;
    let response = client.get().await;
    response.assert(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    // A listener added after the close is never called.
    conn.on_close(move |_| unreachable!("the connection is closed"));
    client = join_polling(addr).await.0;
    assert_polling_alive(&mut client).await;
}

#[tokio::test]
async fn a_listener_panic_does_not_affect_other_listeners() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let journal = Journal::new();
    let events = journal.clone();
    io.engine()
        .on_connection(|_| panic!("on purpose"))
        .on_connection(move |conn| {
            let events = events.clone();
            conn.on_packet(|_| panic!("on purpose"))
                .on_packet(move |packet| events.write(packet.encode_base64()))
                .on_packet_create(|_| panic!("on purpose"));
        });
    io.of("/");
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    assert_alive(&mut client).await;
    journal.expect(["40", "40/nowhere"]).await;
}

#[tokio::test]
async fn listeners_can_send_and_close() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/");
    io.engine().on_connection(|conn| {
        let connection = conn.clone();
        conn.on_packet(move |packet| {
            if *packet == Packet::Message("bye".into()) {
                connection.send("2[\"good bye\"]").ok();
                connection.close();
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
