//! Tests the events that wraps apply to, and how wrapped events count and wait.

use axum::extract::State;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, settle};
use socketio::extract::{Ack, Data, EventName};
use socketio::{Next, Outcome, Regex, Reply, Socket, SocketIoLayer};

use super::around;
use crate::journaled::{App, server, server_of, write};

/// Waits at the gate after the handlers.
async fn wait(State(app): State<App>, next: Next) -> Outcome {
    let outcome = next.run().await;
    app.gate.pass().await;
    outcome
}

async fn number(Data(number): Data<u32>, State(journal): State<Journal>) -> Reply<u32> {
    journal.write(number);
    Reply(number)
}

#[tokio::test]
async fn a_wrapped_event_does_not_delay_the_next_event() {
    let (addr, app) = server(|namespace| namespace.wrap(wait).on("numbered", number)).await;
    let (mut client, _) = join(addr).await;
    for number in 0..3 {
        client
            .send(&format!(r#"42{number}["numbered",{number}]"#))
            .await;
    }
    app.journal.expect(["0", "1", "2"]).await;
    assert_alive(&mut client).await;
    app.gate.open();
    for _ in 0..3 {
        client.expect("43…[…]").await;
    }
}

#[tokio::test]
async fn the_next_event_of_an_ordered_namespace_waits_for_the_outermost_wrap() {
    let (addr, app) = server(|namespace| {
        namespace
            .ordered()
            .wrap(wait)
            .wrap(around("inner"))
            .on("numbered", number)
            .on("numbered", write("second handler"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    for number in 0..2 {
        client
            .send(&format!(r#"42{number}["numbered",{number}]"#))
            .await;
    }
    for number in 0..2 {
        let handled = ["inner enters", &number.to_string(), "second handler"];
        app.journal.expect(handled).await;
        let left = format!("inner: ok, 2 handlers, [{number}]");
        app.journal.expect([left]).await;
        settle(addr).await;
        assert!(app.journal.take().await.is_empty());
        app.gate.admit(1);
        client.expect(&format!("43{number}[{number}]")).await;
    }
}

#[tokio::test]
async fn handlers_of_a_wrapped_event_run_one_after_the_other_in_an_ordered_namespace() {
    let (addr, app) = server(|namespace| {
        namespace
            .ordered()
            .wrap(around("wrap"))
            .on("event", async |State(app): State<App>| {
                app.journal.write("first");
                app.gate.pass().await;
            })
            .on("event", write("second"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event"]"#).await;
    app.journal.expect(["wrap enters", "first"]).await;
    settle(addr).await;
    assert!(app.journal.take().await.is_empty());
    app.gate.open();
    let expected = ["second", "wrap: ok, 2 handlers, no answer"];
    app.journal.expect(expected).await;
}

/// Guards against a second acknowledgement with the same id.
#[tokio::test]
async fn catch_all_listeners_are_outside_and_share_the_answer() {
    async fn check(ordered: bool) {
        let (addr, app) = server(|namespace| {
            let namespace = if ordered {
                namespace.ordered()
            } else {
                namespace
            };
            namespace
                .wrap(around("outer"))
                .wrap(async |next: Next| next.run().await)
                .on("event", async || Reply("of the handler"))
                .on_any(async |event: EventName, State(journal): State<Journal>| {
                    journal.write(format_args!("any {event}"));
                    Err::<(), _>(Reply("of the listener"))
                })
                .on_any(async |_: Data<u8>| {})
        })
        .await;
        let (mut client, _) = join(addr).await;
        client.send(r#"420["event"]"#).await;
        client.expect(r#"430["of the listener"]"#).await;
        assert_alive(&mut client).await;
        // The outcome is that of the handlers: the listeners have failed.
        let outcome = r#"outer: ok, 1 handlers, ["of the listener"]"#;
        app.journal
            .expect(["any event", "outer enters", outcome])
            .await;
    }
    check(false).await;
    check(true).await;
}

#[tokio::test]
async fn a_wrap_that_is_added_applies_to_later_events() {
    let (addr, app) = server(|namespace| {
        namespace.wrap(around("first")).on(
            "event",
            async |State(app): State<App>, Data(number): Data<u8>| {
                app.journal.write(number);
                app.gate.pass().await;
            },
        )
    })
    .await;
    let io = app.io.clone().expect("the server");
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event",1]"#).await;
    app.journal.expect(["first enters", "1"]).await;
    io.of("/").with_state(app.clone()).wrap(around("added"));
    client.send(r#"42["event",2]"#).await;
    app.journal
        .expect(["first enters", "added enters", "2"])
        .await;
    app.gate.admit(1);
    app.journal
        .expect(["first: ok, 1 handlers, no answer"])
        .await;
    app.gate.admit(1);
    let left = [
        "added: ok, 1 handlers, no answer",
        "first: ok, 1 handlers, no answer",
    ];
    app.journal.expect(left).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn wraps_of_a_pattern_apply_to_its_namespaces() {
    let (addr, app) = server(|namespace| namespace).await;
    let io = app.io.clone().expect("the server").with_state(app.clone());
    let pattern = io.of(Regex::new("^/room-").expect("a valid pattern"));
    pattern
        .clone()
        .wrap(around("of the pattern"))
        .on("event", write("handler"));
    let (mut client, _) = join(addr).await;
    client.send("40/room-1,").await;
    client.expect(r#"40/room-1,{"sid":"…"}"#).await;
    client.send(r#"42/room-1,["event"]"#).await;
    let handled = ["of the pattern enters", "handler"];
    let left = ["of the pattern: ok, 1 handlers, no answer"];
    app.journal.expect(handled).await;
    app.journal.expect(left).await;
    // A child has its own wraps too, and inherits later ones.
    io.of("/room-1").wrap(around("of the child"));
    pattern.wrap(around("added"));
    client.send(r#"42/room-1,["event"]"#).await;
    let entered = [
        "of the pattern enters",
        "of the child enters",
        "added enters",
        "handler",
    ];
    app.journal.expect(entered).await;
}

#[tokio::test]
async fn a_wrapped_event_counts_once() {
    let builder = SocketIoLayer::builder().max_pending_events(2);
    let (addr, app) = server_of(builder, |namespace| {
        let start = async |Data(number): Data<u32>, State(app): State<App>| {
            app.journal.write(number);
            app.gate.pass().await;
        };
        // Unwrapped, one such event would reach the limit.
        namespace
            .wrap(around("wrap"))
            .on("event", start)
            .on("event", start)
    })
    .await;
    let (mut client, _) = join(addr).await;
    for number in 0..3 {
        client.send(&format!(r#"42["event",{number}]"#)).await;
    }
    for number in ["0", "1"] {
        app.journal.expect(["wrap enters", number, number]).await;
    }
    settle(addr).await;
    assert!(app.journal.take().await.is_empty());
    app.gate.admit(2);
    app.journal
        .expect(["wrap: ok, 2 handlers, no answer"])
        .await;
    app.journal.expect(["wrap enters", "2", "2"]).await;
}

/// The bytes of the event are counted from its start to its end.
#[tokio::test]
async fn a_wrapped_event_counts_its_bytes() {
    let builder = SocketIoLayer::builder().max_pending_bytes(1000);
    let (addr, app) = server_of(builder, |namespace| {
        namespace.wrap(wait).on("event", write("handler"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    let text = "x".repeat(600);
    for _ in 0..3 {
        client.send(&format!(r#"42["event","{text}"]"#)).await;
    }
    app.journal.expect(["handler"; 2]).await;
    settle(addr).await;
    assert!(app.journal.take().await.is_empty());
    app.gate.admit(1);
    app.journal.expect(["handler"]).await;
}

#[tokio::test]
async fn handlers_do_not_run_if_the_wrap_disconnects_the_socket() {
    async fn disconnect(socket: Socket, next: Next) -> Outcome {
        socket.disconnect();
        next.run().await
    }
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("outer"))
            .wrap(disconnect)
            .on("event", write("handler"))
            .on_disconnect(write("left"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    client.expect("41").await;
    assert_alive(&mut client).await;
    let mut entries = [
        app.journal.next().await,
        app.journal.next().await,
        app.journal.next().await,
    ];
    entries.sort();
    let expected = [
        "left",
        "outer enters",
        "outer: unhandled, 0 handlers, no answer",
    ];
    assert_eq!(entries, expected);
}

#[tokio::test]
async fn only_events_of_clients_are_wrapped() {
    let (addr, app) = server(|namespace| {
        namespace
            .wrap(around("wrap"))
            .middleware(async |State(journal): State<Journal>| {
                journal.write("middleware");
                Ok::<_, &str>(())
            })
            .on_connect(write("connect"))
            .on_disconnect(write("disconnect"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    app.journal.expect(["middleware", "connect"]).await;
    client.send("41").await;
    app.journal.expect(["disconnect"]).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn events_queued_behind_their_connect_are_wrapped() {
    let (addr, app) = server(|namespace| {
        namespace.wrap(around("wrap")).on(
            "event",
            async |ack: Option<Ack>, State(journal): State<Journal>| {
                journal.write(ack.is_some());
            },
        )
    })
    .await;
    let mut client = e2e::session::open(addr).await;
    client.send("40").await;
    client.send(r#"420["event"]"#).await;
    client.expect(r#"40{"sid":"…"}"#).await;
    app.journal.expect(["wrap enters", "true"]).await;
}
