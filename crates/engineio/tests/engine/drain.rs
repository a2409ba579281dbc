//! Draining the engine: new sessions are refused, and the open ones are closed one after the other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engineio::{CloseReason, Drained, Engine};
use http::Request;
use http_body_util::Empty;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error;

use crate::application::Reporter;
use crate::polling_client::{self, PollingClient};
use crate::server::{PIPE, Server, answer, pass, settle};
use crate::websocket_client::{self, WebSocketClient};

const SECOND: Duration = Duration::from_secs(1);

/// Drains the engine beside the test. Returns the counts of closed and ended sessions, and the time
/// that it took.
fn drain(server: &Server, time: Duration) -> JoinHandle<([usize; 2], Duration)> {
    let engine: Arc<Engine<Reporter>> = Arc::clone(&server.engine);
    tokio::spawn(async move {
        let begun = Instant::now();
        let Drained { closed, ended, .. } = engine.drain(time).await;
        ([closed, ended], begun.elapsed())
    })
}

/// Asserts that a duration is as expected, with the precision of timers for each of a few turns.
#[track_caller]
fn assert_about(elapsed: Duration, expected: Duration) {
    let until = expected + Duration::from_millis(20);
    assert!((expected..until).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_sessions_is_drained_at_once() {
    let server = Server::new();
    assert!(server.engine.is_accepting());
    let (counts, elapsed) = drain(&server, 10 * SECOND).await.unwrap();
    assert_eq!((counts, elapsed), ([0, 0], Duration::ZERO));
    assert!(!server.engine.is_accepting());
    assert!(!server.engine.is_closing());
}

#[tokio::test(start_paused = true)]
async fn sessions_leave_evenly_in_random_order_and_those_on_polling_last() {
    const WEBSOCKETS: usize = 700;
    const POLLING: usize = 300;
    const ALL: usize = WEBSOCKETS + POLLING;
    let server = Server::new();
    let ends = Arc::new(Mutex::new(Vec::new()));
    let mut clients = Vec::new();
    // The polling clients are first, so that the order of opening is not that of leaving.
    for number in 0..POLLING {
        let poll = PollingClient::open(&server).await.get();
        let ends = Arc::clone(&ends);
        clients.push(tokio::spawn(async move {
            assert_eq!(poll.packets().await, ["1"]);
            ends.lock().push((number, Instant::now()));
        }));
    }
    for number in POLLING..ALL {
        let (mut socket, _) = WebSocketClient::open_through(&server, 1024).await;
        let ends = Arc::clone(&ends);
        clients.push(tokio::spawn(async move {
            socket.is_closed_with(None).await;
            ends.lock().push((number, Instant::now()));
        }));
    }
    let begun = Instant::now();
    let drained = drain(&server, 10 * SECOND);
    let (counts, elapsed) = drained.await.unwrap();
    assert_eq!(counts, [ALL, 0]);
    assert!(
        elapsed <= 10 * SECOND + Duration::from_millis(20),
        "{elapsed:?}"
    );
    for client in clients {
        client.await.unwrap();
    }

    let ends = ends.lock();
    let mut per_second = [0; 10];
    for (_, end) in ends.iter() {
        let second = (*end - begun).as_secs().min(9);
        per_second[usize::try_from(second).unwrap()] += 1;
    }
    for in_second in per_second {
        assert!((95..=105).contains(&in_second), "{per_second:?}");
    }
    let numbers: Vec<_> = ends.iter().map(|(number, _)| *number).collect();
    let (first, last) = numbers.split_at(WEBSOCKETS);
    assert!(first.iter().all(|number| *number >= POLLING), "{first:?}");
    assert!(last.iter().all(|number| *number < POLLING), "{last:?}");
    assert!(!first.is_sorted() && !last.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn queued_messages_are_sent_before_a_session_is_closed() {
    let mut server = Server::new();
    let mut socket = WebSocketClient::open(&server).await;
    server.opened().await.send("last").unwrap();
    let polling = PollingClient::open(&server).await;
    server.opened().await.send("last").unwrap();
    let drained = drain(&server, SECOND);
    socket.expect_texts(["4last"]).await;
    socket.is_closed_with(None).await;
    assert_eq!(polling.poll().await, ["4last"]);
    // Unlike `close`, a drain waits for the poll that receives the close packet.
    assert_eq!(polling.poll().await, ["1"]);
    let (counts, elapsed) = drained.await.unwrap();
    assert_eq!(counts, [2, 0]);
    assert_about(elapsed, SECOND / 2);
    for _ in 0..2 {
        assert_eq!(server.closed().await, CloseReason::ServerShuttingDown);
    }
}

#[tokio::test(start_paused = true)]
async fn new_sessions_are_refused_and_existing_ones_are_served() {
    let mut server = Server::echoing();
    let _first = WebSocketClient::open(&server).await;
    let polling = PollingClient::open(&server).await;
    let upgrading = PollingClient::open(&server).await;
    let drained = drain(&server, 30 * SECOND);
    settle().await;

    let refused = "The server is draining: connect again to reach another server";
    let request = Request::get(polling_client::OPEN).body(Empty::<Bytes>::new());
    server.answer(request.unwrap()).await.is(503, refused);
    let socket = WebSocketClient::connect(&server, websocket_client::OPEN, PIPE).await;
    assert!(matches!(socket, Err(Error::Http(response)) if response.status() == 503));

    polling.post("4hello").await.is(200, "ok");
    assert_eq!(polling.poll().await, ["4hello"]);
    let mut socket = WebSocketClient::probe(&server, &upgrading.sid).await;
    socket.send("5").await;
    socket.send("4upgraded").await;
    socket.expect_texts(["4upgraded"]).await;

    let poll = polling.get();
    let polled = tokio::spawn(poll.packets());
    socket.is_closed_with(None).await;
    assert_eq!(polled.await.unwrap(), ["1"]);
    let (counts, elapsed) = drained.await.unwrap();
    assert_eq!(counts, [3, 0]);
    assert_about(elapsed, 20 * SECOND);
    server.drain_callbacks();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_by_itself_gives_its_turn_to_the_next() {
    let server = Server::new();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(WebSocketClient::open(&server).await);
    }
    let drained = drain(&server, 40 * SECOND);
    pass(5 * SECOND).await;
    assert_eq!(server.engine.clients_count(), 3);
    // The client that was closed may be one of them.
    clients.truncate(1);
    settle().await;
    let left = server.engine.clients_count();
    assert!(left <= 1);
    let (counts, elapsed) = drained.await.unwrap();
    assert_eq!(counts, [1 + left, 3 - left]);
    assert_about(elapsed, if left == 0 { 5 * SECOND } else { 10 * SECOND });
}

#[tokio::test(start_paused = true)]
async fn closing_ends_a_drain() {
    let mut server = Server::new();
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(WebSocketClient::open(&server).await);
        server.opened().await;
    }
    let drained = drain(&server, Duration::from_secs(3600));
    settle().await;
    server.engine.close(10 * SECOND).await;
    let (counts, elapsed) = drained.await.unwrap();
    assert_eq!(counts, [1, 9]);
    assert!(elapsed < SECOND, "{elapsed:?}");
    for client in &mut clients {
        client.is_closed_with(None).await;
    }
    // A drain of a closed engine has nothing to do.
    let (counts, elapsed) = drain(&server, 10 * SECOND).await.unwrap();
    assert_eq!((counts, elapsed), ([0, 0], Duration::ZERO));
    assert!(server.engine.is_closing());
}

#[tokio::test(start_paused = true)]
async fn the_shorter_of_two_drains_closes_the_last_session() {
    let server = Server::new();
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(WebSocketClient::open(&server).await);
    }
    let long = drain(&server, Duration::from_secs(3600));
    settle().await;
    let short = drain(&server, 9 * SECOND);
    for mut client in clients {
        client.is_closed_with(None).await;
    }
    let ([first, _], elapsed) = long.await.unwrap();
    assert_about(elapsed, 8 * SECOND);
    let ([second, _], _) = short.await.unwrap();
    assert_eq!(first + second, 10);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_drain_keeps_the_remaining_sessions_and_can_be_continued() {
    let server = Server::echoing();
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(WebSocketClient::open(&server).await);
    }
    let drained = drain(&server, 10 * SECOND);
    pass(4 * SECOND + SECOND / 2).await;
    drained.abort();
    pass(10 * SECOND).await;
    assert_eq!(server.engine.clients_count(), 5);
    assert!(!server.engine.is_accepting());
    let request = Request::get(polling_client::OPEN).body(Empty::<Bytes>::new());
    let refused = answer(server.service(), request.unwrap()).await;
    assert_eq!(refused.status, 503);

    let (counts, elapsed) = drain(&server, 10 * SECOND).await.unwrap();
    assert_eq!(counts, [5, 0]);
    assert_about(elapsed, 8 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn any_duration_is_valid() {
    for (time, closed_at_once) in [
        (Duration::ZERO, 5),
        (Duration::from_nanos(1), 5),
        (Duration::MAX, 1),
    ] {
        let mut server = Server::new();
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(WebSocketClient::open(&server).await);
            server.opened().await;
        }
        let drained = drain(&server, time);
        settle().await;
        settle().await;
        assert_eq!(5 - server.engine.clients_count(), closed_at_once);
        drop(clients);
        let ([closed, ended], _) = drained.await.unwrap();
        assert_eq!((closed, closed + ended), (closed_at_once, 5));
    }
}

/// The end of the drain must not cut off a client that polls a moment later.
#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_the_poll_of_the_last_session() {
    let mut server = Server::new();
    let polling = PollingClient::open(&server).await;
    server.opened().await;
    let drained = drain(&server, 10 * SECOND);
    pass(5 * SECOND).await;
    assert!(!drained.is_finished());
    assert_eq!(polling.poll().await, ["6", "1"]);
    let (counts, elapsed) = drained.await.unwrap();
    assert_eq!(counts, [1, 0]);
    assert_about(elapsed, 5 * SECOND);

    // One that does not poll delays the drain no longer than its time.
    let mut server = Server::new();
    PollingClient::open(&server).await;
    server.opened().await;
    let (counts, elapsed) = drain(&server, 10 * SECOND).await.unwrap();
    assert_eq!(counts, [1, 0]);
    assert_about(elapsed, 10 * SECOND);
    assert_eq!(server.closed().await, CloseReason::ServerShuttingDown);
}
