//! Requests of polling while a client upgrades, and after its upgrade packet.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use engineio::{CloseReason, Config, Transport};
use http::Request;
use http_body::Body;
use http_body_util::Empty;

use crate::body::FedBody;
use crate::server::{MOMENT, Server, UPGRADE_TIMEOUT, pass, settle};
use crate::upgrade::{polling, probed};

#[tokio::test(start_paused = true)]
async fn the_packets_of_a_post_in_progress_precede_those_of_the_websocket() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    body_sender.feed("4first\x1e4sec");
    settle().await;
    socket.send("5").await;
    socket.send("4third").await;
    settle().await;
    server.expect_nothing();
    // Messages to the client do not wait.
    assert_eq!(session.transport(), Transport::WebSocket);
    session.send("at once").unwrap();
    socket.expect_texts(["4at once"]).await;
    body_sender.feed("ond");
    drop(body_sender);
    post.answer().await.is(200, "ok");
    server.messages(["first", "second", "third"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_websocket_is_not_read_while_the_application_is_not_ready_for_a_post() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    server.gate.close();
    let post = client.start_post_of("4first\x1e4second");
    // Probing does not wait for the application.
    let mut socket = probed(&server, &client).await;
    socket.send("5").await;
    socket.send("4third").await;
    assert!(post.is_waiting().await);
    pass(UPGRADE_TIMEOUT + MOMENT).await;
    server.gate.open();
    post.answer().await.is(200, "ok");
    settle().await;
    assert_eq!(session.transport(), Transport::WebSocket);
    server.messages(["first", "second", "third"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_websocket_is_read_after_a_refused_post() {
    let mut server = Server::with(Config::default().max_http_buffer_size(10));
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    body_sender.feed("4too ");
    settle().await;
    socket.send("5").await;
    settle().await;
    body_sender.feed("much by far");
    post.answer().await.is(413, "");
    settle().await;
    assert_eq!(session.transport(), Transport::WebSocket);
    socket.send("4hello").await;
    server.messages(["hello"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_post_that_stalls_ends_after_the_upgrade_timeout() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    body_sender.feed("4never ");
    settle().await;
    socket.send("5").await;
    socket.send("4kept").await;
    pass(UPGRADE_TIMEOUT - MOMENT).await;
    assert!(post.is_waiting().await);
    server.expect_nothing();
    pass(MOMENT).await;
    let mismatch = r#"{"code":3,"message":"Bad request"}"#;
    post.answer().await.is(400, mismatch);
    server.messages(["kept"]).await;
    session.send("and back").unwrap();
    socket.expect_texts(["4and back"]).await;
    drop(body_sender);
}

/// Guards against an overflow of the clock, which would end the session's task.
#[tokio::test(start_paused = true)]
async fn a_post_during_an_upgrade_may_have_an_unlimited_time() {
    let mut server = Server::with(Config::default().upgrade_timeout(Duration::MAX));
    let (client, _) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    body_sender.feed("4first");
    settle().await;
    socket.send("5").await;
    socket.send("4second").await;
    settle().await;
    drop(body_sender);
    post.answer().await.is(200, "ok");
    server.messages(["first", "second"]).await;
}

/// As in Node, which ignores errors of the transport that the client has left.
#[tokio::test(start_paused = true)]
async fn a_post_aborted_after_the_upgrade_does_not_end_the_session() {
    let mut server = Server::new();
    let (client, _) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    body_sender.feed("4half a mess");
    settle().await;
    socket.send("5").await;
    socket.send("4whole").await;
    settle().await;
    post.drop_connection().await;
    server.messages(["whole"]).await;
}

/// The driver may not have read the upgrade packet yet when the request arrives.
#[tokio::test(start_paused = true)]
async fn a_request_after_the_upgrade_packet_is_refused() {
    let mismatch = r#"{"code":3,"message":"Bad request"}"#;
    for posts in [false, true] {
        let mut server = Server::new();
        let (client, session) = polling(&mut server).await;
        let mut socket = probed(&server, &client).await;
        socket.send("5").await;
        let request = if posts {
            client.start_post_of("4too late")
        } else {
            client.get()
        };
        request.answer().await.is(400, mismatch);
        session.send("unharmed").unwrap();
        socket.expect_texts(["4unharmed"]).await;
        server.expect_nothing();
    }
}

/// A request that waits for the packets of the WebSocket is answered when the session ends instead.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_poll_during_the_end_of_an_upgrading_session_is_answered() {
    let entered = Arc::new(Barrier::new(2));
    let leave = Arc::new(Barrier::new(2));
    let barriers = [Arc::clone(&entered), Arc::clone(&leave)];
    let mut server = Server::directed(Config::default(), move |application| {
        application.on_message = Arc::new(move |session, _| {
            for barrier in &barriers {
                barrier.wait();
            }
            session.abort(CloseReason::ForcedClose);
        });
    });
    let (client, _session) = polling(&mut server).await;
    let _socket = probed(&server, &client).await;
    let post = client.start_post_of("4hello");
    tokio::task::block_in_place(|| entered.wait());
    let get = client.get();
    for _ in 0..100 {
        settle().await;
    }
    tokio::task::block_in_place(|| leave.wait());
    get.answer().await;
    drop(post);
}

#[tokio::test(start_paused = true)]
async fn the_end_is_noticed_while_a_post_is_blocked_after_the_upgrade() {
    let mut server = Server::directed(Config::default(), |application| {
        let gate = application.gate.clone();
        application.on_message = Arc::new(move |_, _| gate.close());
    });
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    let post = client.start_post_of("4a\x1e4b");
    server.messages(["a"]).await;
    socket.send("5").await;
    settle().await;
    assert_eq!(session.transport(), Transport::WebSocket);
    let begun = tokio::time::Instant::now();
    drop(socket);
    assert_eq!(server.closed().await, CloseReason::TransportClose);
    assert!(begun.elapsed() < MOMENT);
    drop(post);
}

/// As the body of tower-http's `DecompressionBody`, which does not announce its end.
struct Opaque(Empty<Bytes>);

impl Body for Opaque {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_whose_body_does_not_announce_its_end_keeps_the_connection() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    session.send("a").unwrap();
    let request = Request::get(client.target()).body(Opaque(Empty::new()));
    let answer = server.answer(request.unwrap()).await;
    answer.is(200, "4a");
    assert_eq!(answer.headers.get("connection"), None);
}
