//! Tests upgrades under load: events in both directions while the transport changes, and late polls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use e2e::server::Server;
use socketio_testing::{HttpConnection, Message, PollingClient, Request, WsClient};
use tokio::task::JoinSet;

/// The number of clients that upgrade concurrently.
const CLIENTS: usize = 200;

/// The number of numbered events that each side sends.
const EVENTS: usize = 200;

/// Both sides send numbered events, and each client upgrades at another moment: before its first
/// event, between events or after its last one. No event is lost, duplicated or reordered.
#[tokio::test(flavor = "multi_thread")]
async fn upgrades_neither_lose_nor_duplicate_nor_reorder_events() {
    let server = Server::start().await;
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(upgrading_client(server, number * EVENTS / CLIENTS));
    }
    let mut done = 0;
    while let Some(outcome) = clients.join_next().await {
        outcome.expect("no client panics");
        done += 1;
    }
    assert_eq!(done, CLIENTS);
}

/// The number of clients that poll right after their upgrade packet.
const LATE_POLLS: usize = 1_000;

/// A poll after the upgrade packet is refused on a busy machine too, where the server reads the two
/// connections at different times.
#[tokio::test(flavor = "multi_thread")]
async fn no_poll_after_the_upgrade_packet_is_answered() {
    let server = Server::start().await;
    let busy = BusyThreads::start(2);
    let mut clients = JoinSet::new();
    for number in 0..LATE_POLLS {
        if number >= 20 {
            clients
                .join_next()
                .await
                .expect("a client")
                .expect("no client panics");
        }
        clients.spawn(async move {
            let polling = PollingClient::handshake(server.addr()).await;
            let mut websocket = polling.websocket().await;
            websocket.send("2probe").await;
            websocket.expect("3probe").await;
            let mut late = HttpConnection::open(server.addr()).await;
            websocket.send("5").await;
            let response = late.exchange(&Request::get(&polling.target())).await;
            response.assert(400, r#"{"code":3,"message":"Bad request"}"#);
        });
    }
    while let Some(outcome) = clients.join_next().await {
        outcome.expect("no client panics");
    }
    drop(busy);
}

/// Threads that keep the cores busy until they are dropped.
struct BusyThreads(Arc<AtomicBool>);

impl BusyThreads {
    fn start(count: usize) -> Self {
        let running = Arc::new(AtomicBool::new(true));
        for _ in 0..count {
            let running = Arc::clone(&running);
            thread::spawn(move || while running.load(Ordering::Relaxed) {});
        }
        Self(running)
    }
}

impl Drop for BusyThreads {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Runs a client that posts the first `before` events, upgrades, and sends the rest over the
/// WebSocket.
async fn upgrading_client(server: Server, before: usize) {
    let mut received = Received::default();
    let mut polling = PollingClient::connect(server.addr()).await;
    polling.send(&format!(r#"42["stream",{EVENTS},1]"#)).await;
    for number in (0..before).step_by(BATCH) {
        polling
            .send(&numbered(number..before.min(number + BATCH)))
            .await;
        // After the last event, a poll would never be answered.
        if received.events < EVENTS {
            received.packet(&polling.expect("…").await);
        }
    }
    // Packets from the same response as the last packet.
    while let Some(packet) = polling.next_at_hand() {
        received.packet(&packet);
    }

    let pending = polling.begin_get().await;
    let mut websocket = polling.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    // The server answers the poll with events, or releases it with a noop. From now on, no poll is
    // pending and packets are queued.
    for packet in pending.expect("…").await.split('\u{1e}') {
        received.packet(packet);
    }
    websocket.send("5").await;

    for number in before..EVENTS {
        websocket.send(&numbered(number..number + 1)).await;
    }
    websocket.send(r#"420["count"]"#).await;
    let mut counted = false;
    while received.events < EVENTS || !counted {
        let packet = text(&mut websocket).await;
        if packet.starts_with("430") {
            assert_eq!(
                packet,
                format!(r#"430[{{"received":{EVENTS},"faults":0}}]"#)
            );
            counted = true;
        } else {
            received.packet(&packet);
        }
    }
    // The server sends nothing after the last event.
    websocket.send(r#"421["ack"]"#).await;
    assert_eq!(text(&mut websocket).await, "431[]");
}

/// The number of events in one POST.
const BATCH: usize = 10;

/// Returns a payload of numbered events.
fn numbered(numbers: std::ops::Range<usize>) -> String {
    let packets: Vec<String> = numbers
        .map(|number| format!(r#"42["numbered",{number}]"#))
        .collect();
    packets.join("\u{1e}")
}

/// The events received so far.
#[derive(Default)]
struct Received {
    events: usize,
}

impl Received {
    /// Handles the next packet, which is a noop or the next event.
    fn packet(&mut self, packet: &str) {
        if packet != "6" {
            assert_eq!(packet, format!(r#"42["streamed",{}]"#, self.events));
            self.events += 1;
        }
    }
}

async fn text(client: &mut WsClient) -> String {
    match client.recv().await {
        Message::Text(text) => text,
        other => panic!("expected a text message, got {other:?}"),
    }
}
