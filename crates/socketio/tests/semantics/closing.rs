//! Tests the shutdown of the server.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use e2e::app::{serve, serve_recording_disconnects, serve_router};
use e2e::probes::Journal;
use e2e::session::{WEBSOCKET, join, join_polling, open, settle};
use e2e::sync::{Gate, VirtualTime, eventually};
use parking_lot::Mutex;
use socketio::adapter::{
    AckCollector, Adapter, AdapterError, Answers, Args, BroadcastOptions, LocalSockets, Packet,
    RemoteSocketInfo, RoomList,
};
use socketio::{Socket, SocketIo, SocketIoLayer};
use socketio_testing::{PollingClient, Request, WsClient, within};
use tokio::sync::Notify;

const DEADLINE: Duration = Duration::from_secs(5);

/// Guards against connections that are not closed because they have joined no namespace.
#[tokio::test]
async fn close_disconnects_all_clients() {
    let (addr, io, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut joined, _) = join(addr).await;
    let mut not_joined = open(addr).await;
    let (mut left, _) = join(addr).await;
    left.send("41").await;
    journal.expect(["client namespace disconnect"]).await;
    let polling = PollingClient::handshake(addr).await;
    let pending = polling.begin_get().await;
    let (without_poll, _) = join_polling(addr).await;
    settle(addr).await;

    let closing = tokio::spawn(async move {
        io.close().await;
        io.clients_count()
    });
    joined.expect_close(None).await;
    not_joined.expect_close(None).await;
    left.expect_close(None).await;
    pending.expect("1").await;
    // As in Node: a session without queued packets does not wait for a poll.
    without_poll.expect_gone().await;
    polling.expect_gone().await;
    let clients = within("the shutdown", closing).await.expect("no panic");
    assert_eq!(clients, 0);
    journal
        .expect(["server shutting down", "server shutting down"])
        .await;
}

#[tokio::test]
async fn a_closed_server_rejects_new_clients() {
    let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    within("the shutdown", io.close()).await;
    for _ in 0..2 {
        let request = Request::get("/socket.io/?EIO=4&transport=polling");
        request.send(addr).await.assert(503, "…connect again later");
        let request = Request::websocket(WEBSOCKET);
        WsClient::try_connect(addr, &request)
            .await
            .expect_err("the upgrade is rejected")
            .assert(503, "…connect again later");
    }
    assert_eq!(io.clients_count(), 0);
}

#[tokio::test]
async fn a_closed_server_keeps_serving_other_routes() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let app = Router::new().route("/", get(async || "home")).layer(layer);
    let addr = serve_router(app).await;
    within("the shutdown", io.close()).await;
    Request::get("/").send(addr).await.assert(200, "home");
}

#[tokio::test]
async fn close_sends_queued_packets_first() {
    let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    for number in 0..1_000 {
        io.emit("numbered", &number);
    }
    let closing = tokio::spawn(async move { io.close().await });
    for number in 0..1_000 {
        client.expect(&format!(r#"42["numbered",{number}]"#)).await;
        polling.expect(&format!(r#"42["numbered",{number}]"#)).await;
    }
    client.expect_close(None).await;
    // As in Node: clients handle a close packet before the messages of its payload.
    polling.expect_gone().await;
    within("the shutdown", closing).await.expect("no panic");
}

/// Guards against a shutdown that waits for a client that does not read.
#[tokio::test]
async fn close_within_does_not_wait_for_clients_that_do_not_read() {
    let time = VirtualTime::start();
    let builder = SocketIoLayer::builder().max_outbound_bytes(100_000_000);
    let (addr, io, journal) = serve_recording_disconnects(builder).await;
    let (_not_reading, id) = join(addr).await;
    let not_reading = io.of("/").socket(&id).expect("the socket");
    let (_not_polling, polling_id) = join_polling(addr).await;
    let not_polling = io.of("/").socket(&polling_id).expect("the socket");
    not_polling.emit("event", "waits for a poll");
    let (mut reading, _) = join(addr).await;
    // More than the socket buffers hold for a client that does not read.
    let text = "x".repeat(900_000);
    for _ in 0..40 {
        not_reading.emit("event", &text);
    }
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close_within(DEADLINE).await }
    });
    // Clients that read are closed without delay.
    reading.expect_close(None).await;
    // Disconnect handlers do not wait for the packets of their clients, as in Node.
    journal.expect(["server shutting down"; 3]).await;
    settle_without_sessions(addr).await;
    time.advance(DEADLINE - Duration::from_millis(100)).await;
    settle_without_sessions(addr).await;
    assert!(!closing.is_finished());
    assert_eq!(io.clients_count(), 2);

    time.advance(Duration::from_millis(100)).await;
    eventually("the shutdown", || closing.is_finished()).await;
    assert_eq!(io.clients_count(), 0);
    assert!(io.of("/").sockets().is_empty());
}

#[tokio::test]
async fn close_disconnects_clients_in_middleware() {
    let time = VirtualTime::start();
    let (addr, io, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    io.of("/slow")
        .middleware(async |State(journal): State<Journal>| {
            journal.write("middleware started");
            std::future::pending::<Result<(), &str>>().await
        });
    let mut client = open(addr).await;
    client.send("40/slow,").await;
    journal.expect(["middleware started"]).await;
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close_within(DEADLINE).await }
    });
    client.expect_close(None).await;
    settle_without_sessions(addr).await;
    time.advance(DEADLINE).await;
    let closed = within("the shutdown", closing).await.expect("no panic");
    assert_eq!(closed.cancelled, 1);
    assert!(io.of("/slow").sockets().is_empty());
}

/// A handler that waits at the gate. It records its start, its end, and whether it was cancelled.
async fn waits(kind: &str, journal: &Journal, gate: &Gate) {
    struct Ends<'a>(&'a str, &'a Journal, bool);
    impl Drop for Ends<'_> {
        fn drop(&mut self) {
            let Self(kind, journal, finished) = self;
            let end = if *finished {
                "finished"
            } else {
                "was cancelled"
            };
            journal.write(format!("{kind} {end}"));
        }
    }
    let mut ends = Ends(kind, journal, false);
    gate.pass().await;
    ends.2 = true;
}

const ALL_KINDS: [&str; 4] = ["connect", "disconnect", "event", "middleware"];

async fn sorted(journal: &Journal) -> Vec<String> {
    let mut entries = journal.take().await;
    entries.sort_unstable();
    entries
}

/// Serves a namespace with handlers of all kinds that wait at a gate, and starts all of them except
/// the disconnect handler.
async fn serve_waiting_handlers() -> (SocketAddr, SocketIo, Journal, Gate, [WsClient; 2]) {
    type Shared = State<(Journal, Gate)>;
    let (journal, gate) = (Journal::default(), Gate::closed());
    let layer = SocketIoLayer::with_state((journal.clone(), gate.clone()));
    let io = layer.io();
    io.of("/")
        .on_connect(async |State((journal, gate)): Shared| waits("connect", &journal, &gate).await)
        .on("event", async |State((journal, gate)): Shared| {
            waits("event", &journal, &gate).await
        })
        .on_disconnect(async |_: Socket, State((journal, gate)): Shared| {
            waits("disconnect", &journal, &gate).await;
        });
    io.of("/slow")
        .middleware(async |State((journal, gate)): Shared| -> Result<(), &str> {
            journal.write("middleware started");
            waits("middleware", &journal, &gate).await;
            Ok(())
        })
        .on_connect(async |State((journal, _)): Shared| journal.write("accepted"));
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event"]"#).await;
    let mut joining = open(addr).await;
    joining.send("40/slow,").await;
    journal.expect(["middleware started"]).await;
    settle(addr).await;
    (addr, io.with_state(()), journal, gate, [client, joining])
}

#[tokio::test]
async fn close_waits_for_handlers() {
    let (addr, io, journal, gate, [mut client, mut joining]) = serve_waiting_handlers().await;
    let closing = tokio::spawn(async move { io.close().await });
    client.send(r#"42["event"]"#).await;
    client.expect_close(None).await;
    joining.expect_close(None).await;
    settle_without_sessions(addr).await;
    assert!(!closing.is_finished());
    gate.open();
    let closed = within("the shutdown", closing).await.expect("no panic");
    assert_eq!(closed.cancelled, 0);
    // The second event is refused, as are clients whose middleware finishes now.
    assert_eq!(
        sorted(&journal).await,
        ALL_KINDS.map(|kind| format!("{kind} finished"))
    );
}

#[tokio::test]
async fn close_cancels_handlers_at_the_bound() {
    let time = VirtualTime::start();
    let (addr, io, journal, _gate, [mut client, mut joining]) = serve_waiting_handlers().await;
    let closing = tokio::spawn(async move { io.close_within(DEADLINE).await });
    client.expect_close(None).await;
    joining.expect_close(None).await;
    time.advance(DEADLINE - Duration::from_millis(100)).await;
    settle_without_sessions(addr).await;
    assert!(!closing.is_finished());
    time.advance(Duration::from_millis(100)).await;
    let closed = within("the shutdown", closing).await.expect("no panic");
    assert_eq!(closed.cancelled, 4);
    assert_eq!(
        sorted(&journal).await,
        ALL_KINDS.map(|kind| format!("{kind} was cancelled"))
    );
}

/// Guards against handlers that start while the adapters close and outlive the server.
#[tokio::test]
async fn close_cancels_handlers_that_start_late() {
    let started = Arc::new(Notify::new());
    let notify = Arc::clone(&started);
    let factory = move |_: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
        let started = Arc::clone(&notify);
        Arc::new(BusyAdapter { local, started })
    };
    let journal = Journal::default();
    let layer = SocketIoLayer::builder()
        .adapter(factory)
        .with_state((journal.clone(), Gate::closed(), started))
        .build();
    let io = layer.io();
    type Started = State<(Journal, Gate, Arc<Notify>)>;
    io.of("/")
        .on_server_event("late", async |State((journal, gate, started)): Started| {
            started.notify_one();
            waits("late", &journal, &gate).await;
        });
    let closed = within("the shutdown", io.close_within(Duration::ZERO)).await;
    assert_eq!(closed.cancelled, 1);
    journal.expect(["late was cancelled"]).await;
}

/// An adapter that receives an event of another server while it closes.
struct BusyAdapter {
    local: Arc<dyn LocalSockets>,
    started: Arc<Notify>,
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Adapter for BusyAdapter {
    fn close(&self) -> BoxFuture<'_, Result<(), AdapterError>> {
        let event = Args::from_serialize(Some("late"), &()).expect("an event");
        self.local.server_side_event(event, None);
        Box::pin(async {
            self.started.notified().await;
            Ok(())
        })
    }

    fn broadcast(&self, _: Packet, _: BroadcastOptions) {}

    fn broadcast_with_ack(&self, _: Packet, _: BroadcastOptions) -> Answers {
        AckCollector::with_answers().1
    }

    fn add_sockets(&self, _: BroadcastOptions, _: RoomList) {}

    fn del_sockets(&self, _: BroadcastOptions, _: RoomList) {}

    fn disconnect_sockets(&self, _: BroadcastOptions, _: bool) {}

    fn fetch_sockets(
        &self,
        _: BroadcastOptions,
    ) -> BoxFuture<'_, Result<Vec<RemoteSocketInfo>, AdapterError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

/// A handler that waited for itself would be cancelled.
#[tokio::test]
async fn a_handler_can_close_the_server() {
    let layer = SocketIoLayer::with_state(Journal::default());
    let io = layer.io();
    let journal = io.state().clone();
    io.of("/").on(
        "close",
        async |io: SocketIo, State(journal): State<Journal>| {
            let closed = io.close().await;
            journal.write(format!("{} cancelled", closed.cancelled));
        },
    );
    let addr = serve(layer).await;
    let (mut first, _) = join(addr).await;
    let (mut second, _) = join(addr).await;
    first.send(r#"42["close"]"#).await;
    second.send(r#"42["close"]"#).await;
    first.expect_close(None).await;
    second.expect_close(None).await;
    journal.expect(["0 cancelled"]).await;
}

/// Such a handler cannot be cancelled.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn close_ends_although_a_handler_blocks_its_thread() {
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Arc::new(Mutex::new(blocked));
    let journal = Journal::default();
    let layer = SocketIoLayer::with_state((journal.clone(), blocked));
    let io = layer.io();
    type Blocked = State<(Journal, Arc<Mutex<mpsc::Receiver<()>>>)>;
    io.of("/")
        .on("block", async |State((journal, blocked)): Blocked| {
            journal.write("blocks");
            tokio::task::block_in_place(|| blocked.lock().recv().ok());
        });
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["block"]"#).await;
    journal.expect(["blocks"]).await;
    let closed = within("the shutdown", io.close_within(Duration::from_millis(10))).await;
    drop(release);
    assert_eq!(closed.cancelled, 0);
}

#[tokio::test]
async fn close_can_be_called_repeatedly() {
    let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    let closing: Vec<_> = (0..3)
        .map(|_| {
            let io = io.clone();
            tokio::spawn(async move { io.close().await })
        })
        .collect();
    client.expect_close(None).await;
    for closing in closing {
        within("the shutdown", closing).await.expect("no panic");
    }
    within("the shutdown", io.close()).await;
}

/// Guards against a shutdown that completes before its disconnect handlers have started.
#[tokio::test(flavor = "multi_thread")]
async fn close_completes_after_disconnect_handlers_have_started() {
    for _ in 0..50 {
        let started = Arc::new(AtomicUsize::new(0));
        let layer = SocketIoLayer::with_state(Arc::clone(&started));
        let io = layer.io();
        let record = async |_: Socket, State(started): State<Arc<AtomicUsize>>| {
            started.fetch_add(1, Ordering::SeqCst);
        };
        io.of("/").on_disconnect(record);
        let addr = serve(layer).await;
        let (client, _) = join(addr).await;
        let (other, _) = join(addr).await;
        let reading = tokio::spawn(read_to_the_end(client));
        let also_reading = tokio::spawn(read_to_the_end(other));
        within("the shutdown", io.close()).await;
        assert_eq!(started.load(Ordering::SeqCst), 2);
        reading.await.expect("no panic");
        also_reading.await.expect("no panic");
    }
}

/// Clients that connect during the shutdown are either closed regularly or rejected.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_connect_during_close_do_not_stay() {
    for _ in 0..20 {
        let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
        let mut connecting = tokio::task::JoinSet::new();
        for _ in 0..10 {
            connecting.spawn(async move {
                let request = Request::websocket(WEBSOCKET);
                if let Ok(client) = WsClient::try_connect(addr, &request).await {
                    read_to_the_end(client).await;
                }
            });
        }
        let (client, _) = join(addr).await;
        connecting.spawn(read_to_the_end(client));
        within("the shutdown", io.close()).await;
        assert_eq!(io.clients_count(), 0);
        while let Some(client) = connecting.join_next().await {
            client.expect("no panic");
        }
    }
}

async fn read_to_the_end(mut client: WsClient) {
    use socketio_testing::{Frame, Message};

    loop {
        match client.recv().await {
            Message::Close(code) => client.send_frame(&Frame::close(code)).await,
            Message::End => return,
            _ => {}
        }
    }
}

/// Waits until the server has finished its pending work. It no longer accepts sessions.
async fn settle_without_sessions(addr: SocketAddr) {
    for _ in 0..50 {
        Request::get("/").send(addr).await.assert(404, "");
    }
}
