//! Tests wraps: middleware around the handlers of events.

mod answers;
mod failures;
mod scope;
mod tower_layers;

use std::pin::Pin;
use std::time::Duration;

use axum::extract::State;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join};
use e2e::sync::VirtualTime;
use socketio::extract::{Event, EventName};
use socketio::{EmitError, Next, Outcome, Reply, Socket};
use tokio::time::{Instant, sleep};

use crate::journaled::{server, write, write_to};

type Wrapped = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Returns a wrap that writes when the event enters it and leaves it.
fn around(
    name: &'static str,
) -> impl Fn(State<Journal>, Next) -> Wrapped + Clone + Send + Sync + 'static {
    move |State(journal), next| {
        Box::pin(async move {
            journal.write(format_args!("{name} enters"));
            let outcome = next.run().await;
            journal.write(format_args!("{name}: {}", describe(&outcome)));
            outcome
        })
    }
}

/// Describes an outcome: its label, the number of handlers and the answer.
fn describe(outcome: &Outcome) -> String {
    let reply = outcome.reply().map_or("no answer", |reply| reply.as_json());
    let handlers = outcome.handlers();
    format!("{}, {handlers} handlers, {reply}", outcome.label())
}

#[tokio::test]
async fn the_first_registered_step_is_outermost() {
    let (addr, app) = server(|namespace| {
        namespace
            .on("event", write("handler"))
            .event_middleware(write("a"))
            .wrap(around("b"))
            .event_middleware(write("c"))
            .wrap(around("d"))
            .event_middleware(write("e"))
            .on_connect(async |socket: Socket, State(journal): State<Journal>| {
                socket.event_middleware(write_to(&journal, "of the socket"));
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event"]"#).await;
    let entered = ["a", "b enters", "c", "d enters", "e", "of the socket"];
    app.journal.expect(entered).await;
    app.journal.expect(["handler"]).await;
    let left = [
        "d: ok, 1 handlers, no answer",
        "b: ok, 1 handlers, no answer",
    ];
    app.journal.expect(left).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

/// The wrap sees the time of the slowest handler, and the first answer.
#[tokio::test]
async fn a_wrap_runs_once_for_all_handlers_of_an_event() {
    async fn timed(next: Next, journal: Journal) -> Outcome {
        let start = Instant::now();
        let outcome = next.run().await;
        assert!(start.elapsed() >= Duration::from_millis(7));
        journal.write(describe(&outcome));
        outcome
    }
    let time = VirtualTime::start();
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(async |State(journal): State<Journal>, next: Next| timed(next, journal).await)
            .on("event", async |State(journal): State<Journal>| {
                journal.write("slow starts");
                sleep(Duration::from_millis(7)).await;
                Reply("slow")
            })
            .on("event", async |State(journal): State<Journal>| {
                journal.write("fast starts");
                sleep(Duration::from_millis(3)).await;
                journal.write("fast ends");
                Reply("fast")
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    app.journal.expect(["slow starts", "fast starts"]).await;
    time.advance(Duration::from_millis(3)).await;
    app.journal.expect(["fast ends"]).await;
    // The clock has advanced by 4 ms, and the answer still waits for the wrap.
    assert_alive(&mut client).await;
    time.advance(Duration::from_millis(2)).await;
    app.journal.expect([r#"ok, 2 handlers, ["fast"]"#]).await;
    client.expect(r#"430["fast"]"#).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_wrap_selects_other_handlers_with_another_event() {
    async fn translate(event: Event, next: Next) -> Result<Outcome, EmitError> {
        match event.name() {
            "old" => Ok(next.run_as(Event::new("new", &"translated")?).await),
            _ => Ok(next.run().await),
        }
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(translate)
            .event_middleware(async |event: EventName, State(journal): State<Journal>| {
                journal.write(event);
            })
            .on("old", write("old"))
            .on("new", async |event: Event| Reply(event.args().clone()))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["old",1]"#).await;
    client.expect(r#"430["translated"]"#).await;
    let expected = [
        "outer enters",
        "new",
        r#"outer: ok, 1 handlers, ["translated"]"#,
    ];
    app.journal.expect(expected).await;
}

#[tokio::test]
async fn a_wrap_sees_events_that_nothing_handles() {
    let (addr, app) = server(|namespace| namespace.wrap(around("wrap"))).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["unknown"]"#).await;
    let expected = ["wrap enters", "wrap: unhandled, 0 handlers, no answer"];
    app.journal.expect(expected).await;
    assert_alive(&mut client).await;
}

/// Guards against metrics with an unlimited number of labels: clients choose the names.
#[tokio::test]
async fn a_wrap_learns_whether_the_name_of_its_event_is_registered() {
    async fn write_label(State(journal): State<Journal>, event: EventName, next: Next) -> Outcome {
        let outcome = next.run().await;
        journal.write(format_args!("{event}: {}", outcome.is_registered()));
        outcome
    }
    async fn rename(mut event: Event, next: Next) -> Result<Outcome, EmitError> {
        if event.name().starts_with("alias") {
            event.set_name("known")?;
        }
        Ok(next.run_as(event).await)
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(write_label)
            .wrap(rename)
            .wrap(write_label)
            .on("known", async || {})
            .on_connect(async |socket: Socket| {
                socket.on("of the socket", async || {});
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    for (event, expected) in [
        ("known", ["known: true", "known: true"]),
        ("alias-1", ["known: true", "alias-1: false"]),
        ("other", ["other: false", "other: false"]),
        (
            "of the socket",
            ["of the socket: false", "of the socket: false"],
        ),
    ] {
        client.send(&format!(r#"42["{event}"]"#)).await;
        app.journal.expect(expected).await;
    }
}
