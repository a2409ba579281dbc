//! Tests listeners for outgoing packets.

use axum::extract::State;
use bytes::Bytes;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, settle};
use socketio::{Args, Reply, Socket, SocketIo};

use crate::journaled::{App, server};

/// Listeners receive the same packets as in Node.
#[tokio::test]
async fn outgoing_listeners_receive_events_but_no_acknowledgements() {
    let (addr, app) = server(|namespace| {
        namespace
            .on("ask", async || Reply("an answer"))
            .on_connect(add_listener)
    })
    .await;
    let (mut client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    let io = io_of(&app);
    socket.join("room");
    socket.emit("emit", &(1, "two"));
    socket.send("text");
    drop(socket.emit_with_ack::<()>("asked", &true));
    io.emit("to all", &());
    io.to("room").emit("to a room", &1);
    io.to("room").to(id.as_str()).emit("once", &());
    io.of("/").send(&1);
    drop(io.to("room").emit_with_ack::<()>("all asked", &()));
    app.journal
        .expect([
            r#"emit ["emit",1,"two"]"#,
            r#"message ["message","text"]"#,
            r#"asked ["asked",true]"#,
            r#"to all ["to all"]"#,
            r#"to a room ["to a room",1]"#,
            r#"once ["once"]"#,
            r#"message ["message",1]"#,
            r#"all asked ["all asked"]"#,
        ])
        .await;
    io.to("another room").emit("event", &());
    io.except("room").emit("event", &());
    socket.broadcast().emit("event", &());
    socket.to("room").emit("event", &());
    for _ in 0..8 {
        client.recv().await;
    }
    client.send(r#"420["ask"]"#).await;
    client.expect(r#"430["an answer"]"#).await;
    assert!(app.journal.take().await.is_empty());
}

/// Guards against listeners that change the encoding.
#[tokio::test]
async fn outgoing_listeners_do_not_change_the_packets() {
    let (addr, app) = server(|namespace| namespace).await;
    let (mut client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    let mut texts = [Vec::new(), Vec::new()];
    for texts in &mut texts {
        socket.emit("event", &(1, "quote\"", serde_json::json!({ "a": [null] })));
        socket.emit("event", &());
        socket.emit(
            "bytes",
            &(Bytes::from_static(b"one"), [Bytes::from_static(b"two")]),
        );
        for _ in 0..3 {
            let received = client.expect("4…").await;
            texts.push(received);
        }
        client.expect_binary(b"one").await;
        client.expect_binary(b"two").await;
        socket.on_any_outgoing(|_, _| ());
    }
    let [before, after] = texts;
    assert_eq!(before, after);
    drop(socket.emit_with_ack::<()>("asked", &()));
    client.expect(r#"420["asked"]"#).await;
}

#[tokio::test]
async fn outgoing_listeners_receive_attachments() {
    let (addr, app) = server(|namespace| namespace).await;
    let (_client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    let journal = app.journal.clone();
    socket.on_any_outgoing(move |event, args| {
        let (number, bytes): (u8, Bytes) = args.deserialize().expect("the arguments");
        journal.write(format_args!("{event} {number} {bytes:?} {}", args.len()));
    });
    socket.emit("event", &(1, Bytes::from_static(b"x")));
    io_of(&app).emit("all", &(2, Bytes::from_static(b"y")));
    let received = [r#"event 1 b"x" 2"#, r#"all 2 b"y" 2"#];
    app.journal.expect(received).await;
}

#[tokio::test]
async fn outgoing_listeners_run_in_order() {
    let (addr, app) = server(|namespace| namespace).await;
    let (mut client, id) = join(addr).await;
    let (mut other, other_id) = join(addr).await;
    let socket = socket_of(&app, &id);
    let write = |word: &'static str| {
        let journal = app.journal.clone();
        move |event: &str, _: &Args| journal.write(format_args!("{event}: {word}"))
    };
    let write_with = |word: &'static str| {
        let write = write(word);
        let id = id.clone();
        move |socket: &Socket, event: &str, args: &Args| {
            if socket.id().as_str() == id {
                write(event, args);
            } else {
                write("other's", args);
            }
        }
    };
    socket.on_any_outgoing(write("own"));
    socket.prepend_any_outgoing(write("own, prepended"));
    let namespace = io_of(&app).of("/");
    let namespace = namespace
        .on_any_outgoing(write_with("of all"))
        .prepend_any_outgoing(write_with("of all, prepended"));
    socket.emit("a", &());
    let received = [
        "a: of all, prepended",
        "a: of all",
        "a: own, prepended",
        "a: own",
    ];
    app.journal.expect(received).await;
    socket_of(&app, &other_id).emit("b", &());
    app.journal
        .expect(["other's: of all, prepended", "other's: of all"])
        .await;
    let first = *namespace
        .listeners_any_outgoing()
        .first()
        .expect("a listener");
    assert!(namespace.off_any_outgoing(first));
    assert!(!namespace.off_any_outgoing(first));
    socket.emit("c", &());
    let received = ["c: of all", "c: own, prepended", "c: own"];
    app.journal.expect(received).await;
    namespace.off_all_any_outgoing();
    socket.off_all_any_outgoing();
    namespace.emit("d", &());
    for event in ["a", "c", "d"] {
        client.expect(&format!(r#"42["{event}"]"#)).await;
    }
    other.expect(r#"42["b"]"#).await;
    other.expect(r#"42["d"]"#).await;
    assert!(app.journal.take().await.is_empty());
}

/// As in Node, which checks the transport only after the listeners.
#[tokio::test]
async fn outgoing_listeners_receive_dropped_volatile_events() {
    let (addr, app) = server(|namespace| namespace.on_connect(add_listener)).await;
    let (polling, id) = e2e::session::join_polling(addr).await;
    // No poll is pending.
    socket_of(&app, &id).volatile().emit("dropped", &());
    io_of(&app).volatile().emit("all dropped", &());
    let received = [r#"dropped ["dropped"]"#, r#"all dropped ["all dropped"]"#];
    app.journal.expect(received).await;
    socket_of(&app, &id).emit("queued", &());
    let mut polling = polling;
    polling.expect(r#"42["queued"]"#).await;
}

/// Guards against calling listeners under a lock.
#[tokio::test]
async fn an_outgoing_listener_can_use_the_socket_and_the_server() {
    let (addr, app) = server(|namespace| namespace).await;
    let (mut client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    socket.join("room");
    let (own, io) = (socket.clone(), io_of(&app));
    socket.on_any_outgoing(move |event, _| {
        if event == "first" {
            own.leave("room");
            own.join(["room", "another"]);
            own.emit("second", &());
            own.on_any_outgoing(|_, _| ());
            io.to("another").emit("third", &());
            let namespace = io.of("/").on_any_outgoing(|_, _, _| ());
            namespace.off_all_any_outgoing();
            own.off_all_any_outgoing();
        }
    });
    io_of(&app).to("room").emit("first", &());
    for event in ["second", "third", "first"] {
        client.expect(&format!(r#"42["{event}"]"#)).await;
    }
    assert!(socket.listeners_any_outgoing().is_empty());
}

#[tokio::test]
async fn a_panicking_outgoing_listener_does_not_prevent_sending() {
    let (addr, app) = server(|namespace| {
        namespace
            .on_any_outgoing(|_, _, _| panic!("on purpose"))
            .on_any_outgoing(|_, _, _| ())
            .on_connect(async |socket: Socket| {
                socket.on_any_outgoing(|_, _| panic!("on purpose"));
            })
            .on_connect(add_listener)
    })
    .await;
    let (mut client, id) = join(addr).await;
    let (mut other, _) = join(addr).await;
    socket_of(&app, &id).emit("a", &());
    io_of(&app).emit("b", &());
    client.expect(r#"42["a"]"#).await;
    client.expect(r#"42["b"]"#).await;
    other.expect(r#"42["b"]"#).await;
    let received = [r#"a ["a"]"#, r#"b ["b"]"#, r#"b ["b"]"#];
    app.journal.expect(received).await;
}

#[tokio::test]
async fn outgoing_listeners_of_a_disconnected_socket_are_not_called() {
    let (addr, app) = server(|namespace| namespace.on_connect(add_listener)).await;
    let (mut client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    client.send("41").await;
    assert_alive(&mut client).await;
    socket.emit("event", &());
    io_of(&app).emit("event", &());
    settle(addr).await;
    assert!(app.journal.take().await.is_empty());
}

async fn add_listener(socket: Socket, State(journal): State<Journal>) {
    socket.on_any_outgoing(move |event, args| {
        journal.write(format_args!("{event} {}", args.as_json()));
    });
}

fn io_of(app: &App) -> SocketIo {
    app.io.clone().expect("the server")
}

fn socket_of(app: &App, id: &str) -> Socket {
    io_of(app).of("/").socket(id).expect("the socket")
}
