//! Tests the order in which handlers start.

use std::net::SocketAddr;

use axum::extract::{FromRef, State};
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, join_polling, open};
use e2e::sync::Gate;
use socketio::extract::{Data, EventName};
use socketio::{Reply, Socket, SocketIo, SocketIoLayer};
use socketio_testing::PollingClient;

#[derive(Clone, FromRef)]
struct App {
    journal: Journal,
    gate: Gate,
}

/// Guards against a task per event, because tasks run in any order.
#[tokio::test(flavor = "multi_thread")]
async fn handlers_start_in_order_of_arrival() {
    const EVENTS: usize = 20_000;
    let (addr, io, app) = server().await;
    io.of("/").on("numbered", numbered);
    let (mut client, _) = join(addr).await;
    let sending = tokio::spawn(async move {
        for number in 0..EVENTS {
            client.send(&format!(r#"42["numbered",{number}]"#)).await;
        }
        client
    });
    for number in 0..EVENTS {
        app.journal.expect([number.to_string()]).await;
    }
    let mut client = sending.await.expect("the client does not panic");
    assert_alive(&mut client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_of_posted_events_start_in_order_of_arrival() {
    const EVENTS: usize = 5_000;
    let (addr, io, app) = server().await;
    io.of("/").on("numbered", numbered);
    let (polling, _) = join_polling(addr).await;
    for part in 0..5 {
        let events: Vec<_> = (part * EVENTS / 5..(part + 1) * EVENTS / 5)
            .map(|number| format!(r#"42["numbered",{number}]"#))
            .collect();
        polling.send(&events.join("\u{1e}")).await;
    }
    for number in 0..EVENTS {
        app.journal.expect([number.to_string()]).await;
    }
}

#[tokio::test]
async fn a_waiting_handler_does_not_block_the_next() {
    let (addr, io, app) = server().await;
    io.of("/").on("numbered", numbered).on("wait", wait);
    let (mut client, _) = join(addr).await;
    client.send(r#"420["wait",0]"#).await;
    client.send(r#"42["numbered",1]"#).await;
    app.journal.expect(["wait 0", "1"]).await;
    app.gate.open();
    client.expect("430[0]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ordered_handlers_run_sequentially() {
    const EVENTS: usize = 3_000;
    let (addr, io, app) = server().await;
    let slow = async |Data(number): Data<usize>, State(journal): State<Journal>| {
        journal.write(format_args!("begin {number}"));
        yield_some_times(number).await;
        journal.write(format_args!("end {number}"));
    };
    io.of("/").ordered().on("slow", slow);
    let (mut client, _) = join(addr).await;
    let sending = tokio::spawn(async move {
        for number in 0..EVENTS {
            client.send(&format!(r#"42["slow",{number}]"#)).await;
        }
        client
    });
    for number in 0..EVENTS {
        let entries = [format!("begin {number}"), format!("end {number}")];
        app.journal.expect(entries).await;
    }
    sending.await.expect("the client does not panic");
}

#[tokio::test]
async fn ordered_handlers_do_not_wait_for_other_sockets() {
    let (addr, io, app) = server().await;
    io.of("/")
        .ordered()
        .on("numbered", numbered)
        .on("wait", wait);
    let (mut client, _) = join(addr).await;
    let (mut other, _) = join(addr).await;
    client.send(r#"42["wait",0]"#).await;
    client.send(r#"42["numbered",2]"#).await;
    app.journal.expect(["wait 0"]).await;
    assert_alive(&mut client).await;
    other.send(r#"42["numbered",1]"#).await;
    app.journal.expect(["1"]).await;
    app.gate.open();
    app.journal.expect(["2"]).await;
}

#[tokio::test]
async fn ordered_handlers_continue_after_a_failure() {
    let (addr, io, app) = server().await;
    io.of("/")
        .ordered()
        .on("numbered", numbered)
        .on("wait", wait)
        .on("panics", async || -> () { panic!("on purpose") });
    let (mut client, _) = join(addr).await;
    client.send(r#"42["wait",0]"#).await;
    client.send(r#"42["panics"]"#).await;
    client.send(r#"42["numbered","not a number"]"#).await;
    client.send(r#"42["numbered",1]"#).await;
    app.journal.expect(["wait 0"]).await;
    app.gate.open();
    app.journal.expect(["1"]).await;
}

#[tokio::test]
async fn ordered_handlers_wait_for_the_connect_handler() {
    let (addr, io, app) = server().await;
    let slow = async |State(app): State<App>| {
        app.journal.write("connected");
        app.gate.pass().await;
        app.journal.write("ready");
    };
    io.of("/")
        .ordered()
        .on_connect(slow)
        .on("numbered", numbered);
    let (mut client, _) = join(addr).await;
    client.send(r#"42["numbered",1]"#).await;
    app.journal.expect(["connected"]).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
    app.gate.open();
    app.journal.expect(["ready", "1"]).await;
}

#[tokio::test]
async fn events_after_their_connect_wait_for_it() {
    let (addr, io, app) = server().await;
    block_in_middleware(&io);
    let mut client = open(addr).await;
    client.send("40").await;
    for number in 0..100 {
        client.send(&format!(r#"42["numbered",{number}]"#)).await;
    }
    app.journal.expect(["middleware started"]).await;
    // Packets for other namespaces are not delayed.
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
    app.gate.open();
    app.journal.expect(["connected"]).await;
    for number in 0..100 {
        app.journal.expect([number.to_string()]).await;
    }
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send(r#"42["numbered",100]"#).await;
    app.journal.expect(["100"]).await;
}

#[tokio::test]
async fn events_after_their_connect_in_one_payload_wait_for_it() {
    let (addr, io, app) = server().await;
    block_in_middleware(&io);
    let mut polling = PollingClient::handshake(addr).await;
    let events: String = (0..100)
        .map(|number| format!("\u{1e}42[\"numbered\",{number}]"))
        .collect();
    polling.send(&format!("40{events}")).await;
    app.journal.expect(["middleware started"]).await;
    polling.send(r#"42["numbered",100]"#).await;
    app.gate.open();
    app.journal.expect(["connected"]).await;
    for number in 0..=100 {
        app.journal.expect([number.to_string()]).await;
    }
    polling.expect(r#"40{"sid":"…"}"#).await;
}

#[tokio::test]
async fn events_after_a_refused_connect_are_not_handled() {
    let (addr, io, app) = server().await;
    io.of("/")
        .middleware(async |State(gate): State<Gate>| {
            gate.pass().await;
            Err::<(), _>("no")
        })
        .on("numbered", numbered);
    let mut client = open(addr).await;
    client.send("40").await;
    client.send(r#"42["numbered",0]"#).await;
    assert_alive(&mut client).await;
    app.gate.open();
    client.expect(r#"44{"message":"no"}"#).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

/// Guards against handlers that are registered after the client has received its answer.
#[tokio::test(flavor = "multi_thread")]
async fn events_sent_right_after_the_connect_answer_are_handled() {
    const CLIENTS: usize = 20;
    const EVENTS: usize = 1_000;
    let (addr, io, app) = server().await;
    let connected = async |socket: Socket| {
        // Joining a room before the connect handler has ended must not affect the order.
        socket.join("all");
        yield_some_times(3).await;
    };
    io.of("/").on_connect(connected).on("numbered", numbered);
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let events: Vec<_> = (client * EVENTS..(client + 1) * EVENTS)
            .map(|number| format!(r#"42["numbered",{number}]"#))
            .collect();
        clients.spawn(async move {
            let mut client = open(addr).await;
            client.send("40").await;
            client.expect(r#"40{"sid":"…"}"#).await;
            for event in events {
                client.send(&event).await;
            }
            assert_alive(&mut client).await;
        });
    }
    while let Some(client) = clients.join_next().await {
        client.expect("no client panics");
    }
    let mut numbers = Vec::new();
    for _ in 0..CLIENTS * EVENTS {
        let number: usize = app.journal.next().await.parse().expect("a number");
        numbers.push(number);
    }
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..CLIENTS * EVENTS));
}

#[tokio::test]
async fn handlers_of_one_event_start_in_order_of_registration() {
    let (addr, io, app) = server().await;
    for name in ["first", "second", "third"] {
        io.of("/")
            .on("event", async move |State(journal): State<Journal>| {
                journal.write(name);
                tokio::task::yield_now().await;
            });
    }
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event"]"#).await;
    app.journal.expect(["first", "second", "third"]).await;
    // A handler that is added later receives later events.
    io.of("/")
        .on("event", async |State(journal): State<Journal>| {
            journal.write("fourth");
        });
    client.send(r#"42["event"]"#).await;
    app.journal
        .expect(["first", "second", "third", "fourth"])
        .await;
}

/// Guards against comparing escaped names.
#[tokio::test]
async fn an_event_matches_an_escaped_name() {
    let (addr, io, app) = server().await;
    for name in ["naïve \"quoted\" \\ \n", "", "0", "😀"] {
        io.of("/").on(
            name,
            async |name: EventName, State(journal): State<Journal>| {
                journal.write(name);
            },
        );
    }
    let (mut client, _) = join(addr).await;
    for (written, name) in [
        (r#""naïve \"quoted\" \\ \n""#, "naïve \"quoted\" \\ \n"),
        (
            r#""\u006e\u0061\u00efve\u0020\u0022quoted\u0022 \u005c\u0020\u000a""#,
            "naïve \"quoted\" \\ \n",
        ),
        (r#""""#, ""),
        (r#""\u0030""#, "0"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""😀""#, "😀"),
    ] {
        client.send(&format!("42[{written}]")).await;
        app.journal.expect([name]).await;
    }
    assert_alive(&mut client).await;
}

async fn server() -> (SocketAddr, SocketIo<App>, App) {
    let app = App {
        journal: Journal::new(),
        gate: Gate::closed(),
    };
    let layer = SocketIoLayer::with_state(app.clone());
    let io = layer.io();
    (serve(layer).await, io, app)
}

/// Adds middleware that waits until the gate is open.
fn block_in_middleware(io: &SocketIo<App>) {
    let block_in_middleware = async |State(app): State<App>| {
        app.journal.write("middleware started");
        app.gate.pass().await;
        Ok::<(), &str>(())
    };
    let connected = async |State(journal): State<Journal>| {
        journal.write("connected");
        yield_some_times(3).await;
    };
    io.of("/")
        .middleware(block_in_middleware)
        .on_connect(connected)
        .on("numbered", numbered);
}

async fn numbered(Data(number): Data<usize>, State(journal): State<Journal>) {
    journal.write(number);
    yield_some_times(number).await;
}

async fn wait(Data(number): Data<usize>, State(app): State<App>) -> Reply<usize> {
    app.journal.write(format_args!("wait {number}"));
    app.gate.pass().await;
    Reply(number)
}

/// Yields a pseudo-random number of times.
async fn yield_some_times(number: usize) {
    for _ in 0..number.wrapping_mul(2_654_435_761) % 7 {
        tokio::task::yield_now().await;
    }
}
