//! A panic of the application or the end of the runtime ends the affected sessions only, and
//! completely.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engineio::{Config, SendError};
use futures_util::FutureExt as _;
use http::Request;
use http_body_util::Empty;

use crate::polling_client::{self, PollingClient};
use crate::server::{PIPE, Server, settle};
use crate::websocket_client::{self, WebSocketClient};

/// Creates a server whose application panics for one message.
fn fragile() -> Server {
    Server::directed(Config::default(), |application| {
        application.on_message = Arc::new(|session, message| {
            assert_ne!(*message, "panic".into(), "this panic belongs to the test");
            session.send(message.clone()).ok();
        });
    })
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_only_the_session_of_its_websocket() {
    let mut server = fragile();
    let mut victim = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    let mut other = WebSocketClient::open(&server).await;
    server.opened().await;
    victim.send("4panic").await;
    victim.ends().await;
    assert_eq!(server.engine.clients_count(), 1);
    assert!(server.engine.session(session.id()).is_none());
    assert_eq!(session.send("too late"), Err(SendError::Closed));
    session.drained().await;
    other.send("4hello").await;
    other.expect_texts(["4hello"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_a_polling_session_and_its_requests() {
    let mut server = fragile();
    let victim = PollingClient::open(&server).await;
    server.opened().await;
    let other = PollingClient::open(&server).await;
    server.opened().await;
    let poll = victim.get();
    let post = victim.start_post_of("4panic");
    assert_eq!(poll.packets().await, ["1"]);
    post.answer().await;
    assert_eq!(server.engine.clients_count(), 1);
    let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
    victim.get().answer().await.is(400, unknown);
    other.post("4hello").await.is(200, "ok");
    assert_eq!(other.poll().await, ["4hello"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_open_leaves_no_session() {
    let server = Server::directed(Config::default(), |application| {
        application.on_open = Box::new(|_| panic!("this panic belongs to the test"));
    });
    let request = Request::get(polling_client::OPEN).body(Empty::<Bytes>::new());
    let answer = AssertUnwindSafe(server.answer(request.unwrap())).catch_unwind();
    assert!(answer.await.is_err());
    assert_eq!(server.engine.clients_count(), 0);

    let mut socket = WebSocketClient::connect(&server, websocket_client::OPEN, PIPE)
        .await
        .unwrap();
    socket.ends().await;
    assert_eq!(server.engine.clients_count(), 0);

    // Closing does not wait for it either.
    let close = server.engine.close(Duration::from_secs(1));
    tokio::time::timeout(Duration::from_millis(1), close)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_closed_leaves_no_session() {
    let mut server = Server::directed(Config::default(), |application| {
        application.on_close = Arc::new(|_| panic!("this panic belongs to the test"));
    });
    let polling = PollingClient::open(&server).await;
    server.opened().await;
    let mut socket = WebSocketClient::open(&server).await;
    server.opened().await;
    let poll = polling.get();
    let engine = Arc::clone(&server.engine);
    let closed = tokio::spawn(async move { engine.close(Duration::from_secs(10)).await });
    assert_eq!(poll.packets().await, ["1"]);
    socket.is_closed_with(None).await;
    tokio::time::timeout(Duration::from_secs(1), closed)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(server.engine.clients_count(), 0);
}

#[test]
fn the_end_of_the_runtime_ends_every_session() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (server, sessions, client) = runtime.block_on(async {
        let mut server = Server::new();
        let socket = WebSocketClient::open(&server).await;
        let first = server.opened().await;
        let polling = PollingClient::open(&server).await;
        let second = server.opened().await;
        let upgrading = PollingClient::open(&server).await;
        let third = server.opened().await;
        let probe = WebSocketClient::probe(&server, &upgrading.sid).await;
        settle().await;
        (server, [first, second, third], (socket, polling, probe))
    });
    assert_eq!(server.engine.clients_count(), 3);
    drop(runtime);
    assert_eq!(server.engine.clients_count(), 0);
    for session in sessions {
        assert!(!session.is_open());
        assert_eq!(session.send("too late"), Err(SendError::Closed));
        assert!(session.drained().now_or_never().is_some());
    }
    drop(client);
}
