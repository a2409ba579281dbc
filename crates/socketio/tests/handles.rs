//! Tests handles to sockets that an application uses outside of their handlers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, open};
use e2e::sync::Gate;
use serde::Deserialize;
use socketio::extract::{Auth, Data};
use socketio::{AckError, Socket, SocketIoLayer};

/// The connected users by name.
#[derive(Clone, Default)]
struct Users {
    by_name: Arc<Mutex<HashMap<String, Socket>>>,
    journal: Journal,
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

/// A second login with the same name disconnects the first socket. The connect handler holds a lock
/// that the disconnect handler of the first socket needs.
#[tokio::test]
async fn a_handler_can_disconnect_a_socket_while_holding_a_lock_its_handlers_need() {
    let users = Users::default();
    let layer = SocketIoLayer::with_state(users.clone());
    layer
        .io()
        .of("/")
        .on_connect(
            async |socket: Socket, State(users): State<Users>, Auth(login): Auth<Login>| {
                let mut by_name = users.by_name.lock().unwrap();
                if let Some(first) = by_name.insert(login.name, socket) {
                    first.client().disconnect();
                }
            },
        )
        .on_disconnect(async |State(users): State<Users>| {
            let known = users.by_name.lock().unwrap().len();
            users.journal.write(format!("disconnected, {known} known"));
        });
    let addr = serve(layer).await;
    let mut first = open(addr).await;
    first.send(r#"40{"name":"ada"}"#).await;
    first.expect(r#"40{"sid":"…"}"#).await;
    let mut second = open(addr).await;
    second.send(r#"40{"name":"ada"}"#).await;
    second.expect(r#"40{"sid":"…"}"#).await;
    first.expect("41").await;
    first.expect_close(None).await;
    users.journal.expect(["disconnected, 1 known"]).await;
    assert_alive(&mut second).await;
}

#[tokio::test]
async fn a_stale_handle_does_not_affect_the_next_socket_of_the_client() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let addr = serve(layer).await;
    let (mut client, id) = join(addr).await;
    let first = io.of("/").socket(&id).expect("the socket is connected");
    client.send("41").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    assert!(!first.connected());
    first.disconnect();
    assert_alive(&mut client).await;
    assert_eq!(io.of("/").sockets().len(), 1);
    // The stale handle leads to the connection, which both sockets share.
    first.client().disconnect();
    client.expect("41").await;
    client.expect_close(None).await;
}

#[tokio::test]
async fn connect_handlers_start_before_disconnect_handlers() {
    let journal = Journal::new();
    let layer = SocketIoLayer::with_state(journal.clone());
    layer
        .io()
        .of("/")
        .on_connect(async |socket: Socket, State(journal): State<Journal>| {
            socket.disconnect();
            journal.write("connect 1");
        })
        .on_connect(async |State(journal): State<Journal>| journal.write("connect 2"))
        .on_disconnect(async |State(journal): State<Journal>| journal.write("disconnect"));
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.expect("41").await;
    journal
        .expect(["connect 1", "connect 2", "disconnect"])
        .await;
    // The client can reconnect immediately.
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.expect("41").await;
}

#[tokio::test]
async fn queued_ordered_events_are_dropped_with_their_socket() {
    let (journal, gate) = (Journal::new(), Gate::closed());
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let (writes, waits) = (journal.clone(), gate.clone());
    io.of("/")
        .ordered()
        .on("number", move |Data(n): Data<u32>| {
            let (journal, gate) = (writes.clone(), waits.clone());
            async move {
                journal.write(format!("begins {n}"));
                gate.pass().await;
                journal.write(format!("ends {n}"));
            }
        });
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["number",1]"#).await;
    client.send(r#"42["number",2]"#).await;
    assert_alive(&mut client).await;
    client.send("41").await;
    assert_alive(&mut client).await;
    gate.open();
    journal.expect(["begins 1", "ends 1"]).await;
    let (mut other, _) = join(addr).await;
    other.send(r#"42["number",3]"#).await;
    journal.expect(["begins 3", "ends 3"]).await;
}

#[tokio::test]
async fn emit_with_ack_can_be_called_outside_the_runtime() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let addr = serve(layer).await;
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket is connected");
    let all_sockets = io.of("/").timeout(Duration::from_secs(60));
    let limit = Duration::from_secs(60);
    let ask = move || {
        let one = socket
            .timeout(limit)
            .emit_with_ack::<u32>("question", "of one");
        let all = all_sockets.emit_with_ack::<u32>("question", "of all");
        (one, all)
    };
    let (one, all) = std::thread::spawn(ask).join().expect("no panic");
    for number in 0..2 {
        client.expect(r#"42…["question","of …"]"#).await;
        client.send(&format!("43{number}[{number}]")).await;
    }
    assert_eq!(one.await.unwrap(), 0);
    assert_eq!(all.all().await.unwrap(), [1]);
}

#[tokio::test]
async fn emit_with_ack_fails_when_a_volatile_packet_is_dropped() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let addr = serve(layer).await;
    let (client, id) = e2e::session::join_polling(addr).await;
    // No poll is pending, so the packet cannot be sent immediately.
    let socket = io.of("/").socket(&id).expect("the socket is connected");
    let answer = socket.volatile().emit_with_ack::<u32>("question", "").await;
    assert!(matches!(answer, Err(AckError::Emit(_))), "{answer:?}");
    drop(client);
}
