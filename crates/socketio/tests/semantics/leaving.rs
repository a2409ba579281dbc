//! Tests how sockets leave: disconnect handlers run in every case.

use std::net::SocketAddr;

use axum::extract::{FromRef, State};
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, join_polling};
use e2e::sync::{Gate, eventually};
use socketio::extract::{Data, SocketData};
use socketio::{DisconnectReason, Socket, SocketIo, SocketIoLayer};
use socketio_testing::Frame;

#[derive(Clone, FromRef)]
struct App {
    journal: Journal,
    gate: Gate,
}

/// A type that no socket has in its data.
#[derive(Clone)]
struct Absent;

#[tokio::test]
async fn rooms_are_available_only_while_the_socket_is_disconnecting() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(async |socket: Socket| socket.join(["a", "b"]))
        .on_disconnecting(record_disconnecting)
        .on_disconnect(record_disconnect);
    let (mut client, _) = join(addr).await;
    let (mut other, id) = join(addr).await;
    client.send("41").await;
    app.journal
        .expect([
            "disconnecting client namespace disconnect [a b] connected false",
            "disconnect client namespace disconnect [] connected false",
        ])
        .await;
    assert_eq!(io.of("/").sockets().len(), 1);

    // The handlers can emit to other sockets.
    io.of("/")
        .on_disconnecting(async |socket: Socket| socket.to("a").emit("leaving", ""))
        .on_disconnect(async |socket: Socket| socket.to("b").emit("left", ""));
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send("41").await;
    other.expect(r#"42["leaving",""]"#).await;
    other.expect(r#"42["left",""]"#).await;
    assert!(io.of("/").socket(&id).is_some());
}

#[tokio::test]
async fn a_socket_joins_no_room_once_it_has_left() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_disconnecting(async |State(app): State<App>| {
            app.journal.write("waiting");
            app.gate.pass().await;
        })
        .on_disconnecting(record_disconnecting);
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    socket.join("before");
    socket.disconnect();
    socket.join("late");
    io.to("before").sockets_join("later");
    client.expect("41").await;
    app.journal.expect(["waiting"]).await;
    socket.join("latest");
    let rooms = socket.rooms();
    assert_eq!(rooms, [socketio::Room::from(id.as_str()), "before".into()]);
    app.gate.open();
    app.journal
        .expect(["disconnecting server namespace disconnect [before] connected false"])
        .await;
}

#[tokio::test]
async fn rooms_are_available_until_the_last_disconnecting_handler_ends() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(async |socket: Socket| socket.join(["a", "b"]))
        .on_disconnecting(async |State(app): State<App>| {
            app.journal.write("waiting");
            app.gate.pass().await;
        })
        .on_disconnecting(record_disconnecting)
        .on_disconnect(record_disconnect);
    let (client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    client.reset();
    app.journal.expect(["waiting"]).await;
    assert!(!socket.connected());
    assert_eq!(socket.rooms().len(), 3);
    app.gate.open();
    app.journal
        .expect([
            "disconnecting transport close [a b] connected false",
            "disconnect transport close [] connected false",
        ])
        .await;
    eventually("no rooms", || socket.rooms().is_empty()).await;
}

/// Guards against sockets that stay because a handler failed.
#[tokio::test]
async fn disconnect_handlers_run_after_other_handlers_failed() {
    let panics = async || -> () { panic!("on purpose") };
    let panics_later = async || -> () {
        tokio::task::yield_now().await;
        panic!("on purpose")
    };
    let lacks_data = async |_: SocketData<Absent>| {};
    let (addr, io, app) = server().await;
    io.of("/")
        .on_connect(async |socket: Socket| socket.join(["a", "b"]))
        .on_connect(panics)
        .on_connect(panics_later)
        .on_connect(lacks_data)
        .on("panics", panics)
        .on("panics later", panics_later)
        .on("lacks data", lacks_data)
        .on("takes a number", async |_: Data<u8>| {})
        .on_disconnecting(panics)
        .on_disconnecting(panics_later)
        .on_disconnecting(lacks_data)
        .on_disconnecting(record_disconnecting)
        .on_disconnect(panics)
        .on_disconnect(panics_later)
        .on_disconnect(lacks_data)
        .on_disconnect(record_disconnect);

    for event in ["panics", "panics later", "lacks data", "takes a number"] {
        let (mut client, _) = join(addr).await;
        client.send(&format!(r#"42["{event}"]"#)).await;
        client.send("41").await;
        app.journal
            .expect([
                "disconnecting client namespace disconnect [a b] connected false",
                "disconnect client namespace disconnect [] connected false",
            ])
            .await;
        assert_alive(&mut client).await;
        eventually("an empty namespace", || io.of("/").sockets().is_empty()).await;
    }
    let (polling, _) = join_polling(addr).await;
    polling.close().await;
    app.journal
        .expect([
            "disconnecting transport close [a b] connected false",
            "disconnect transport close [] connected false",
        ])
        .await;
    eventually("no client", || io.clients_count() == 0).await;
}

#[tokio::test]
async fn disconnect_handlers_run_once_after_repeated_disconnects() {
    let (addr, io, app) = server().await;
    io.of("/").on_disconnect(record_disconnect);
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    socket.disconnect();
    socket.disconnect();
    io.disconnect_clients();
    socket.client().disconnect();
    client.send("41").await;
    client.expect("41").await;
    client.send_frame(&Frame::close(None)).await;
    eventually("no client", || io.clients_count() == 0).await;
    app.journal
        .expect(["disconnect server namespace disconnect [] connected false"])
        .await;
    assert!(app.journal.take().await.is_empty());
}

/// Several tasks disconnect a socket concurrently.
#[tokio::test(flavor = "multi_thread")]
async fn disconnect_handlers_run_once_after_concurrent_disconnects() {
    let (addr, io, app) = server().await;
    io.of("/").on_disconnect(record_disconnect);
    for _ in 0..50 {
        let (mut client, id) = join(addr).await;
        let socket = io.of("/").socket(&id).expect("the socket");
        let mut disconnecting = tokio::task::JoinSet::new();
        for close in [false, true] {
            let socket = socket.clone();
            disconnecting.spawn(async move {
                if close {
                    socket.client().disconnect();
                } else {
                    socket.disconnect();
                }
            });
        }
        let all = io.of("/");
        disconnecting.spawn(async move { all.disconnect_sockets() });
        client.send("41").await;
        while let Some(done) = disconnecting.join_next().await {
            done.expect("no panic");
        }
        client.reset();
        let entry = app.journal.next().await;
        assert!(entry.starts_with("disconnect "), "{entry}");
    }
    eventually("no client", || io.clients_count() == 0).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn sockets_of_all_namespaces_leave_with_their_connection() {
    let (addr, io, app) = server().await;
    for name in ["/", "/a", "/b"] {
        let record = async |socket: Socket, State(journal): State<Journal>| {
            journal.write(socket.namespace().name());
        };
        io.of(name).on_disconnect(record);
    }
    for disconnect in [true, false] {
        let (mut client, id) = join(addr).await;
        for name in ["/a", "/b"] {
            client.send(&format!("40{name},")).await;
            client.expect(&format!(r#"40{name},{{"sid":"…"}}"#)).await;
        }
        if disconnect {
            let socket = io.of("/").socket(&id).expect("the socket");
            socket.client().disconnect();
            for packet in ["41", "41/a,", "41/b,"] {
                client.expect(packet).await;
            }
            client.expect_close(None).await;
        } else {
            client.reset();
        }
        let mut left = [
            app.journal.next().await,
            app.journal.next().await,
            app.journal.next().await,
        ];
        left.sort();
        assert_eq!(left, ["/", "/a", "/b"]);
    }
}

#[tokio::test]
async fn a_disconnected_socket_receives_no_packets() {
    let (addr, io, _) = server().await;
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    client.send("41").await;
    assert_alive(&mut client).await;
    socket.emit("event", "");
    socket.volatile().emit("event", "");
    io.emit("event", "");
    io.to(&id).emit("event", "");
    assert!(socket.try_emit("event", "").is_err());
    assert_alive(&mut client).await;
}

/// As in Node, packets that the client sends after it was disconnected are ignored.
#[tokio::test]
async fn events_of_a_disconnected_socket_are_not_handled() {
    let (addr, io, app) = server().await;
    io.of("/")
        .on("leave", async |socket: Socket| socket.disconnect())
        .on("event", async |State(journal): State<Journal>| {
            journal.write("event");
        });
    let (mut client, _) = join(addr).await;
    client.send(r#"42["leave"]"#).await;
    client.send(r#"42["event"]"#).await;
    client.send(r#"43["an answer"]"#).await;
    client.expect("41").await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn disconnect_handlers_receive_the_reason() {
    let (addr, io, app) = server().await;
    let record = async |reason: DisconnectReason, State(journal): State<Journal>| {
        journal.write(reason);
    };
    io.of("/").on_disconnect(record);
    for (frame, reason) in [
        (Frame::text("41"), "client namespace disconnect"),
        (Frame::close(1000), "transport close"),
        (Frame::text("4x"), "forced close"),
        (Frame::text("x"), "parse error"),
        (Frame::text("40"), "forced server close"),
        (Frame::text("2"), "transport error"),
        (Frame::text("4").rsv(1), "transport error"),
    ] {
        let (mut client, _) = join(addr).await;
        client.send_frame(&frame).await;
        app.journal.expect([reason]).await;
    }
    let (client, _) = join(addr).await;
    client.reset();
    app.journal.expect(["transport close"]).await;
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    socket.conn().close();
    app.journal.expect(["forced close"]).await;
    client.expect_close(None).await;
    assert!(app.journal.take().await.is_empty());
}

async fn server() -> (SocketAddr, SocketIo<App>, App) {
    let app = App {
        journal: Journal::new(),
        gate: Gate::closed(),
    };
    let layer = SocketIoLayer::with_state(app.clone());
    let io = layer.io();
    (serve(layer).await, io, app)
}

async fn record_disconnecting(
    socket: Socket,
    reason: DisconnectReason,
    State(journal): State<Journal>,
) {
    journal.write(format_args!("disconnecting {}", describe(&socket, reason)));
}

async fn record_disconnect(
    socket: Socket,
    reason: DisconnectReason,
    State(journal): State<Journal>,
) {
    journal.write(format_args!("disconnect {}", describe(&socket, reason)));
}

fn describe(socket: &Socket, reason: DisconnectReason) -> String {
    let mut rooms: Vec<_> = socket
        .rooms()
        .iter()
        .map(|room| room.as_str().to_owned())
        .filter(|room| room != socket.id().as_str())
        .collect();
    rooms.sort();
    let rooms = rooms.join(" ");
    format!("{reason} [{rooms}] connected {}", socket.connected())
}
