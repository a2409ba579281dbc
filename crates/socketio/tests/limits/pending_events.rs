//! Tests the limit on unfinished handlers of one client: at the limit, the server stops reading
//! from it and loses no event.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{FromRef, State};
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, assert_polling_alive, join, join_polling, open, settle};
use e2e::sync::{Gate, VirtualTime, eventually};
use socketio::extract::Data;
use socketio::{DisconnectReason, Socket, SocketIo, SocketIoBuilder, SocketIoLayer};
use socketio_testing::{HttpConnection, PollingClient, Request, WsClient, within};
use tokio::task::JoinHandle;

const PING_INTERVAL: Duration = Duration::from_secs(25);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// The number of events in the large conversations, of 900 kB each.
const LARGE_EVENTS: usize = 40;

#[derive(Clone, FromRef)]
struct App {
    journal: Journal,
    gate: Gate,
    running: Running,
}

impl App {
    fn new() -> Self {
        Self {
            journal: Journal::new(),
            gate: Gate::closed(),
            running: Running::default(),
        }
    }
}

/// The current and the highest number of running handlers.
#[derive(Clone, Default)]
struct Running(Arc<[AtomicUsize; 2]>);

impl Running {
    fn begin(&self) {
        let running = self.0[0].fetch_add(1, Ordering::SeqCst) + 1;
        self.0[1].fetch_max(running, Ordering::SeqCst);
    }

    fn end(&self) {
        self.0[0].fetch_sub(1, Ordering::SeqCst);
    }

    fn current(&self) -> usize {
        self.0[0].load(Ordering::SeqCst)
    }

    fn peak(&self) -> usize {
        self.0[1].load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn below_the_limit_the_server_reads_events() {
    let (addr, _, app) = server(events(4)).await;
    let (mut client, _) = join(addr).await;
    for number in 0..3 {
        client.send(&format!(r#"42["wait",{number}]"#)).await;
        app.journal.expect([number.to_string()]).await;
    }
    assert_alive(&mut client).await;
    assert_eq!(app.running.current(), 3);
}

#[tokio::test]
async fn at_the_limit_the_server_waits_until_a_handler_finishes() {
    let (addr, _, app) = server(events(4)).await;
    let (mut client, _) = join(addr).await;
    for number in 0..20 {
        client.send(&format!(r#"42["wait",{number}]"#)).await;
    }
    app.journal.expect(["0", "1", "2", "3"]).await;
    for number in 4..20 {
        // Other clients are not delayed.
        settle(addr).await;
        assert!(app.journal.take().await.is_empty());
        app.gate.admit(1);
        app.journal.expect([number.to_string()]).await;
    }
    assert_eq!(app.running.peak(), 4);
    app.gate.open();
    assert_alive(&mut client).await;
    assert_eq!(app.running.current(), 0);
}

/// Guards against a server that reads more than it can process.
#[tokio::test]
async fn at_the_limit_the_writes_of_a_websocket_back_up() {
    let (addr, _, app) = server(events(4)).await;
    let (client, _) = join(addr).await;
    let (writing, written) = write_a_lot(client, r#"42["wait""#);
    app.journal.expect(["0", "1", "2", "3"]).await;
    assert_backed_up(addr, &written).await;
    assert_eq!(app.running.peak(), 4);
    app.gate.open();
    for number in 4..LARGE_EVENTS {
        app.journal.expect([number.to_string()]).await;
    }
    let mut client = writing.await.expect("the client does not panic");
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn at_the_limit_a_post_is_not_answered() {
    let (addr, _, app) = server(events(4)).await;
    let (mut polling, _) = join_polling(addr).await;
    let events: Vec<_> = (0..10)
        .map(|number| format!(r#"42["wait",{number}]"#))
        .collect();
    let mut connection = HttpConnection::open(addr).await;
    let post = Request::post(&polling.target(), events.join("\u{1e}"));
    let mut answer = tokio::spawn(async move { connection.exchange(&post).await });
    app.journal.expect(["0", "1", "2", "3"]).await;
    settle(addr).await;
    assert!(!answer.is_finished());
    assert!(app.journal.take().await.is_empty());
    app.gate.open();
    within("the answer", &mut answer)
        .await
        .expect("no panic")
        .assert(200, "ok");
    app.journal.expect(["4", "5", "6", "7", "8", "9"]).await;
    assert_polling_alive(&mut polling).await;
}

/// Guards against an unlimited number of concurrent handlers.
#[tokio::test(flavor = "multi_thread")]
async fn the_default_limit_is_1024_unfinished_handlers() {
    const EVENTS: usize = 20_000;
    let (addr, _, app) = server(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    let writing = tokio::spawn(async move {
        for number in 0..EVENTS {
            client.send(&format!(r#"42["wait",{number}]"#)).await;
        }
        client
    });
    eventually("the maximum number of handlers", || {
        app.running.current() == 1_024
    })
    .await;
    app.gate.open();
    for number in 0..EVENTS {
        app.journal.expect([number.to_string()]).await;
    }
    assert_eq!(app.running.peak(), 1_024);
    let mut client = writing.await.expect("the client does not panic");
    assert_alive(&mut client).await;
}

/// The client is not read while too many of its handlers are unfinished, and has sent more.
#[tokio::test]
async fn a_disconnect_is_noticed_although_events_are_unread() {
    for resets in [false, true] {
        let (addr, io, app) = server(events(4)).await;
        io.of("/").on_disconnect(
            async |reason: DisconnectReason, State(journal): State<Journal>| {
                journal.write(reason);
            },
        );
        let (mut client, _) = join(addr).await;
        for number in 0..100 {
            client.send(&format!(r#"42["wait",{number}]"#)).await;
        }
        app.journal.expect(["0", "1", "2", "3"]).await;
        settle(addr).await;
        // More arrives while the server does not read.
        for number in 100..200 {
            client.send(&format!(r#"42["wait",{number}]"#)).await;
        }
        settle(addr).await;
        if resets {
            client.reset();
        } else {
            drop(client);
        }
        app.journal.expect(["transport close"]).await;
        assert_eq!(app.running.current(), 4);
        app.gate.open();
    }
}

#[tokio::test]
async fn queued_ordered_events_count() {
    let (addr, io, app) = server(events(4)).await;
    io.of("/").ordered();
    let (mut client, _) = join(addr).await;
    for number in 0..3 {
        client.send(&format!(r#"42["wait",{number}]"#)).await;
    }
    assert_alive(&mut client).await;
    let (writing, written) = write_a_lot(client, r#"42["wait""#);
    assert_backed_up(addr, &written).await;
    app.journal.expect(["0"]).await;
    assert_eq!(app.running.peak(), 1);
    app.gate.open();
    app.journal.expect(["1", "2"]).await;
    for number in 0..LARGE_EVENTS {
        app.journal.expect([number.to_string()]).await;
    }
    let mut client = writing.await.expect("the client does not panic");
    assert_alive(&mut client).await;
}

/// Guards against unlimited memory for packets that follow a CONNECT in middleware.
#[tokio::test]
async fn events_queued_behind_middleware_count() {
    let (addr, _, app) = server(events(4)).await;
    let mut client = open(addr).await;
    client.send("40/slow").await;
    let (writing, written) = write_a_lot(client, r#"42/slow,["write""#);
    assert_backed_up(addr, &written).await;
    app.gate.open();
    for number in 0..LARGE_EVENTS {
        app.journal.expect([number.to_string()]).await;
    }
    let mut client = writing.await.expect("the client does not panic");
    client.expect(r#"40/slow,{"sid":"…"}"#).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_limit_of_one_runs_handlers_sequentially() {
    let (addr, _, app) = server(events(1)).await;
    let mut polling = PollingClient::handshake(addr).await;
    app.gate.open();
    polling.send("40").await;
    polling.expect("40{…}").await;
    for number in 0..10 {
        polling.send(&format!(r#"42["wait",{number}]"#)).await;
        app.journal.expect([number.to_string()]).await;
    }
    assert_eq!(app.running.peak(), 1);
}

/// Writes numbered events of 36 MB in total, more than the socket buffers hold for a server that
/// does not read. Returns the task that writes, which returns the client, and the number of events
/// written so far.
fn write_a_lot(
    mut client: WsClient,
    begin: &'static str,
) -> (JoinHandle<WsClient>, Arc<AtomicUsize>) {
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let writing = tokio::spawn(async move {
        let text = "x".repeat(900_000);
        for number in 0..LARGE_EVENTS {
            client.send(&format!(r#"{begin},{number},"{text}"]"#)).await;
            count.fetch_add(1, Ordering::SeqCst);
        }
        client
    });
    (writing, written)
}

/// Asserts that the client is blocked before it has written everything.
async fn assert_backed_up(addr: SocketAddr, written: &AtomicUsize) {
    loop {
        let before = written.load(Ordering::SeqCst);
        settle(addr).await;
        let now = written.load(Ordering::SeqCst);
        if before > 0 && before == now {
            break assert!(now < LARGE_EVENTS, "the server read everything");
        }
    }
}

/// Guards against a ping timeout while the server does not read the pong.
#[tokio::test]
async fn a_client_does_not_time_out_while_the_server_does_not_read() {
    let time = VirtualTime::start();
    let (addr, _, app) = server(events(1)).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["wait",0]"#).await;
    client.send(r#"42["wait",1]"#).await;
    app.journal.expect(["0"]).await;
    time.advance(PING_INTERVAL).await;
    client.expect("2").await;
    client.send("3").await;
    for _ in 0..10 {
        time.advance(PING_TIMEOUT).await;
        settle(addr).await;
    }
    app.gate.open();
    app.journal.expect(["1"]).await;
    assert_alive(&mut client).await;
}

/// Guards against handlers that wait forever for packets that the server does not read, and against
/// clients that have disconnected meanwhile.
#[tokio::test]
async fn a_client_blocked_at_the_limit_is_eventually_disconnected() {
    let time = VirtualTime::start();
    let (addr, io, _) = server(events(2)).await;
    let ask = async |socket: Socket, State(journal): State<Journal>| {
        let answer = socket.emit_with_ack::<()>("question", "").await;
        journal.write(answer.is_ok());
    };
    io.of("/").on("ask", ask);
    let journal = io.state().journal.clone();
    // The answers follow an event whose handler waits for them.
    let (mut stays, _) = join(addr).await;
    let (mut disconnects, _) = join(addr).await;
    for client in [&mut stays, &mut disconnects] {
        for _ in 0..3 {
            client.send(r#"42["ask"]"#).await;
        }
        for _ in 0..2 {
            let question = client.expect(r#"42…["question",""]"#).await;
            let answer = question
                .replacen("42", "43", 1)
                .replace(r#""question","""#, "");
            client.send(&answer).await;
        }
    }
    settle(addr).await;
    assert!(journal.take().await.is_empty());
    disconnects.reset();
    journal.expect(["false"; 2]).await;
    // Ten minutes, a few of the heartbeat checks.
    for _ in 0..32 {
        time.advance(PING_TIMEOUT).await;
        settle(addr).await;
    }
    journal.expect(["false"; 2]).await;
    eventually("no client", || io.clients_count() == 0).await;
    assert!(io.of("/").sockets().is_empty());
}

/// Guards against few events that occupy much memory.
#[tokio::test]
async fn the_bytes_of_unfinished_events_are_limited() {
    let (addr, _, app) = server(bytes(4_000)).await;
    let (mut client, _) = join(addr).await;
    // Below the limit, the server reads events.
    for number in 0..3 {
        client.send(&event_of(1_333, number)).await;
        app.journal.expect([number.to_string()]).await;
    }
    assert_alive(&mut client).await;
    // One more byte reaches the limit.
    for number in 3..20 {
        client.send(&event_of(1_000, number)).await;
    }
    app.journal.expect(["3"]).await;
    for number in 4..20 {
        settle(addr).await;
        assert!(app.journal.take().await.is_empty());
        app.gate.admit(1);
        app.journal.expect([number.to_string()]).await;
    }
    app.gate.open();
    assert_alive(&mut client).await;
    assert_eq!(app.running.current(), 0);
}

#[tokio::test]
async fn an_event_over_the_byte_limit_runs_alone() {
    let (addr, _, app) = server(bytes(1)).await;
    let (mut polling, _) = join_polling(addr).await;
    app.gate.open();
    for number in 0..10 {
        polling.send(&event_of(1_000, number)).await;
        app.journal.expect([number.to_string()]).await;
    }
    assert_polling_alive(&mut polling).await;
    assert_eq!(app.running.peak(), 1);
}

/// Guards against a client that is never resumed when its handlers finish concurrently.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_resumes_when_its_handlers_finish_concurrently() {
    const EVENTS: usize = 20_000;
    let (addr, _, app) = server(events(2)).await;
    app.gate.open();
    let (mut client, _) = join(addr).await;
    let sending = tokio::spawn(async move {
        for number in 0..EVENTS {
            client.send(&format!(r#"42["yield",{number}]"#)).await;
        }
        client
    });
    for number in 0..EVENTS {
        app.journal.expect([number.to_string()]).await;
    }
    let mut client = sending.await.expect("the client does not panic");
    assert_alive(&mut client).await;
    assert!(app.running.peak() <= 2);
}

/// Starts a server whose handler of `wait` waits at the gate.
async fn server(builder: SocketIoBuilder) -> (SocketAddr, SocketIo<App>, App) {
    let app = App::new();
    let layer = builder.with_state(app.clone()).build();
    let io = layer.io();
    register(&io);
    (serve(layer).await, io, app)
}

fn events(limit: usize) -> SocketIoBuilder {
    SocketIoLayer::builder().max_pending_events(limit)
}

fn bytes(limit: usize) -> SocketIoBuilder {
    SocketIoLayer::builder().max_pending_bytes(limit)
}

fn register(io: &SocketIo<App>) {
    io.of("/").on("wait", wait).on("yield", yield_once);
    let block = async |State(gate): State<Gate>| {
        gate.pass().await;
        Ok::<(), &str>(())
    };
    let write = async |Data(number): Data<usize>, State(journal): State<Journal>| {
        journal.write(number);
    };
    io.of("/slow").middleware(block).on("write", write);
}

async fn wait(Data(number): Data<usize>, State(app): State<App>) {
    app.running.begin();
    app.journal.write(number);
    app.gate.pass().await;
    app.running.end();
}

async fn yield_once(Data(number): Data<usize>, State(app): State<App>) {
    app.running.begin();
    app.journal.write(number);
    tokio::task::yield_now().await;
    app.running.end();
}

/// Returns an event whose arguments and name have this size in bytes.
fn event_of(bytes: usize, number: usize) -> String {
    let json = format!(r#"["wait",{number},""]"#);
    let text = "x".repeat(bytes - json.len());
    format!(r#"42["wait",{number},"{text}"]"#)
}
