//! A rolling deployment: a thousand clients move from one server to the next while they send events.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use e2e::app::serve_listener;
use e2e::clients;
use e2e::session::WEBSOCKET;
use serde::Deserialize;
use socketio::extract::Data;
use socketio::{DisconnectReason, Reply, SocketIo};
use socketio_testing::{Message, Request, WsClient};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::proxy::{Proxy, free_addr};
use crate::server::app;

/// The clients of Node, in one process: a third of them polls, and a third upgrades.
const NODE_CLIENTS: usize = 300;
const WIRE_CLIENTS: usize = 700;
const CLIENTS: usize = NODE_CLIENTS + WIRE_CLIENTS;

const DRAIN: Duration = Duration::from_secs(10);
/// The time between two events of a client.
const TICK: Duration = Duration::from_millis(500);
/// The time in which all of this must happen.
const LIMIT: Duration = Duration::from_secs(120);
/// A client pauses before it connects again, as real clients do.
const RECONNECT: Duration = Duration::from_millis(300);

/// The numbers that the servers have received, by client.
type Received = Arc<Mutex<HashSet<(String, u32)>>>;

/// How many numbers, from zero on, each client has an acknowledgement for.
type Acknowledged = BTreeMap<String, u32>;

#[derive(Deserialize)]
struct NodeReport {
    acknowledged: Acknowledged,
    reasons: BTreeMap<String, usize>,
}

/// Serves the application on an address, and records the numbers that it receives and the times at
/// which clients leave.
async fn serve(
    name: &'static str,
    addr: SocketAddr,
    received: &Received,
) -> (SocketIo, Arc<Mutex<Vec<Instant>>>) {
    let (io, router, _) = app(name);
    let received = Arc::clone(received);
    io.of("/").on(
        "count",
        async move |Data((client, number)): Data<(String, u32)>| {
            received.lock().expect("no panic").insert((client, number));
            Reply(number)
        },
    );
    let left = Arc::new(Mutex::new(Vec::new()));
    let leaving = Arc::clone(&left);
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| {
            if reason == DisconnectReason::ServerShuttingDown {
                leaving.lock().expect("no panic").push(Instant::now());
            }
        });
    let listener = TcpListener::bind(addr).await.expect("the port is free");
    serve_listener(listener, router);
    (io, left)
}

/// A client that sends its next number on each event `tick` once the last one is acknowledged, and
/// connects again when it is disconnected. Returns the number of acknowledged ones after `finish`.
async fn wire_client(proxy: SocketAddr, name: String) -> (String, u32) {
    let mut acknowledged = 0;
    loop {
        if let Ok(client) = WsClient::try_connect(proxy, &Request::websocket(WEBSOCKET)).await
            && converse(client, &name, &mut acknowledged).await
        {
            return (name, acknowledged);
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

/// Serves one connection of a client. Returns whether it received `finish`.
async fn converse(mut client: WsClient, name: &str, next: &mut u32) -> bool {
    let mut is_waiting = false;
    loop {
        let text = match client.recv().await {
            Message::Text(text) => text,
            Message::Close(_) | Message::End => return false,
            other => panic!("unexpected: {other:?}"),
        };
        if text.starts_with('0') {
            client.send("40").await;
        } else if text == "2" {
            client.send("3").await;
        } else if text.starts_with(r#"42["tick""#) && !is_waiting {
            is_waiting = true;
            let event = format!(r#"42{next}["count","{name}",{next}]"#);
            client.send(&event).await;
        } else if text.starts_with("43") {
            assert_eq!(text, format!("43{next}[{next}]"));
            *next += 1;
            is_waiting = false;
        } else if text.starts_with(r#"42["finish""#) {
            return true;
        }
    }
}

/// Emits ticks to the clients of the servers until the condition holds.
async fn tick_until(what: &str, servers: &[&SocketIo], mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    while !condition() {
        assert!(start.elapsed() < LIMIT, "timed out waiting for {what}");
        ticks.tick().await;
        for io in servers {
            io.emit("tick", "");
        }
    }
    println!("{what}: {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_clients_move_to_the_next_server_and_lose_no_acknowledged_event() {
    let [addr_a, addr_b] = [free_addr(), free_addr()];
    let [to_a, to_b] = [addr_a, addr_b].map(|addr| addr.to_string());
    let edits = [("127.0.0.1:3001", &*to_a), ("127.0.0.1:3002", &*to_b)];
    let Some(nginx) = Proxy::nginx("nginx-rolling.conf", &edits).await else {
        return;
    };
    let proxy = nginx.addr();
    let received = Received::default();
    // The second server is not running yet.
    let (a, left) = serve("a", addr_a, &received).await;
    let url = nginx.url();
    let node = tokio::spawn(async move {
        let clients = NODE_CLIENTS.to_string();
        let args = ["--url", &url, "--clients", &clients];
        clients::script("rolling.mjs", &["socket.io-client"], &args).await
    });
    let mut wire = JoinSet::new();
    for number in 0..WIRE_CLIENTS {
        wire.spawn(wire_client(proxy, format!("wire{number}")));
    }
    let count = |io: &SocketIo| io.of("/").sockets().len();
    tick_until("all clients", &[&a], || {
        count(&a) == CLIENTS || node.is_finished()
    })
    .await;
    if count(&a) < CLIENTS {
        // Node's client is not installed.
        assert!(node.await.expect("no panic").is_none());
        return;
    }
    let (b, _) = serve("b", addr_b, &received).await;

    let start = Instant::now();
    let draining = tokio::spawn({
        let a = a.clone();
        async move { (a.drain(DRAIN).await, Instant::now()) }
    });
    tick_until("the move", &[&a, &b], || {
        draining.is_finished() && count(&b) == CLIENTS
    })
    .await;
    let moved = start.elapsed();
    let (drained, end) = draining.await.expect("no panic");
    // Clients whose event has no acknowledgement yet send it again.
    let before = received.lock().expect("no panic").len();
    let enough = || received.lock().expect("no panic").len() >= before + 2 * CLIENTS;
    tick_until("events after the move", &[&b], enough).await;

    assert_eq!((count(&a), count(&b)), (0, CLIENTS));
    // On a loaded machine, a client may have opened a second session before it joined.
    assert!(drained.closed + drained.ended >= CLIENTS, "{drained:?}");
    assert_eq!(drained.cancelled, 0);
    assert!(
        end - start < DRAIN + Duration::from_secs(5),
        "{:?}",
        end - start
    );
    assert!(moved < DRAIN + Duration::from_secs(8), "{moved:?}");
    let mut per_second = [0; 10];
    for moment in left.lock().expect("no panic").iter() {
        let second = (*moment - start).as_secs().min(9);
        per_second[usize::try_from(second).expect("below ten")] += 1;
    }
    println!(
        "left per second: {per_second:?}; the drain took {:?}",
        end - start
    );
    assert!(per_second.iter().sum::<usize>() >= CLIENTS * 99 / 100);
    for in_second in per_second {
        assert!((50..=150).contains(&in_second), "{per_second:?}");
    }

    b.emit("finish", "");
    let output = node.await.expect("no panic").expect("it is installed");
    let report: NodeReport = serde_json::from_str(&output).expect("a report");
    println!("reasons in Node: {:?}", report.reasons);
    // Each client was disconnected, with a reason after which it connects again.
    assert!(report.reasons.values().sum::<usize>() >= NODE_CLIENTS);
    assert!(!report.reasons.contains_key("io server disconnect"));
    let mut acknowledged = report.acknowledged;
    acknowledged.extend(wire.join_all().await);
    assert_eq!(acknowledged.len(), CLIENTS);
    let received = received.lock().expect("no panic");
    let mut events = 0;
    for (client, numbers) in acknowledged {
        assert!(numbers >= 3, "{client} has sent {numbers}");
        for number in 0..numbers {
            let is_received = received.contains(&(client.clone(), number));
            assert!(is_received, "{client} {number}");
            events += 1;
        }
    }
    println!("{events} acknowledged events");
}
