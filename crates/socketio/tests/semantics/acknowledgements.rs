//! Tests acknowledgements in both directions.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use e2e::app::serve;
use e2e::session::{assert_alive, join, join_polling, open, settle};
use e2e::sync::{Gate, VirtualTime};
use futures_util::StreamExt as _;
use socketio::extract::Ack;
use socketio::{
    AckError, BroadcastAckBySocket, Regex, Reply, Socket, SocketAck, SocketIo, SocketIoLayer,
};
use socketio_testing::{WsClient, within};

const LIMIT: Duration = Duration::from_secs(5);

/// Guards against callers that wait for a disconnected client.
#[tokio::test]
async fn acknowledgements_of_a_leaving_socket_fail_immediately() {
    let (addr, io, _) = server().await;
    for cause in ["41", "reset", "disconnect", "disconnect all", "40"] {
        let (mut client, socket) = connected(addr, &io).await;
        let answers = [
            socket.emit_with_ack::<()>("ask", ""),
            socket.emit_with_ack("ask", ""),
            socket.timeout(LIMIT * 100).emit_with_ack("ask", ""),
        ];
        for _ in &answers {
            client.expect(r#"42…["ask",""]"#).await;
        }
        match cause {
            "reset" => client.reset(),
            "disconnect" => socket.disconnect(),
            "disconnect all" => socket.client().disconnect(),
            packet => client.send(packet).await,
        }
        for answer in answers {
            let answer = within("a failure", answer).await;
            assert!(
                matches!(answer, Err(AckError::Disconnected)),
                "{cause}: {answer:?}"
            );
        }
        // A later request fails as well.
        let late = within("a failure", socket.emit_with_ack::<()>("ask", "")).await;
        assert!(matches!(late, Err(AckError::Disconnected)), "{late:?}");
    }
}

#[tokio::test]
async fn acknowledgements_of_a_leaving_polling_client_fail_immediately() {
    let (addr, io, _) = server().await;
    let (polling, id) = join_polling(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    let answer = socket.emit_with_ack::<()>("ask", "");
    polling.close().await;
    let answer = within("a failure", answer).await;
    assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");
}

/// Guards against broadcasts that wait for disconnected clients.
#[tokio::test]
async fn a_broadcast_does_not_wait_for_leaving_clients() {
    let (addr, io, _) = server().await;
    let (mut stays, _) = connected(addr, &io).await;
    let (mut leaves, _) = connected(addr, &io).await;
    let (mut resets, _) = connected(addr, &io).await;
    let (polling, _) = join_polling(addr).await;
    let answers = io.timeout(LIMIT * 100).emit_with_ack::<String>("ask", "");
    let id = receive_ask(&mut stays).await;
    assert_eq!(receive_ask(&mut leaves).await, id);
    assert_eq!(receive_ask(&mut resets).await, id);

    leaves.send("41").await;
    resets.reset();
    polling.close().await;
    stays.send(&format!(r#"43{id}["yes"]"#)).await;
    let answers = within("all answers", answers.all()).await;
    assert_eq!(
        answers.expect("the other clients are not expected to answer"),
        ["yes"]
    );
}

#[tokio::test]
async fn a_broadcast_does_not_wait_for_a_client_that_is_disconnected_for_slowness() {
    let layer = SocketIoLayer::builder()
        .max_outbound_bytes(200_000)
        .with_state(Gate::closed())
        .build();
    let io = layer.io();
    let addr = serve(layer).await;
    let (mut fast, _) = connected(addr, &io).await;
    let (slow, _) = join_polling(addr).await;
    let text = "x".repeat(90_000);
    // The queue of the client that does not poll holds two of these.
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(io.of("/").local().emit_with_ack::<String>("ask", &text));
        let packet = fast.expect(r#"42…["ask","…"]"#).await;
        let id = ack_id(&packet);
        fast.send(&format!(r#"43{id}["yes"]"#)).await;
    }
    let third = answers.pop().expect("three broadcasts");
    for answers in answers {
        let answers = within("all answers", answers.all()).await;
        assert_eq!(answers.expect("the other client has left"), ["yes"]);
    }
    let error = within("all answers", third.all()).await;
    let error = error.expect_err("the third event was not sent to the other client");
    assert_eq!(error.answers(), ["yes"]);
    assert!(matches!(error.reason(), AckError::NotSent), "{error:?}");
    slow.expect_gone().await;
    assert_eq!(io.of("/").sockets().len(), 1);
}

#[tokio::test]
async fn a_broadcast_without_recipients_completes_immediately() {
    let (addr, io, _) = server().await;
    let (mut client, _) = connected(addr, &io).await;
    client.send("41").await;
    assert_alive(&mut client).await;
    for operator in [io.to("empty room"), io.of("/").local(), io.timeout(LIMIT)] {
        let answers = within("no answers", operator.emit_with_ack::<()>("ask", "").all()).await;
        assert_eq!(answers.expect("no client was asked").len(), 0);
    }
}

#[tokio::test]
async fn a_broadcast_that_times_out_keeps_the_received_answers() {
    let time = VirtualTime::start();
    let (addr, io, _) = server().await;
    let (mut fast, _) = connected(addr, &io).await;
    let (mut slow, _) = connected(addr, &io).await;
    let answers = io.timeout(LIMIT).emit_with_ack::<String>("ask", "");
    let id = receive_ask(&mut fast).await;
    receive_ask(&mut slow).await;
    fast.send(&format!(r#"43{id}["fast"]"#)).await;
    assert_alive(&mut fast).await;
    time.advance(LIMIT).await;
    let error = answers.all().await.expect_err("one answer is missing");
    assert_eq!(error.answers(), ["fast"]);
    assert!(matches!(error.reason(), AckError::Timeout), "{error:?}");
    // The late answer is ignored.
    slow.send(&format!(r#"43{id}["slow"]"#)).await;
    assert_alive(&mut slow).await;
}

#[tokio::test]
async fn each_answer_of_a_broadcast_names_its_socket() {
    let time = VirtualTime::start();
    let (addr, io, _) = server().await;
    let (mut answers, answering) = connected(addr, &io).await;
    let (mut lies, lying) = connected(addr, &io).await;
    let (mut leaves, leaving) = connected(addr, &io).await;
    let (_silent, late) = connected(addr, &io).await;
    let (mut excluded, exempt) = connected(addr, &io).await;
    exempt.join("muted");
    let asked = || io.except("muted").timeout(LIMIT).emit_with_ack("ask", "");
    let (stream, collected) = (asked(), asked());
    for _ in 0..2 {
        let id = receive_ask(&mut answers).await;
        answers.send(&format!(r#"43{id}["yes"]"#)).await;
        let id = receive_ask(&mut lies).await;
        lies.send(&format!("43{id}[7]")).await;
    }
    assert_alive(&mut answers).await;
    assert_alive(&mut lies).await;
    leaves.send("41").await;
    settle(addr).await;
    // The items arrive before the time is up.
    let mut stream = stream.by_socket();
    let next =
        async |stream: &mut BroadcastAckBySocket<String>| stream.next().await.expect("an item");
    let mut arrived = [
        next(&mut stream).await,
        next(&mut stream).await,
        next(&mut stream).await,
    ]
    .map(describe);
    arrived.sort();
    let mut expected = [
        format!("{} yes", answering.id()),
        format!("{} data", lying.id()),
        format!("{} disconnected", leaving.id()),
    ];
    expected.sort();
    assert_eq!(arrived, expected);
    time.advance(LIMIT).await;
    let timed_out = describe(next(&mut stream).await);
    assert_eq!(timed_out, format!("{} timeout", late.id()));
    assert!(stream.next().await.is_none());

    let error = collected.all().await.expect_err("answers are missing");
    assert_eq!(error.answers(), ["yes"]);
    assert_eq!(
        error.unanswered(),
        [leaving.id().clone(), late.id().clone()]
    );
    assert_alive(&mut excluded).await;
}

#[tokio::test]
async fn a_broadcast_reports_sockets_that_cannot_be_asked() {
    let layer = SocketIoLayer::builder()
        .max_pending_acks(1)
        .with_state(Gate::closed())
        .build();
    let io = layer.io();
    let addr = serve(layer).await;
    let (mut client, socket) = connected(addr, &io).await;
    let pending = socket.emit_with_ack::<()>("ask", "");
    receive_ask(&mut client).await;
    let items = io.emit_with_ack::<String>("ask", "").by_socket().all();
    let items = within("all items", items).await;
    let items: Vec<_> = items.into_iter().map(describe).collect();
    assert_eq!(items, [format!("{} not sent", socket.id())]);

    // Node sends the event, and the answer of the silent client is missing in the same way.
    let all = io.timeout(LIMIT).emit_with_ack::<String>("ask", "").all();
    let error = within("all", all).await.expect_err("one is missing");
    assert!(error.answers().is_empty());
    assert_eq!(error.unanswered(), [socket.id().clone()]);
    assert!(matches!(error.reason(), AckError::NotSent), "{error:?}");
    let stream = io.timeout(LIMIT).emit_with_ack::<String>("ask", "");
    let items: Vec<_> = within("the stream", stream.collect()).await;
    assert!(matches!(items[..], [Err(AckError::NotSent)]), "{items:?}");
    drop(pending);

    let items = io.emit_with_ack::<String>("connect", "").by_socket().all();
    let items: Vec<_> = items.await.into_iter().map(describe).collect();
    assert_eq!(items, ["- emit"]);

    let items = io.to("empty room").emit_with_ack::<String>("ask", "");
    assert!(items.by_socket().all().await.is_empty());
    assert_alive(&mut client).await;
}

/// Guards against a stream per namespace that forgets its missing answers when it ends.
#[tokio::test]
async fn a_broadcast_to_a_pattern_reports_missing_answers() {
    let time = VirtualTime::start();
    let (addr, io, _) = server().await;
    let pattern = io.of(Regex::new("^/room-").expect("a valid pattern"));
    let mut clients = Vec::new();
    for name in ["/room-1", "/room-2"] {
        let mut client = open(addr).await;
        client.send(&format!("40{name},")).await;
        client.expect(&format!(r#"40{name},{{"sid":"…"}}"#)).await;
        clients.push(client);
    }
    let asked = pattern.timeout(LIMIT).emit_with_ack::<String>("ask", "");
    let packet = clients[0].expect(r#"42/room-1,…["ask",""]"#).await;
    let id: String = (packet.chars().skip("42/room-1,".len()))
        .take_while(char::is_ascii_digit)
        .collect();
    let answer = format!(r#"43/room-1,{id}["yes"]"#);
    clients[0].send(&answer).await;
    settle(addr).await;
    time.advance(LIMIT).await;
    let error = asked.all().await.expect_err("one answer is missing");
    assert_eq!(error.answers(), ["yes"]);
    let silent = io.of("/room-2").sockets();
    assert_eq!(error.unanswered(), [silent[0].id().clone()]);
}

/// Returns the id of the socket and its answer.
fn describe(item: SocketAck<String>) -> String {
    let answer = match item.answer {
        Ok(answer) => answer,
        Err(AckError::Data(_)) => "data".to_owned(),
        Err(AckError::Disconnected) => "disconnected".to_owned(),
        Err(AckError::Emit(_)) => "emit".to_owned(),
        Err(AckError::NotSent) => "not sent".to_owned(),
        Err(AckError::Timeout) => "timeout".to_owned(),
        Err(error) => error.to_string(),
    };
    let socket = item.socket.map_or("-".to_owned(), |id| id.to_string());
    format!("{socket} {answer}")
}

#[tokio::test]
async fn only_the_client_that_was_asked_can_answer() {
    let (addr, io, _) = server().await;
    let (mut client, socket) = connected(addr, &io).await;
    let (mut other, _) = connected(addr, &io).await;
    let answer = socket.emit_with_ack::<String>("ask", "");
    let id = receive_ask(&mut client).await;
    for wrong in [id.clone(), format!("1{id}"), "9007199254740991".into()] {
        other.send(&format!(r#"43{wrong}["of another"]"#)).await;
    }
    assert_alive(&mut other).await;
    client
        .send(&format!(r#"431{id}["of another event"]"#))
        .await;
    client.send(r#"43["without a number"]"#).await;
    client.send(&format!(r#"43{id}["the answer"]"#)).await;
    // The second answer is ignored.
    client.send(&format!(r#"43{id}["another answer"]"#)).await;
    assert_alive(&mut client).await;
    let answer = within("the answer", answer).await;
    assert_eq!(answer.expect("the answer"), "the answer");
}

#[tokio::test]
async fn an_answer_of_another_type_is_reported() {
    let (addr, io, _) = server().await;
    let (mut client, socket) = connected(addr, &io).await;
    let answer = socket.emit_with_ack::<u8>("ask", "");
    let id = receive_ask(&mut client).await;
    client.send(&format!(r#"43{id}["text"]"#)).await;
    let answer = within("the answer", answer).await;
    assert!(matches!(answer, Err(AckError::Data(_))), "{answer:?}");
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn an_event_is_answered_at_most_once() {
    let (addr, io, gate) = server().await;
    io.of("/")
        .on("twice", async |ack: Ack| {
            ack.send("by hand");
            Reply("by return")
        })
        .on("two handlers", async || Reply(1))
        .on("two handlers", async || {
            tokio::task::yield_now().await;
            Reply(2)
        })
        .on("answers and panics", async |ack: Ack| -> () {
            ack.send("before");
            panic!("on purpose")
        })
        .on(
            "panics and answers",
            async |ack: Ack, State(gate): State<Gate>| -> () {
                tokio::spawn(async move {
                    gate.pass().await;
                    ack.send("too late");
                });
                panic!("on purpose")
            },
        )
        .on("rejects and answers", async || Reply("by one"))
        .on(
            "rejects and answers",
            async |_: socketio::extract::Data<u8>| {},
        );
    let (mut client, _) = connected(addr, &io).await;
    for (event, answer) in [
        ("twice", r#"["by hand"]"#),
        ("two handlers", "[1]"),
        ("answers and panics", r#"["before"]"#),
        (
            "panics and answers",
            r#"[{"status":"Internal Server Error","error":"…"}]"#,
        ),
        ("rejects and answers", r#"["by one"]"#),
    ] {
        client.send(&format!(r#"427["{event}"]"#)).await;
        client.expect(&format!("437{answer}")).await;
        gate.admit(1);
        assert_alive(&mut client).await;
    }
}

#[tokio::test]
async fn a_handler_can_answer_later_from_another_task() {
    let (addr, io, gate) = server().await;
    io.of("/")
        .on("later", async |ack: Ack, State(gate): State<Gate>| {
            tokio::spawn(async move {
                gate.pass().await;
                ack.send(&("at", "last"));
            });
        });
    let (mut client, _) = connected(addr, &io).await;
    client.send(r#"420["later"]"#).await;
    assert_alive(&mut client).await;
    gate.admit(1);
    client.expect(r#"430["at","last"]"#).await;
    // This client has left when the server answers.
    client.send(r#"421["later"]"#).await;
    client.send("41").await;
    assert_alive(&mut client).await;
    gate.open();
    settle(addr).await;
    assert_alive(&mut client).await;
}

async fn server() -> (SocketAddr, SocketIo<Gate>, Gate) {
    let gate = Gate::closed();
    let layer = SocketIoLayer::with_state(gate.clone());
    let io = layer.io();
    (serve(layer).await, io, gate)
}

async fn connected(addr: SocketAddr, io: &SocketIo<Gate>) -> (WsClient, Socket) {
    let (client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    (client, socket)
}

/// Returns the acknowledgement id of the event that the client receives.
async fn receive_ask(client: &mut WsClient) -> String {
    ack_id(&client.expect(r#"42…["ask",""]"#).await)
}

fn ack_id(packet: &str) -> String {
    packet
        .chars()
        .skip(2)
        .take_while(char::is_ascii_digit)
        .collect()
}
