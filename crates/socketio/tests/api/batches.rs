//! Tests packets in one payload where one packet changes the handling of the following ones.

use std::sync::Arc;

use axum::extract::State;
use e2e::probes::{Journal, LiveCounter};
use e2e::session::{assert_polling_alive, join_polling};
use e2e::sync::eventually;
use socketio::extract::Data;
use socketio::{Namespace, Socket};
use socketio_testing::PollingClient;

use crate::journaled::{App, server, write_to};

/// Sends packets in one POST.
async fn send(client: &PollingClient, packets: &[&str]) {
    client.send(&packets.join("\x1e")).await;
}

async fn note(State(app): State<App>, socket: Socket, Data(number): Data<u32>) {
    let namespace = socket.namespace();
    app.journal.write(format!("{} {number}", namespace.name()));
}

fn with_note_handler(namespace: Namespace<App>) -> Namespace<App> {
    namespace.on("note", note)
}

#[tokio::test]
async fn handlers_added_and_removed_by_a_packet_apply_to_the_next() {
    let (addr, app) = server(|namespace| {
        with_note_handler(namespace)
            .on(
                "add",
                async |socket: Socket, State(journal): State<Journal>| {
                    let added = write_to(&journal, "added");
                    socket.namespace().on("note", added);
                },
            )
            .on("remove", async |socket: Socket| {
                socket.namespace().remove_listeners("note");
            })
    })
    .await;
    let (client, _) = join_polling(addr).await;
    let packets = [
        r#"42["note",1]"#,
        r#"42["note",2]"#,
        r#"42["note",3]"#,
        r#"42["add"]"#,
        r#"42["note",4]"#,
        r#"42["note",5]"#,
        r#"42["remove"]"#,
        r#"42["note",6]"#,
    ];
    send(&client, &packets).await;
    let expected = ["/ 1", "/ 2", "/ 3", "/ 4", "added", "/ 5", "added"];
    app.journal.expect(expected).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn packets_after_a_disconnect_are_ignored() {
    let (addr, app) = server(|namespace| {
        with_note_handler(namespace).on("leave", async |socket: Socket| socket.disconnect())
    })
    .await;
    let (mut client, _) = join_polling(addr).await;
    let packets = [
        r#"42["note",1]"#,
        r#"42["note",2]"#,
        r#"42["note",3]"#,
        r#"42["leave"]"#,
        r#"42["note",4]"#,
    ];
    send(&client, &packets).await;
    client.expect("41").await;
    app.journal.expect(["/ 1", "/ 2", "/ 3"]).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn a_client_can_leave_and_rejoin_between_packets() {
    let (addr, app) = server(with_note_handler).await;
    let (mut client, _) = join_polling(addr).await;
    let packets = [
        r#"42["note",1]"#,
        r#"42["note",2]"#,
        r#"42["note",3]"#,
        "41",
        r#"42["note",4]"#,
        "40",
        r#"42["note",5]"#,
    ];
    send(&client, &packets).await;
    client.expect(r#"40{"sid":"…"}"#).await;
    app.journal.expect(["/ 1", "/ 2", "/ 3", "/ 5"]).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn packets_of_alternating_namespaces_reach_their_sockets() {
    let (addr, app) = server(with_note_handler).await;
    let io = app.io.clone().expect("the server");
    with_note_handler(io.with_state(app.clone()).of("/b"));
    let (mut client, _) = join_polling(addr).await;
    client.send("40/b,").await;
    client.expect(r#"40/b,{"sid":"…"}"#).await;
    let packets = [
        r#"42["note",1]"#,
        r#"42["note",2]"#,
        r#"42["note",3]"#,
        r#"42/b,["note",4]"#,
        r#"42/b,["note",5]"#,
        r#"42["note",6]"#,
    ];
    send(&client, &packets).await;
    app.journal
        .expect(["/ 1", "/ 2", "/ 3", "/b 4", "/b 5", "/ 6"])
        .await;
}

/// An idle connection does not keep the handlers of its last packets.
#[tokio::test]
async fn an_idle_connection_does_not_keep_removed_handlers() {
    let (addr, app) = server(with_note_handler).await;
    let counter = LiveCounter::default();
    let counted = Arc::new(counter.guard());
    let io = app.io.expect("the server");
    let namespace = io.of("/").on("counted", async move || {
        let _ = &counted;
    });
    let (mut client, _) = join_polling(addr).await;
    send(&client, &[r#"42["counted"]"#; 5]).await;
    assert_polling_alive(&mut client).await;
    assert_eq!(counter.live(), 1);
    namespace.remove_listeners("counted");
    eventually("the handler to be dropped", || counter.live() == 0).await;
}
