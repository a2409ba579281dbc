//! Tests event middleware: which events it passes, changes and rejects, and in which order.

use std::time::Duration;

use axum::extract::State;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, open, settle};
use e2e::sync::{Gate, VirtualTime};
use socketio::extract::{Ack, Data, Event, EventName};
use socketio::{Args, EmitError, Rejection, Reply, Socket, SocketIoLayer};

use crate::journaled::{App, server, server_of, write, write_to};

#[tokio::test]
async fn event_middleware_runs_in_order_before_the_handlers() {
    let (addr, app) = server(|namespace| {
        namespace
            .on("event", write("handler"))
            .event_middleware(write("first"))
            .event_middleware(write("second"))
            .on_connect(async |socket: Socket, State(journal): State<Journal>| {
                socket.event_middleware(write_to(&journal, "third, of the socket"));
                socket.on("event", write_to(&journal, "handler of the socket"));
            })
            .on_any(write("any"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event"]"#).await;
    let passed = ["any", "first", "second", "third, of the socket"];
    app.journal.expect(passed).await;
    let handled = ["handler", "handler of the socket"];
    app.journal.expect(handled).await;
    client.send(r#"42["unhandled"]"#).await;
    app.journal.expect(passed).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn events_keep_their_order_in_ready_middleware() {
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(async || {})
            .on("numbered", number)
    })
    .await;
    let (mut client, _) = join(addr).await;
    for number in 0..500 {
        client.send(&format!(r#"42["numbered",{number}]"#)).await;
    }
    for number in 0..500 {
        app.journal.expect([number.to_string()]).await;
    }
}

#[tokio::test]
async fn a_waiting_event_does_not_delay_the_next_event() {
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(wait_for_even)
            .on("numbered", number)
    })
    .await;
    let (mut client, _) = join(addr).await;
    for number in 0..4 {
        client.send(&format!(r#"42["numbered",{number}]"#)).await;
    }
    app.journal.expect(["1", "3"]).await;
    app.gate.admit(2);
    let mut late = [app.journal.next().await, app.journal.next().await];
    late.sort();
    assert_eq!(late, ["0", "2"]);
}

#[tokio::test]
async fn a_waiting_event_delays_the_next_event_in_an_ordered_namespace() {
    let (addr, app) = server(|namespace| {
        namespace
            .ordered()
            .event_middleware(wait_for_even)
            .on("numbered", number)
    })
    .await;
    let (mut client, _) = join(addr).await;
    for number in 0..4 {
        client.send(&format!(r#"42["numbered",{number}]"#)).await;
    }
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
    app.gate.admit(1);
    app.journal.expect(["0", "1"]).await;
    settle(addr).await;
    assert!(app.journal.take().await.is_empty());
    app.gate.open();
    app.journal.expect(["2", "3"]).await;
}

#[tokio::test]
async fn a_renamed_event_reaches_the_handlers_of_its_new_name() {
    async fn rename(mut event: Event) -> Result<Event, EmitError> {
        if event.name() == "old" {
            event.set_name("new")?;
        }
        Ok(event)
    }
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(rename)
            .event_middleware(write("then"))
            .on("old", write("old"))
            .on("new", async |args: Args| Reply(args))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"427["old",1,{"a":[true]},"b"]"#).await;
    client.expect(r#"437[1,{"a":[true]},"b"]"#).await;
    client
        .send(r#"451-8["old",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(b"bytes").await;
    client
        .expect(r#"461-8[{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(b"bytes").await;
    app.journal.expect(["then", "then"]).await;
    assert!(app.journal.take().await.is_empty(), "`old` is not handled");
}

#[tokio::test]
async fn changed_arguments_reach_handlers_but_not_catch_all_listeners() {
    async fn double(mut event: Event) -> Result<Event, Rejection> {
        let number: u32 = event.args().deserialize().map_err(|_| "not a number")?;
        event.set_args(&(number * 2, "doubled"))?;
        Ok(event)
    }
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(double)
            .event_middleware(double)
            .on_any(async |args: Args, State(journal): State<Journal>| {
                journal.write(args.as_json());
            })
            .on(
                "event",
                async |Data((number, text)): Data<(u32, String)>| Reply((number, text)),
            )
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event",3]"#).await;
    client.expect(r#"430[12,"doubled"]"#).await;
    app.journal.expect([r#"["event",3]"#]).await;
}

/// Guards against middleware that creates events that clients cannot send.
#[tokio::test]
async fn event_middleware_cannot_set_a_reserved_name() {
    async fn rename(mut event: Event) -> Result<Event, EmitError> {
        event.set_name("disconnect")?;
        Ok(event)
    }
    let (addr, _) = server(|namespace| namespace.event_middleware(rename)).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    client
        .expect(r#"430[{"status":"Internal Server Error","error":"…"}]"#)
        .await;
}

#[tokio::test]
async fn a_rejected_event_is_answered_and_not_handled() {
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(async || Err::<(), _>("not now"))
            .event_middleware(write("after"))
            .on("event", write("handler"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event"]"#).await;
    assert_alive(&mut client).await;
    client.send(r#"429["event"]"#).await;
    client
        .expect(r#"439[{"status":"Bad Request","error":"not now"}]"#)
        .await;
    client.send(r#"421["unhandled"]"#).await;
    client
        .expect(r#"431[{"status":"Bad Request","error":"not now"}]"#)
        .await;
    assert!(app.journal.take().await.is_empty());
}

/// In Node, the socket emits `error` instead.
#[tokio::test]
async fn a_rejected_event_reaches_on_rejection() {
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(async || Err::<(), _>(Rejection::new("not now")))
            .on_rejection(
                async |rejection: Rejection, event: EventName, State(journal): State<Journal>| {
                    journal.write(format_args!("{event}: {rejection}"));
                    Reply("sorry")
                },
            )
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["a"]"#).await;
    client.send(r#"429["b"]"#).await;
    client.expect(r#"439["sorry"]"#).await;
    app.journal.expect(["a: not now", "b: not now"]).await;
}

#[tokio::test]
async fn panics_and_failed_extractors_are_rejections() {
    let panics = async |event: EventName| -> () {
        assert_ne!(event.as_str(), "panics", "on purpose");
    };
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(panics)
            .event_middleware(async |_: Data<u8>| {})
            .on("panics", write("handler"))
            .on("text", write("handler"))
            .on("number", async || Reply("handled"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["panics",1]"#).await;
    client
        .expect(r#"430[{"status":"Internal Server Error","error":"…"}]"#)
        .await;
    client.send(r#"421["text","1"]"#).await;
    client
        .expect(r#"431[{"status":"Bad Request","error":"…"}]"#)
        .await;
    client.send(r#"422["number",1]"#).await;
    client.expect(r#"432["handled"]"#).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn event_middleware_can_answer_once() {
    async fn cached(event: EventName, ack: Ack) -> Result<(), &'static str> {
        match event.as_str() {
            "cached" => {
                ack.send("from the cache");
                Err("already answered")
            }
            "answered" => {
                ack.send("first");
                Ok(())
            }
            _ => Ok(()),
        }
    }
    let (addr, _) = server(|namespace| {
        namespace
            .event_middleware(cached)
            .on("cached", async || Reply("from the handler"))
            .on("answered", async || Reply("second"))
            .on("event", async || Reply("from the handler"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["cached"]"#).await;
    client.expect(r#"430["from the cache"]"#).await;
    client.send(r#"421["answered"]"#).await;
    client.expect(r#"431["first"]"#).await;
    client.send(r#"422["event"]"#).await;
    client.expect(r#"432["from the handler"]"#).await;
    assert_alive(&mut client).await;
}

/// As in Node.
#[tokio::test]
async fn an_event_is_dropped_when_its_socket_leaves() {
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(async |State(app): State<App>, event: EventName| {
                app.journal.write(format_args!("{event} enters"));
                app.gate.pass().await;
                app.journal.write(format_args!("{event} passes"));
            })
            .on("event", write("handler"))
            .on_disconnect(async |State(journal): State<Journal>| journal.write("left"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event"]"#).await;
    app.journal.expect(["event enters"]).await;
    client.send("41").await;
    app.journal.expect(["left"]).await;
    app.gate.open();
    app.journal.expect(["event passes"]).await;
    settle(addr).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn an_event_is_dropped_when_middleware_disconnects_its_socket() {
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(async |socket: Socket| socket.disconnect())
            .on("event", write("handler"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    client.expect("41").await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

/// Guards against a client whose events pile up in middleware.
#[tokio::test]
async fn events_in_middleware_count_as_pending() {
    let wait = async |State(app): State<App>, Data(number): Data<u32>| {
        app.journal.write(number);
        app.gate.pass().await;
    };
    let builder = SocketIoLayer::builder().max_pending_events(2);
    let (addr, app) = server_of(builder, |namespace| namespace.event_middleware(wait)).await;
    let (mut client, _) = join(addr).await;
    for number in 0..4 {
        client.send(&format!(r#"42["event",{number}]"#)).await;
    }
    app.journal.expect(["0", "1"]).await;
    settle(addr).await;
    assert!(app.journal.take().await.is_empty());
    app.gate.admit(1);
    app.journal.expect(["2"]).await;
    app.gate.open();
    app.journal.expect(["3"]).await;
    assert_alive(&mut client).await;
}

/// The delay of an event does not delay the heartbeat.
#[tokio::test]
async fn event_middleware_can_delay_an_event() {
    let time = VirtualTime::start();
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(async |State(journal): State<Journal>| {
                journal.write("delayed");
                tokio::time::sleep(Duration::from_secs(5)).await;
            })
            .on("event", async || Reply("handled"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    app.journal.expect(["delayed"]).await;
    settle(addr).await;
    time.advance(Duration::from_secs(5)).await;
    client.expect(r#"430["handled"]"#).await;
}

#[tokio::test]
async fn events_queued_behind_their_connect_pass_event_middleware() {
    let (addr, app) = server(|namespace| {
        namespace
            .on_connect(async |socket: Socket, State(journal): State<Journal>| {
                socket.event_middleware(write_to(&journal, "of the socket"));
            })
            .on("event", write("handler"))
    })
    .await;
    let mut client = open(addr).await;
    client.send("40").await;
    client.send(r#"42["event"]"#).await;
    client.expect(r#"40{"sid":"…"}"#).await;
    app.journal.expect(["of the socket", "handler"]).await;
}

/// Waits at the gate if the first argument is even.
async fn wait_for_even(Data(number): Data<u32>, State(gate): State<Gate>) {
    if number.is_multiple_of(2) {
        gate.pass().await;
    }
}

async fn number(Data(number): Data<u32>, State(journal): State<Journal>) {
    journal.write(number);
}
