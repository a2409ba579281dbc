//! Upgrades under load: events in both directions while the transport changes, at every point of the traffic.

use e2e::server::Server;
use socketio_testing::{Message, PollingClient, WsClient};
use tokio::task::JoinSet;

/// How many clients upgrade at the same time.
const CLIENTS: usize = 200;

/// How many numbered events each side sends.
const EVENTS: usize = 200;

/// Both sides send numbered events, and each client upgrades at another moment: some before the first event, some in
/// the middle, some after the last one was sent. Nothing is lost, doubled or out of order.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_out_of_order() {
    let server = Server::start().await;
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(upgrading_client(server, number * EVENTS / CLIENTS));
    }
    let mut done = 0;
    while let Some(outcome) = clients.join_next().await {
        outcome.expect("no client fails");
        done += 1;
    }
    assert_eq!(done, CLIENTS);
}

/// One client that posts `before` of its events by polling, upgrades, and sends the others over the WebSocket.
async fn upgrading_client(server: Server, before: usize) {
    let mut heard = Heard::default();
    let mut polling = PollingClient::connect(server.addr()).await;
    polling.send(&format!(r#"42["stream",{EVENTS},1]"#)).await;
    for number in (0..before).step_by(BATCH) {
        polling
            .send(&numbered(number..before.min(number + BATCH)))
            .await;
        // A poll after the last event would have nothing to wait for.
        if heard.events < EVENTS {
            heard.packet(&polling.expect("…").await);
        }
    }
    // What came in the same answer as the last packet.
    while let Some(packet) = polling.next_at_hand() {
        heard.packet(&packet);
    }

    let pending = polling.begin_get().await;
    let mut websocket = polling.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    // The poll is answered with events or released by a noop; then there is none, and packets have to wait.
    for packet in pending.expect("…").await.split('\u{1e}') {
        heard.packet(packet);
    }
    websocket.send("5").await;

    for number in before..EVENTS {
        websocket.send(&numbered(number..number + 1)).await;
    }
    websocket.send(r#"420["count"]"#).await;
    let mut counted = false;
    while heard.events < EVENTS || !counted {
        let packet = text(&mut websocket).await;
        if packet.starts_with("430") {
            assert_eq!(
                packet,
                format!(r#"430[{{"received":{EVENTS},"faults":0}}]"#)
            );
            counted = true;
        } else {
            heard.packet(&packet);
        }
    }
    // Nothing comes after the last one.
    websocket.send(r#"421["ack"]"#).await;
    assert_eq!(text(&mut websocket).await, "431[]");
}

/// How many events go into one POST.
const BATCH: usize = 10;

/// A payload of numbered events.
fn numbered(numbers: std::ops::Range<usize>) -> String {
    let packets: Vec<String> = numbers
        .map(|number| format!(r#"42["numbered",{number}]"#))
        .collect();
    packets.join("\u{1e}")
}

/// The server's events so far.
#[derive(Default)]
struct Heard {
    events: usize,
}

impl Heard {
    /// Takes the next packet: a noop, or the event that is due.
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
        other => panic!("expected a text, got {other:?}"),
    }
}
