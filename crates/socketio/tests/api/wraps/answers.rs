//! Tests the answers of events that are wrapped: held, changed, discarded and sent late.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use bytes::Bytes;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, settle};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use socketio::extract::{Ack, Data};
use socketio::{Args, EmitError, Next, Outcome, Reply};

use super::{around, describe};
use crate::journaled::{App, server, write};

/// Puts the answer into an envelope.
async fn envelope(next: Next) -> Result<Outcome, EmitError> {
    let mut outcome = next.run().await;
    if let Some(value) = outcome.reply_as::<Value>() {
        let value = value.unwrap_or_default();
        outcome.set_reply(&json!({ "ok": outcome.is_success(), "value": value }))?;
    }
    Ok(outcome)
}

#[tokio::test]
async fn each_wrap_can_change_the_answer() {
    let (addr, _) = server(|namespace| {
        namespace
            .wrap(envelope)
            .wrap(envelope)
            .on("event", async |Data(number): Data<u8>| Reply(number))
            .on("fails", async || Err::<(), _>(Reply("sold out")))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event",7]"#).await;
    client
        .expect(r#"430[{"ok":true,"value":{"ok":true,"value":7}}]"#)
        .await;
    client.send(r#"421["fails"]"#).await;
    client
        .expect(r#"431[{"ok":false,"value":{"ok":false,"value":"sold out"}}]"#)
        .await;
}

#[tokio::test]
async fn the_answer_waits_for_the_outermost_wrap() {
    async fn wait(State(app): State<App>, next: Next) -> Outcome {
        let outcome = next.run().await;
        app.journal.write(describe(&outcome));
        app.gate.pass().await;
        outcome
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(wait)
            .wrap(around("inner"))
            .on("returns", async || Reply("returned"))
            .on("acks", async |ack: Ack| ack.send("sent"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    for (id, event, answer) in [(0, "returns", "returned"), (1, "acks", "sent")] {
        client.send(&format!(r#"42{id}["{event}"]"#)).await;
        app.journal.expect(["inner enters"]).await;
        let outcome = format!(r#"ok, 1 handlers, ["{answer}"]"#);
        app.journal
            .expect([format!("inner: {outcome}"), outcome])
            .await;
        assert_alive(&mut client).await;
        app.gate.admit(1);
        client.expect(&format!(r#"43{id}["{answer}"]"#)).await;
    }
}

/// An acknowledgement that outlives the wraps.
#[tokio::test]
async fn an_answer_after_the_wraps_is_sent_at_once() {
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("wrap"))
            .on("event", async |State(app): State<App>, ack: Ack| {
                tokio::spawn(async move {
                    app.gate.pass().await;
                    ack.send("late");
                });
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    let expected = ["wrap enters", "wrap: ok, 1 handlers, no answer"];
    app.journal.expect(expected).await;
    assert_alive(&mut client).await;
    app.gate.open();
    client.expect(r#"430["late"]"#).await;
    assert_alive(&mut client).await;
}

/// The wrap has read the outcome before, so it does not know the answer and cannot have removed it.
#[tokio::test]
async fn an_answer_between_the_handler_and_the_end_of_the_wrap_is_kept() {
    async fn wait(State(app): State<App>, next: Next) -> Outcome {
        let outcome = next.run().await;
        app.journal.write(describe(&outcome));
        app.gate.pass().await;
        outcome
    }
    let (addr, app) = server(|namespace| {
        namespace.wrap(envelope).wrap(wait).on(
            "event",
            async |State(journal): State<Journal>, ack: Ack| {
                tokio::spawn(async move {
                    // Runs after the wrap has read the outcome.
                    tokio::task::yield_now().await;
                    ack.send("in between");
                    journal.write("answered");
                });
            },
        )
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    app.journal
        .expect(["ok, 1 handlers, no answer", "answered"])
        .await;
    assert_alive(&mut client).await;
    app.gate.open();
    client
        .expect(r#"430[{"ok":true,"value":"in between"}]"#)
        .await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn nothing_is_serialised_for_a_client_that_wants_no_answer() {
    /// Counts how often it is serialised.
    #[derive(Clone)]
    struct Counted(Arc<AtomicUsize>);

    impl Serialize for Counted {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.fetch_add(1, Ordering::SeqCst);
            serializer.serialize_str("counted")
        }
    }

    let count = Arc::new(AtomicUsize::new(0));
    let counted = Counted(Arc::clone(&count));
    let (of_wrap, of_error) = (counted.clone(), counted.clone());
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(move |next: Next| {
                let reply = of_wrap.clone();
                async move {
                    let mut outcome = next.run().await;
                    outcome.set_reply(&reply)?;
                    Ok::<_, EmitError>(outcome)
                }
            })
            .wrap(around("inner"))
            .on("ok", move || {
                let counted = counted.clone();
                async move { Reply(counted) }
            })
            .on("error", move || {
                let counted = of_error.clone();
                async move { Err::<(), _>(Reply(counted)) }
            })
            .on("ack", async |_: Ack| ())
            .on(
                "option",
                async |ack: Option<Ack>, State(journal): State<Journal>| {
                    journal.write(ack.is_some());
                },
            )
    })
    .await;
    let (mut client, _) = join(addr).await;
    for (event, label) in [("ok", "ok"), ("error", "error"), ("ack", "rejected")] {
        client.send(&format!(r#"42["{event}"]"#)).await;
        app.journal.expect(["outer enters", "inner enters"]).await;
        let outcome = format!("{label}, 1 handlers, no answer");
        let left = [format!("inner: {outcome}"), format!("outer: {outcome}")];
        app.journal.expect(left).await;
    }
    client.send(r#"42["option"]"#).await;
    app.journal
        .expect(["outer enters", "inner enters", "false"])
        .await;
    assert_alive(&mut client).await;
    assert_eq!(count.load(Ordering::SeqCst), 0);
    client.send(r#"420["ok"]"#).await;
    client.expect(r#"430["counted"]"#).await;
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_wrap_can_answer_itself() {
    async fn cached(Data(key): Data<String>, next: Next) -> Result<Outcome, EmitError> {
        match key.as_str() {
            "hit" => Outcome::replied(&("from the cache", 1)),
            "set" => {
                let mut outcome = Outcome::ignored();
                outcome.set_reply(&"set")?;
                Ok(outcome)
            }
            _ => Ok(next.run().await),
        }
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(cached)
            .on("get", async || Reply("from the handler"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    for (key, answer, handlers) in [
        ("hit", r#"["from the cache",1]"#, 0),
        ("set", r#"["set"]"#, 0),
        ("miss", r#"["from the handler"]"#, 1),
    ] {
        client.send(&format!(r#"420["get","{key}"]"#)).await;
        client.expect(&format!("430{answer}")).await;
        let outcome = format!("outer: ok, {handlers} handlers, {answer}");
        app.journal.expect(["outer enters", &outcome]).await;
    }
    // Without an acknowledgement the answer is dropped.
    client.send(r#"42["get","hit"]"#).await;
    let outcome = "outer: ok, 0 handlers, no answer";
    app.journal.expect(["outer enters", outcome]).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn an_answer_can_be_sent_again_for_another_event() {
    async fn cached(
        State(app): State<App>,
        next: Next,
        cache: Arc<std::sync::Mutex<Option<Args>>>,
    ) -> Result<Outcome, EmitError> {
        let hit = cache.lock().expect("no panic").clone();
        if let Some(reply) = hit {
            return Outcome::replied(&reply);
        }
        app.journal.write("miss");
        let outcome = next.run().await;
        *cache.lock().expect("no panic") = outcome.reply().cloned();
        Ok(outcome)
    }
    let cache = Arc::default();
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(move |state: State<App>, next: Next| cached(state, next, Arc::clone(&cache)))
            .on("get", async || Reply((1, Bytes::from_static(b"bytes"))))
    })
    .await;
    let (mut client, _) = join(addr).await;
    for _ in 0..2 {
        client.send(r#"420["get"]"#).await;
        client
            .expect(r#"461-0[1,{"_placeholder":true,"num":0}]"#)
            .await;
        client.expect_binary(b"bytes").await;
    }
    app.journal.expect(["miss"]).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn binary_answers_are_held_read_and_set() {
    async fn reverse(next: Next) -> Result<Outcome, EmitError> {
        let mut outcome = next.run().await;
        if let Some(Ok((text, bytes))) = outcome.reply_as::<(String, Bytes)>() {
            let reversed: Bytes = bytes.iter().rev().copied().collect();
            outcome.set_reply(&(text, reversed, bytes))?;
        }
        Ok(outcome)
    }
    let (addr, _) = server(|namespace| {
        namespace
            .wrap(reverse)
            .on("event", async |Data(bytes): Data<Bytes>| {
                Reply(("is", bytes))
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client
        .send(r#"451-8["event",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(b"abc").await;
    client
        .expect(r#"462-8["is",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        .await;
    client.expect_binary(b"cba").await;
    client.expect_binary(b"abc").await;
}

#[tokio::test]
async fn an_event_is_answered_once() {
    async fn both(ack: Ack, next: Next) -> Outcome {
        ack.send("of the wrap");
        next.run().await
    }
    let (addr, _) = server(|namespace| {
        namespace
            .wrap(both)
            .on("event", async || Reply("of the handler"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    client.expect(r#"430["of the wrap"]"#).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn an_answer_can_be_discarded() {
    async fn silent(next: Next) -> Outcome {
        let mut outcome = next.run().await;
        assert!(outcome.clear_reply().is_some());
        outcome
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(silent)
            .on("event", async || Reply("discarded"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    let expected = ["outer enters", "outer: ok, 1 handlers, no answer"];
    app.journal.expect(expected).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn an_ignored_event_is_not_answered() {
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(async |_: Next| Outcome::ignored())
            .on("event", write("handler"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    let expected = ["outer enters", "outer: unhandled, 0 handlers, no answer"];
    app.journal.expect(expected).await;
    settle(addr).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

/// The handlers run in a task of the application, and answer when they have an answer.
#[tokio::test]
async fn a_spawned_next_answers_when_its_handlers_do() {
    async fn detach(State(app): State<App>, next: Next) -> Outcome {
        tokio::spawn(async move {
            let outcome = next.run().await;
            app.journal
                .write(format_args!("task: {}", describe(&outcome)));
        });
        Outcome::ignored()
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(detach)
            .wrap(envelope)
            .on("event", async |State(app): State<App>| {
                app.journal.write("handler");
                app.gate.pass().await;
                Reply("late")
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    let ignored = "outer: unhandled, 0 handlers, no answer";
    app.journal
        .expect(["outer enters", ignored, "handler"])
        .await;
    assert_alive(&mut client).await;
    app.gate.open();
    // A wrap inside of the task still changes the answer.
    client.expect(r#"430[{"ok":true,"value":"late"}]"#).await;
    assert!(app.journal.next().await.starts_with("task: ok, 1 handlers"));
    assert_alive(&mut client).await;
}

/// Guards against an answer that is lost if the task is faster than the wrap.
#[tokio::test]
async fn a_spawned_next_that_ends_before_its_wrap_is_answered() {
    async fn detach(next: Next) -> Outcome {
        let task = tokio::spawn(async move { drop(next.run().await) });
        task.await.expect("the task does not panic");
        Outcome::ignored()
    }
    let (addr, _) =
        server(|namespace| namespace.wrap(detach).on("event", async || Reply("early"))).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    client.expect(r#"430["early"]"#).await;
    assert_alive(&mut client).await;
}
