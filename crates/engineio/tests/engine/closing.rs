//! Closing the engine: queued messages are sent, clients are notified, and all sessions end.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use engineio::{CloseReason, Config, Engine};
use http::Request;
use http_body_util::Empty;
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error;

use crate::application::{Callback, Reporter};
use crate::polling_client::{self, PollingClient};
use crate::server::{PIPE, Server, answer, settle};
use crate::websocket_client::{self, WebSocketClient};

const DEADLINE: Duration = Duration::from_secs(10);
const UNKNOWN_SESSION: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

fn close(server: &Server, deadline: Duration) -> tokio::task::JoinHandle<Duration> {
    let engine: Arc<Engine<Reporter>> = Arc::clone(&server.engine);
    tokio::spawn(async move {
        let begun = Instant::now();
        engine.close(deadline).await;
        assert_eq!(engine.clients_count(), 0);
        begun.elapsed()
    })
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_sessions_closes_immediately() {
    let server = Server::new();
    assert_eq!(close(&server, DEADLINE).await.unwrap(), Duration::ZERO);
    assert!(server.engine.is_closing());
}

#[tokio::test(start_paused = true)]
async fn closing_sends_queued_messages_and_notifies_clients() {
    let mut server = Server::new();
    let mut socket = WebSocketClient::open(&server).await;
    let to_socket = server.opened().await;
    let polling = PollingClient::open(&server).await;
    let to_polling = server.opened().await;
    let idle = PollingClient::open(&server).await;
    server.opened().await;
    let waiting = idle.get();
    to_socket.send("last").unwrap();
    to_polling.send("last").unwrap();

    let closed = close(&server, DEADLINE);
    socket.expect_texts(["4last"]).await;
    socket.is_closed_with(None).await;
    assert_eq!(polling.poll().await, ["4last"]);
    polling.get().answer().await.is(400, UNKNOWN_SESSION);
    assert_eq!(waiting.packets().await, ["1"]);
    assert!(closed.await.unwrap() < Duration::from_secs(1));
    // All callbacks ran before `close` returned.
    let callbacks = server.drain_callbacks();
    assert_eq!(callbacks.len(), 3);
    for callback in callbacks {
        let Callback::Closed(reason) = callback else {
            panic!("expected the end of a session, got {callback:?}");
        };
        assert_eq!(reason, CloseReason::ServerShuttingDown);
    }
}

/// As in Node: the session does not wait for a poll that would receive only the close packet.
#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_polls_of_sessions_without_messages() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let probing = PollingClient::open(&server).await;
    server.opened().await;
    let mut probe = WebSocketClient::probe(&server, &probing.sid).await;
    let closed = close(&server, DEADLINE);
    probe.is_closed_with(None).await;
    let elapsed = closed.await.unwrap();
    assert!(elapsed < Duration::from_millis(10), "{elapsed:?}");
    for _ in 0..2 {
        assert_eq!(server.closed().await, CloseReason::ServerShuttingDown);
    }
    client.get().answer().await.is(400, UNKNOWN_SESSION);
    probing.get().answer().await.is(400, UNKNOWN_SESSION);
}

#[tokio::test(start_paused = true)]
async fn a_closing_engine_refuses_new_sessions() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await.send("last").unwrap();
    let closed = close(&server, DEADLINE);
    settle().await;
    let request = Request::get(polling_client::OPEN).body(Empty::<Bytes>::new());
    let refused = "The server is shutting down: connect again later";
    server.answer(request.unwrap()).await.is(503, refused);
    let socket = WebSocketClient::connect(&server, websocket_client::OPEN, PIPE).await;
    assert!(matches!(socket, Err(Error::Http(response)) if response.status() == 503));
    // The existing session is served to its end.
    assert_eq!(client.poll().await, ["4last"]);
    assert!(closed.await.unwrap() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_does_not_delay_closing() {
    let mut server = Server::new();
    let (_client, _) = WebSocketClient::open_through(&server, 512).await;
    let session = server.opened().await;
    for _ in 0..1000 {
        session.send(&*"a".repeat(1000)).unwrap();
    }
    PollingClient::open(&server).await;
    server.opened().await.send("last").unwrap();
    let closed = close(&server, DEADLINE);
    let elapsed = closed.await.unwrap();
    assert_eq!(elapsed.as_secs(), DEADLINE.as_secs());
    for _ in 0..2 {
        assert_eq!(server.closed().await, CloseReason::ServerShuttingDown);
    }
    assert!(!session.is_open());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_the_close_frame_does_not_delay_closing() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    let closed = close(&server, Duration::from_secs(1));
    assert_eq!(closed.await.unwrap().as_secs(), 1);
    assert_eq!(server.closed().await, CloseReason::ServerShuttingDown);
    client.is_closed_with(None).await;
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_zero_aborts_all_sessions() {
    let mut server = Server::new();
    let _socket = WebSocketClient::open(&server).await;
    server.opened().await;
    let polling = PollingClient::open(&server).await;
    server.opened().await;
    let poll = polling.get();
    let elapsed = close(&server, Duration::ZERO).await.unwrap();
    assert!(elapsed < Duration::from_millis(10));
    assert_eq!(poll.packets().await, ["1"]);
    for _ in 0..2 {
        assert_eq!(server.closed().await, CloseReason::ServerShuttingDown);
    }
}

#[tokio::test(start_paused = true)]
async fn closing_ends_a_websocket_that_is_still_opening() {
    let mut server = Server::new();
    // The client does not read the response, so that the upgrade stays pending.
    let mut connection = server.connect(400);
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {}\r\n\r\n",
        websocket_client::OPEN,
        "a".repeat(1000),
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    settle().await;
    assert_eq!(server.engine.clients_count(), 1);
    server.expect_nothing();
    assert_eq!(
        close(&server, DEADLINE).await.unwrap().as_secs(),
        DEADLINE.as_secs()
    );
    // The application was never notified of it.
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn closing_twice_is_harmless() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await.send("last").unwrap();
    let first = close(&server, DEADLINE);
    let second = close(&server, DEADLINE);
    settle().await;
    assert_eq!(client.poll().await, ["4last"]);
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(server.closed().await, CloseReason::ServerShuttingDown);
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_is_not_counted_when_closed_is_called() {
    let engine = Arc::new(OnceLock::<Weak<Engine<Reporter>>>::new());
    let counts = Arc::new(Mutex::new(Vec::new()));
    let mut server = Server::directed(Config::default(), |application| {
        let (engine, counts) = (Arc::clone(&engine), Arc::clone(&counts));
        application.on_close = Arc::new(move |session| {
            let engine = engine.get().and_then(Weak::upgrade).unwrap();
            assert!(engine.session(session.id()).is_none());
            counts.lock().push(engine.clients_count());
        });
    });
    engine.set(Arc::downgrade(&server.engine)).unwrap();
    let mut clients = Vec::new();
    for _ in 0..2 {
        clients.push(WebSocketClient::open(&server).await);
        server.opened().await;
    }
    drop(clients);
    for _ in 0..2 {
        server.closed().await;
    }
    assert_eq!(*counts.lock(), [1, 0]);
}

#[test]
fn queued_messages_have_been_sent_when_closing_returns() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    };
    let servers_end = runtime();
    let (mut client, elapsed) = servers_end.block_on(async {
        let mut server = Server::new();
        let client = WebSocketClient::open(&server).await;
        let session = server.opened().await;
        for _ in 0..10 {
            session.send("last").unwrap();
        }
        let begun = Instant::now();
        server.engine.close(Duration::from_secs(60)).await;
        (client, begun.elapsed())
    });
    // The program ends immediately.
    drop(servers_end);
    runtime().block_on(async {
        client.expect_texts(["4last"; 10]).await;
        client.is_closed_with(None).await;
    });
    // It has waited for an answer to the close frame, but not for long.
    assert!(elapsed <= Duration::from_secs(6), "{elapsed:?}");
}

/// With real threads and in real time: a client that connects while the engine closes is refused or
/// closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_survives_a_close_in_real_time() {
    for _ in 0..20 {
        let mut server = Server::with(Config::default());
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let service = server.service();
                tokio::spawn(async move {
                    let mut opened = 0;
                    loop {
                        let request =
                            Request::get(polling_client::OPEN).body(Empty::<Bytes>::new());
                        let answer = answer(service.clone(), request.unwrap()).await;
                        match answer.status.as_u16() {
                            200 => opened += 1,
                            503 => return opened,
                            other => panic!("unexpected status {other}"),
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for _ in 0..10 {
            server.opened().await;
        }
        server.engine.close(Duration::from_millis(10)).await;
        let mut opened = 0;
        for client in clients {
            opened += client.await.unwrap();
        }
        assert_eq!(server.engine.clients_count(), 0);
        let callbacks = server.drain_callbacks();
        let ends = callbacks
            .iter()
            .filter(|callback| matches!(callback, Callback::Closed(..)))
            .count();
        assert_eq!((ends, callbacks.len()), (opened, opened * 2 - 10));
    }
}
