//! A rolling deployment: a thousand clients move from one server to the next while they send events.

use std::collections::{BTreeMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use e2e::app::serve_listener;
use e2e::clients;
use e2e::session::WEBSOCKET;
use serde::Deserialize;
use socketio::extract::Data;
use socketio::{DisconnectReason, Reply, SocketIo};
use socketio_testing::{Message, Request, WsClient};
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::proxy::Proxy;
use crate::server::app;

/// The clients of Node, in one process: a third of them polls, and a third upgrades.
const NODE_CLIENTS: usize = 300;
const WIRE_CLIENTS: usize = 700;
const CLIENTS: usize = NODE_CLIENTS + WIRE_CLIENTS;

/// Clients need up to two seconds to connect again, so all of them have moved within ten seconds.
const DRAIN: Duration = Duration::from_secs(DRAIN_SECONDS);
const DRAIN_SECONDS: u64 = 7;
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

/// Serves the application on a reserved port, and records the numbers that it receives and the times at
/// which clients leave.
fn serve(
    name: &'static str,
    socket: TcpSocket,
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
    let listener = socket.listen(1024).expect("the port is reserved");
    serve_listener(listener, router);
    (io, left)
}

/// The state that the wire clients share.
struct Shared {
    /// Bounds the clients that connect at a time.
    connecting: Semaphore,
    /// How often the proxy has refused a client.
    refusals: AtomicUsize,
}

/// A client that sends its next number on each event `tick` once the last one is acknowledged, and
/// connects again when it is disconnected. Returns the number of acknowledged ones after `finish`.
async fn wire_client(proxy: SocketAddr, name: String, shared: Arc<Shared>) -> (String, u32) {
    let mut acknowledged = 0;
    loop {
        let opened = {
            let _permit = shared.connecting.acquire().await.expect("it stays open");
            WsClient::try_connect(proxy, &Request::websocket(WEBSOCKET)).await
        };
        match opened {
            Ok(client) => {
                if converse(client, &name, &mut acknowledged).await {
                    return (name, acknowledged);
                }
            }
            Err(_) => {
                shared.refusals.fetch_add(1, Ordering::Relaxed);
            }
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

/// Reserves a free port, which refuses connections until the socket listens.
fn reserved() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(any).expect("a free port");
    let addr = socket.local_addr().expect("an address");
    (socket, addr.to_string())
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
    let [(socket_a, to_a), (socket_b, to_b)] = [reserved(), reserved()];
    let edits = [("127.0.0.1:3001", &*to_a), ("127.0.0.1:3002", &*to_b)];
    let Some(nginx) = Proxy::nginx("nginx-rolling.conf", &edits).await else {
        return;
    };
    let proxy = nginx.addr();
    let received = Received::default();
    // The second server is not running yet.
    let (a, left) = serve("a", socket_a, &received);
    let url = nginx.url();
    let node = tokio::spawn(async move {
        let clients = NODE_CLIENTS.to_string();
        let args = ["--url", &url, "--clients", &clients];
        clients::script("rolling.mjs", &["socket.io-client"], &args).await
    });
    let shared = Arc::new(Shared {
        connecting: Semaphore::new(50),
        refusals: AtomicUsize::new(0),
    });
    let mut wire = JoinSet::new();
    for number in 0..WIRE_CLIENTS {
        let name = format!("wire{number}");
        wire.spawn(wire_client(proxy, name, Arc::clone(&shared)));
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
    let (b, _) = serve("b", socket_b, &received);

    let refused = shared.refusals.swap(0, Ordering::Relaxed);
    println!("{refused} refusals before the drain");
    let start = Instant::now();
    let draining = tokio::spawn({
        let a = a.clone();
        async move { (a.drain(DRAIN).await, Instant::now()) }
    });
    tick_until("the move", &[&a, &b], || {
        draining.is_finished() && count(&b) == CLIENTS
    })
    .await;
    let (drained, end) = draining.await.expect("no panic");
    // Clients whose event has no acknowledgement yet send it again.
    let before = received.lock().expect("no panic").len();
    let enough = || received.lock().expect("no panic").len() >= before + 2 * CLIENTS;
    tick_until("events after the move", &[&b], enough).await;

    assert_eq!((count(&a), count(&b)), (0, CLIENTS));
    // One of the servers accepts clients at any time. On a loaded machine, a request may time out.
    let refused = shared.refusals.load(Ordering::Relaxed);
    assert!(
        refused < CLIENTS / 20,
        "{refused} refusals during the drain"
    );
    // On a loaded machine, a client may have opened a second session before it joined.
    assert!(drained.closed + drained.ended >= CLIENTS, "{drained:?}");
    assert_eq!(drained.cancelled, 0);
    assert!(
        end - start < DRAIN + Duration::from_secs(5),
        "{:?}",
        end - start
    );
    let left: Vec<Duration> = {
        let left = left.lock().expect("no panic");
        left.iter().map(|moment| *moment - start).collect()
    };
    // No client leaves before its turn. On a loaded machine, turns may be late.
    for second in 1..DRAIN_SECONDS {
        let moment = Duration::from_secs(second);
        let until = left.iter().filter(|left| **left < moment).count();
        let turns = CLIENTS as u64 * second / DRAIN_SECONDS;
        let turns = usize::try_from(turns).expect("at most all clients");
        println!("{until} clients have left after {second} s");
        let expected = turns / 2..=turns + CLIENTS / 50;
        assert!(expected.contains(&until), "{until} after {second} s");
    }
    assert!(left.len() >= CLIENTS * 99 / 100);

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
