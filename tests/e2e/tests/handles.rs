//! Handles to sockets, used from wherever an application happens to be.

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

/// Who is here, by name.
#[derive(Clone, Default)]
struct Users {
    by_name: Arc<Mutex<HashMap<String, Socket>>>,
    journal: Journal,
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

/// Whoever comes again under a name throws the first one out, with the table locked that the
/// disconnect handler of the first wants.
#[tokio::test]
async fn a_socket_may_be_disconnected_under_a_lock_that_its_handlers_want() {
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
            users.journal.write(format!("one has left, {known} known"));
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
    users.journal.expect(["one has left, 1 known"]).await;
    assert_alive(&mut second).await;
}

#[tokio::test]
async fn a_handle_to_a_socket_that_has_left_does_nothing_to_the_next_one_of_its_client() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let addr = serve(layer).await;
    let (mut client, id) = join(addr).await;
    let first = io.of("/").socket(&id).expect("it is connected");
    client.send("41").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    assert!(!first.connected());
    first.disconnect();
    first.client().disconnect();
    assert_alive(&mut client).await;
    assert_eq!(io.of("/").sockets().len(), 1);
}

#[tokio::test]
async fn connect_handlers_are_started_before_disconnect_handlers() {
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
    // The client may come back at once.
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.expect("41").await;
}

#[tokio::test]
async fn events_that_wait_for_their_turn_are_dropped_with_their_socket() {
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
async fn an_acknowledgement_can_be_asked_for_outside_the_runtime() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let addr = serve(layer).await;
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("it is connected");
    let everybody = io.of("/").timeout(Duration::from_secs(60));
    let limit = Duration::from_secs(60);
    let ask = move || {
        let one = socket
            .timeout(limit)
            .emit_with_ack::<u32>("question", "of one");
        let all = everybody.emit_with_ack::<u32>("question", "of all");
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
async fn nobody_waits_for_the_answer_to_what_was_dropped() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let addr = serve(layer).await;
    let (client, id) = e2e::session::join_polling(addr).await;
    // No poll is pending, so nothing can be sent at once.
    let socket = io.of("/").socket(&id).expect("it is connected");
    let answer = socket.volatile().emit_with_ack::<u32>("question", "").await;
    assert!(matches!(answer, Err(AckError::Emit(_))), "{answer:?}");
    drop(client);
}
