//! Tests wraps around events that are rejected, and wraps that fail themselves.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use e2e::probes::{Journal, LiveCounter};
use e2e::session::{assert_alive, join};
use e2e::sync::{VirtualTime, eventually};
use serde_json::json;
use socketio::extract::{Ack, Data, EventName};
use socketio::{EmitError, Next, Outcome, Rejection, Reply};
use tokio::time::timeout;

use super::around;
use crate::journaled::{App, server, write};

const FAULT: &str = r#"[{"status":"Internal Server Error","error":"…"}]"#;

async fn limited(next: Next) -> Result<Outcome, Rejection> {
    timeout(Duration::from_secs(2), next.run())
        .await
        .map_err(|_| Rejection::with_status(StatusCode::GATEWAY_TIMEOUT, "too slow"))
}

#[tokio::test]
async fn a_wrap_sees_rejections_and_their_answers() {
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .event_middleware(async |event: EventName| match event.as_str() {
                "refused" => Err("not now"),
                _ => Ok(()),
            })
            .wrap(around("inner"))
            .on("number", async |_: Data<u8>| {})
            .on("panics", async || -> () { panic!("on purpose") })
            .on("not json", async || Reply(HashMap::from([((), 1)])))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["refused"]"#).await;
    let answer = r#"[{"status":"Bad Request","error":"not now"}]"#;
    client.expect(&format!("430{answer}")).await;
    let outcome = format!("outer: rejected, 0 handlers, {answer}");
    app.journal.expect(["outer enters", &outcome]).await;
    for (event, label, status) in [
        ("number", "rejected", "Bad Request"),
        ("panics", "panicked", "Internal Server Error"),
        ("not json", "rejected", "Internal Server Error"),
    ] {
        client.send(&format!(r#"421["{event}","text"]"#)).await;
        let answer = client
            .expect(&format!(r#"431[{{"status":"{status}","error":"…"}}]"#))
            .await;
        let outcome = format!("{label}, 1 handlers, {}", &answer[3..]);
        let left = [format!("inner: {outcome}"), format!("outer: {outcome}")];
        app.journal.expect(["outer enters", "inner enters"]).await;
        app.journal.expect(left).await;
    }
}

#[tokio::test]
async fn on_rejection_answers_inside_of_the_wraps() {
    async fn wait_and_answer(rejection: Rejection, State(app): State<App>) -> Reply<String> {
        app.gate.pass().await;
        Reply(format!("sorry: {rejection}"))
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(async |event: EventName, next: Next| match event.as_str() {
                "refused" => Err("by a wrap"),
                _ => Ok(next.run().await),
            })
            .on("event", async || Err::<(), _>(Rejection::new("an answer")))
            .on("rejected", async |_: Data<u8>| {})
            .on_rejection(wait_and_answer)
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["refused"]"#).await;
    assert_alive(&mut client).await;
    app.gate.open();
    client.expect(r#"430["sorry: by a wrap"]"#).await;
    let outcome = r#"outer: rejected, 0 handlers, ["sorry: by a wrap"]"#;
    app.journal.expect(["outer enters", outcome]).await;
    client.send(r#"421["rejected"]"#).await;
    client.expect(r#"431["sorry: …"]"#).await;
    app.journal.next().await;
    assert!(
        app.journal
            .next()
            .await
            .starts_with("outer: rejected, 1 handlers")
    );
    // An error that a handler returns is its answer, and not a rejection.
    client.send(r#"422["event"]"#).await;
    client
        .expect(r#"432[{"status":"Bad Request","error":"an answer"}]"#)
        .await;
    app.journal.next().await;
    assert!(
        app.journal
            .next()
            .await
            .starts_with("outer: error, 1 handlers")
    );
}

#[tokio::test]
async fn an_error_of_a_wrap_discards_the_answer() {
    async fn fails(event: EventName, next: Next) -> Result<Outcome, Rejection> {
        let outcome = next.run().await;
        assert_eq!(
            outcome.reply_as::<String>().and_then(Result::ok).as_deref(),
            Some("handled")
        );
        assert_ne!(event.as_str(), "panics", "on purpose");
        Err(Rejection::with_status(
            StatusCode::CONFLICT,
            "changed meanwhile",
        ))
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(fails)
            .on("event", async || Reply("handled"))
            .on("panics", async |ack: Ack| ack.send("handled"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    let answer = r#"[{"status":"Conflict","error":"changed meanwhile"}]"#;
    client.expect(&format!("430{answer}")).await;
    let outcome = format!("outer: rejected, 1 handlers, {answer}");
    app.journal.expect(["outer enters", &outcome]).await;
    client.send(r#"421["panics"]"#).await;
    client.expect(&format!("431{FAULT}")).await;
    app.journal.next().await;
    assert!(app.journal.next().await.starts_with("outer: panicked"));
    // Without an acknowledgement, too.
    client.send(r#"42["missing"]"#).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn an_argument_of_a_wrap_can_reject_the_event() {
    async fn numbers(_: Data<u8>, next: Next) -> Outcome {
        next.run().await
    }
    let (addr, app) =
        server(|namespace| namespace.wrap(numbers).on("event", write("handler"))).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event","text"]"#).await;
    client
        .expect(r#"430[{"status":"Bad Request","error":"…"}]"#)
        .await;
    assert!(app.journal.take().await.is_empty());
    client.send(r#"421["event",1]"#).await;
    app.journal.expect(["handler"]).await;
}

#[tokio::test]
async fn a_wrap_drops_handlers_at_its_time_limit() {
    let time = VirtualTime::start();
    let running = LiveCounter::default();
    let counter = running.clone();
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(limited)
            .wrap(around("inner"))
            .on("event", move |State(app): State<App>| {
                let guard = counter.guard();
                async move {
                    app.journal.write("handler");
                    app.gate.pass().await;
                    drop(guard);
                }
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    app.journal
        .expect(["outer enters", "inner enters", "handler"])
        .await;
    assert_eq!(running.live(), 1);
    time.advance(Duration::from_secs(2)).await;
    let answer = r#"[{"status":"Gateway Timeout","error":"too slow"}]"#;
    client.expect(&format!("430{answer}")).await;
    let outcome = format!("outer: rejected, 1 handlers, {answer}");
    app.journal.expect([outcome]).await;
    eventually("the handler to be dropped", || running.live() == 0).await;
}

/// A task that a handler has started outlives the wraps. The client already has an answer.
#[tokio::test]
async fn an_answer_after_the_time_limit_is_dropped() {
    let time = VirtualTime::start();
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(limited)
            .on("event", async |State(app): State<App>, ack: Ack| {
                let task = tokio::spawn(async move {
                    app.journal.write("task");
                    app.gate.pass().await;
                    ack.send("late");
                    app.journal.write("late");
                });
                task.await.expect("the task does not panic");
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    app.journal.expect(["task"]).await;
    time.advance(Duration::from_secs(2)).await;
    client
        .expect(r#"430[{"status":"Gateway Timeout","error":"too slow"}]"#)
        .await;
    app.gate.open();
    app.journal.expect(["late"]).await;
    assert_alive(&mut client).await;
}

/// The handler has answered before it was dropped, and the wrap neither fails nor answers.
#[tokio::test]
async fn an_answer_of_a_dropped_handler_is_sent() {
    async fn give_up(State(app): State<App>, next: Next) -> Outcome {
        tokio::select! {
            outcome = next.run() => outcome,
            () = app.gate.pass() => Outcome::ignored(),
        }
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(give_up)
            .wrap(around("inner"))
            .on("event", async |ack: Ack| {
                ack.send("accepted");
                std::future::pending::<()>().await;
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    app.journal.expect(["inner enters"]).await;
    assert_alive(&mut client).await;
    app.gate.open();
    client.expect(r#"430["accepted"]"#).await;
}

#[tokio::test]
async fn a_reply_of_a_wrap_that_is_not_json_is_a_server_fault() {
    async fn set(next: Next) -> Result<Outcome, EmitError> {
        let mut outcome = next.run().await;
        let before = outcome.reply().cloned();
        let result = outcome.set_reply(&HashMap::from([((), 1)]));
        assert_eq!(outcome.reply(), before.as_ref());
        result.map(|()| outcome)
    }
    let (addr, _) = server(|namespace| {
        namespace
            .wrap(set)
            .on("event", async || Reply(json!({ "a": 1 })))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    client.expect(&format!("430{FAULT}")).await;
    // Nothing is serialised.
    client.send(r#"42["event"]"#).await;
    assert_alive(&mut client).await;
}

/// As without a wrap: the original rejection is the answer.
#[tokio::test]
async fn a_failing_on_rejection_is_answered_inside_of_the_wraps() {
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(async |_: Next| Err::<Outcome, _>("first"))
            .on_rejection(async |State(journal): State<Journal>| -> () {
                journal.write("on_rejection");
                panic!("on purpose")
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    let answer = r#"[{"status":"Bad Request","error":"first"}]"#;
    client.expect(&format!("430{answer}")).await;
    let outcome = format!("outer: rejected, 0 handlers, {answer}");
    app.journal
        .expect(["outer enters", "on_rejection", &outcome])
        .await;
}
