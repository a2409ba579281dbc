//! Tests rejected events: the server answers or logs every event that no handler handles.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::extract::{Query, State};
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, assert_polling_alive, join, join_polling};
use serde::Deserialize;
use socketio::extract::{Ack, Data, EventName, SocketData};
use socketio::{Rejection, Reply, SocketIo, SocketIoLayer};

const SERVER_FAULT: &str = r#"{"status":"Internal Server Error","error":"the server failed to handle this; its log has the reason"}"#;

#[derive(Clone, Deserialize)]
struct Absent {
    #[expect(dead_code, reason = "no query contains it")]
    absent: u8,
}

/// Guards against handlers that are silently skipped.
#[tokio::test]
async fn data_of_another_type_is_answered_with_a_rejection() {
    let (addr, _) = server().await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    for arguments in [r#","text""#, ",-1", ",256", ",[1]", ",{}", ",null", ""] {
        let event = format!(r#"420["takes a number"{arguments}]"#);
        let answer = r#"430[{"status":"Bad Request","error":"…"}]"#;
        client.send(&event).await;
        let response = client.expect(answer).await;
        assert!(response.contains("takes a number"), "{response}");
        polling.send(&event).await;
        polling.expect(answer).await;
    }
    client.send(r#"421["takes a number",7]"#).await;
    client.expect("431[7]").await;
}

#[tokio::test]
async fn a_rejected_event_without_acknowledgement_keeps_the_connection() {
    let (addr, _) = server().await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    for event in [
        r#"42["takes a number","text"]"#,
        r#"42["panics"]"#,
        r#"42["panics later"]"#,
        r#"42["takes an ack"]"#,
        r#"42["takes data"]"#,
        r#"42["takes a query"]"#,
        r#"42["fails to serialize"]"#,
        r#"42["rejects"]"#,
    ] {
        client.send(event).await;
        assert_alive(&mut client).await;
        polling.send(event).await;
        assert_polling_alive(&mut polling).await;
    }
}

/// Guards against clients that wait forever for a failed handler.
#[tokio::test]
async fn a_panic_is_answered_with_a_rejection() {
    let (addr, _) = server().await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    for event in ["panics", "panics later"] {
        for _ in 0..3 {
            client.send(&format!(r#"427["{event}"]"#)).await;
            client.expect(&format!("437[{SERVER_FAULT}]")).await;
            polling.send(&format!(r#"427["{event}"]"#)).await;
            polling.expect(&format!("437[{SERVER_FAULT}]")).await;
        }
    }
}

#[tokio::test]
async fn only_client_errors_are_described_to_the_client() {
    let (addr, _) = server().await;
    let (mut client, _) = join(addr).await;
    for (event, answer) in [
        ("takes data", SERVER_FAULT),
        ("fails to serialize", SERVER_FAULT),
        (
            "takes a query",
            r#"{"status":"Bad Request","error":"…absent…"}"#,
        ),
        ("rejects", r#"{"status":"Bad Request","error":"not today"}"#),
    ] {
        client.send(&format!(r#"420["{event}"]"#)).await;
        client.expect(&format!("430[{answer}]")).await;
    }
}

#[tokio::test]
async fn a_rejection_handler_can_answer() {
    let (addr, io) = server().await;
    let on_rejection = async |rejection: Rejection, event: EventName| {
        Reply((event.as_str().to_owned(), rejection.is_panic()))
    };
    io.of("/").on_rejection(on_rejection);
    let (mut client, _) = join(addr).await;
    client.send(r#"420["takes a number"]"#).await;
    client.expect(r#"430["takes a number",false]"#).await;
    client.send(r#"421["panics"]"#).await;
    client.expect(r#"431["panics",true]"#).await;
    client.send(r#"422["panics later"]"#).await;
    client.expect(r#"432["panics later",true]"#).await;
    // Handled events are not affected.
    client.send(r#"423["takes a number",1]"#).await;
    client.expect("433[1]").await;
}

#[tokio::test]
async fn a_failing_rejection_handler_has_no_effect() {
    let (addr, io) = server().await;
    let on_rejection = async |rejection: Rejection| -> Reply<()> { panic!("{rejection}") };
    io.of("/").on_rejection(on_rejection);
    let (mut client, _) = join(addr).await;
    client.send(r#"420["takes a number"]"#).await;
    // The answer contains the first of the two rejections because the client caused it.
    client
        .expect(r#"430[{"status":"Bad Request","error":"…takes a number…"}]"#)
        .await;
}

#[tokio::test]
async fn a_rejection_handler_receives_rejections_without_acknowledgement() {
    let (addr, io) = server().await;
    let journal = io.state().clone();
    io.of("/").on_rejection(
        async |rejection: Rejection, event: EventName, State(journal): State<Journal>| {
            journal.write(format_args!("{event}: {}", rejection.status()));
        },
    );
    let (mut client, _) = join(addr).await;
    client.send(r#"42["takes a number"]"#).await;
    client.send(r#"42["panics"]"#).await;
    journal
        .expect([
            "takes a number: Bad Request",
            "panics: Internal Server Error",
        ])
        .await;
}

async fn server() -> (SocketAddr, SocketIo<Journal>) {
    let layer = SocketIoLayer::with_state(Journal::new());
    let io = layer.io();
    io.of("/")
        .on("takes a number", async |Data(number): Data<u8>| {
            Reply(number)
        })
        .on("panics", panics)
        .on("panics later", async || {
            tokio::task::yield_now().await;
            panics().await;
        })
        .on("takes an ack", async |ack: Ack| ack.send(""))
        .on("takes data", async |_: SocketData<Absent>| {})
        .on("takes a query", async |_: Query<Absent>| {})
        .on("fails to serialize", async || {
            Reply(HashMap::from([(vec![1], 1)]))
        })
        .on("rejects", async || Rejection::new("not today"));
    (serve(layer).await, io)
}

async fn panics() {
    panic!("on purpose");
}
