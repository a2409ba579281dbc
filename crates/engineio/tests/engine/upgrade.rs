//! Upgrades from polling to WebSocket: no message is lost or duplicated, and a failed upgrade does
//! not affect the session.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use engineio::{CloseReason, Config, Session, Transport};
use http::Request;
use http_body::Body;
use http_body_util::Empty;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::{Error, Message as Frame};

use crate::body::FedBody;
use crate::polling_client::PollingClient;
use crate::server::{
    MOMENT, PING_INTERVAL, PING_TIMEOUT, PIPE, Server, UPGRADE_TIMEOUT, pass, settle,
};
use crate::websocket_client::{OPEN, WebSocketClient};

const NOOP_INTERVAL: Duration = Duration::from_millis(100);
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

async fn polling(server: &mut Server) -> (PollingClient, Session) {
    let client = PollingClient::open(server).await;
    (client, server.opened().await)
}

async fn probed(server: &Server, client: &PollingClient) -> WebSocketClient {
    let mut socket = WebSocketClient::probe(server, &client.sid).await;
    socket.send("2probe").await;
    socket.expect_texts(["3probe"]).await;
    socket
}

/// Asserts that the session still polls and carries messages in both directions.
async fn assert_still_polling(server: &mut Server, client: &PollingClient, session: &Session) {
    assert_eq!(session.transport(), Transport::Polling);
    client.post("4from the client").await.is(200, "ok");
    server.messages(["from the client"]).await;
    session.send("from the server").unwrap();
    let packets = client.poll().await;
    assert_eq!(packets.last().unwrap(), "4from the server");
}

#[tokio::test(start_paused = true)]
async fn a_client_upgrades_to_a_websocket() {
    let mut server = Server::echoing();
    let (client, session) = polling(&mut server).await;
    let poll = client.get();
    let mut socket = probed(&server, &client).await;
    assert_eq!(poll.packets().await, ["6"]);
    assert_eq!(session.transport(), Transport::Polling);
    socket.send("5").await;
    socket.send("4hello").await;
    server.messages(["hello"]).await;
    socket.expect_texts(["4hello"]).await;
    assert_eq!(session.transport(), Transport::WebSocket);
    client.get().answer().await.is(400, BAD_REQUEST);
    client.post("4too late").await.is(400, BAD_REQUEST);
    server.expect_nothing();
    assert_eq!(server.engine.clients_count(), 1);
    socket.close().await;
    assert_eq!(server.closed().await, CloseReason::TransportClose);
}

#[tokio::test(start_paused = true)]
async fn queued_messages_survive_an_upgrade_in_order() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    session.send("before the probe").unwrap();
    let mut socket = probed(&server, &client).await;
    session.send("while probing").unwrap();
    socket.expect_nothing().await;
    socket.send("5").await;
    settle().await;
    session.send("after the upgrade").unwrap();
    socket
        .expect_texts(["4before the probe", "4while probing", "4after the upgrade"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn messages_are_sent_through_the_pending_poll_while_probing() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    let poll = client.get();
    session.send("through the poll").unwrap();
    assert_eq!(poll.packets().await, ["4through the poll"]);
    session.send("through the websocket").unwrap();
    socket.send("5").await;
    socket.expect_texts(["4through the websocket"]).await;
}

#[tokio::test(start_paused = true)]
async fn polls_are_answered_soon_while_probing() {
    let mut server = Server::new();
    let (client, _) = polling(&mut server).await;
    let _socket = probed(&server, &client).await;
    for _ in 0..5 {
        let begun = tokio::time::Instant::now();
        assert_eq!(client.poll().await, ["6"]);
        assert_eq!(
            begun.elapsed().as_millis() / 10,
            NOOP_INTERVAL.as_millis() / 10
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_answers_the_pending_poll() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let poll = client.get();
    let mut socket = WebSocketClient::probe(&server, &client.sid).await;
    socket.send("5").await;
    assert_eq!(poll.packets().await, ["6"]);
    session.send("hello").unwrap();
    socket.expect_texts(["4hello"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_aborted_while_probing_does_not_end_the_session() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    client.get().drop_connection().await;
    session.send("hello").unwrap();
    socket.send("5").await;
    socket.expect_texts(["4hello"]).await;
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_disconnects_does_not_end_the_session() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let poll = client.get();
    drop(WebSocketClient::probe(&server, &client.sid).await);
    assert!(poll.is_waiting().await);
    session.send("not lost").unwrap();
    assert_eq!(poll.packets().await, ["4not lost"]);

    session.send("nor this").unwrap();
    drop(probed(&server, &client).await);
    settle().await;
    assert_eq!(client.poll().await, ["4nor this"]);

    probed(&server, &client).await.close().await;
    assert_still_polling(&mut server, &client, &session).await;
    probed(&server, &client).await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_before_its_upgrade_does_not_end_the_session() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let mut connection = server.connect(PIPE);
    let request = format!(
        "GET {OPEN}&sid={} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        client.sid
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    drop(connection);
    settle().await;
    assert_still_polling(&mut server, &client, &session).await;
    let mut socket = probed(&server, &client).await;
    socket.send("5").await;
    session.send("hello").unwrap();
    socket.expect_texts(["4hello"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_with_an_invalid_packet_does_not_end_the_session() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    session.send("kept").unwrap();
    for wrong in ["", "x", "1", "2", "2prob", "3probe", "4hello", "6", "bAQ=="] {
        let mut socket = WebSocketClient::probe(&server, &client.sid).await;
        socket.send(wrong).await;
        socket.is_closed_with(None).await;
    }
    let mut socket = probed(&server, &client).await;
    socket.send_message(Frame::binary(&b"\x01"[..])).await;
    socket.is_closed_with(None).await;
    assert_eq!(client.poll().await, ["4kept"]);
    assert_still_polling(&mut server, &client, &session).await;
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_probe_timeout_does_not_end_the_session() {
    for answered in [false, true] {
        let mut server = Server::new();
        let (client, session) = polling(&mut server).await;
        let mut socket = WebSocketClient::probe(&server, &client.sid).await;
        if answered {
            socket.send("2probe").await;
            socket.expect_texts(["3probe"]).await;
        }
        session.send("kept").unwrap();
        pass(UPGRADE_TIMEOUT - MOMENT * 4).await;
        socket.expect_nothing().await;
        pass(MOMENT * 4).await;
        socket.is_closed_with(None).await;
        assert_eq!(client.poll().await, ["4kept"]);
        assert_still_polling(&mut server, &client, &session).await;
        probed(&server, &client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_upgrade_timeout_ends_with_the_upgrade() {
    let mut server = Server::new();
    let (client, _) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    socket.send("5").await;
    pass(UPGRADE_TIMEOUT + MOMENT).await;
    socket.send("4still here").await;
    server.messages(["still here"]).await;
}

/// As in Node, and as the official test suites of the protocol require.
#[tokio::test(start_paused = true)]
async fn a_second_websocket_is_opened_and_closed() {
    let opened_and_closed = async |server: &Server, sid: &str| {
        let mut second = WebSocketClient::probe(server, sid).await;
        second.is_closed_with(None).await;
    };
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    opened_and_closed(&server, &client.sid).await;
    socket.send("5").await;
    settle().await;
    opened_and_closed(&server, &client.sid).await;
    session.send("unharmed").unwrap();
    socket.expect_texts(["4unharmed"]).await;

    let (mut direct, sid) = WebSocketClient::open_through(&server, PIPE).await;
    let session = server.opened().await;
    opened_and_closed(&server, &sid).await;
    session.send("unharmed").unwrap();
    direct.expect_texts(["4unharmed"]).await;

    let (closing, session) = polling(&mut server).await;
    session.close(CloseReason::ForcedClose);
    opened_and_closed(&server, &closing.sid).await;
    assert_eq!(closing.poll().await, ["6", "1"]);
}

#[tokio::test(start_paused = true)]
async fn closing_the_engine_waits_for_second_websockets() {
    let mut server = Server::new();
    let (client, _) = polling(&mut server).await;
    let _probe = probed(&server, &client).await;
    let second = WebSocketClient::probe(&server, &client.sid).await;
    settle().await;
    let engine = Arc::clone(&server.engine);
    let begun = tokio::time::Instant::now();
    engine.close(Duration::from_secs(2)).await;
    // Neither client answers the close frame.
    assert_eq!(begun.elapsed().as_secs(), 2);
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn a_bad_upgrade_request_does_not_prevent_a_valid_one() {
    let mut server = Server::new();
    let (client, _) = polling(&mut server).await;
    // A request that was not read from a connection cannot be upgraded.
    let request = Request::get(format!("{OPEN}&sid={}", client.sid))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(Empty::<Bytes>::new());
    server.answer(request.unwrap()).await.is(500, "");
    let request = Request::get(format!("{OPEN}&sid={}", client.sid))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "8")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(Empty::<Bytes>::new());
    let answer = server.answer(request.unwrap()).await;
    answer.is(400, "Bad request");
    assert_eq!(answer.headers["sec-websocket-version"], "13");
    probed(&server, &client).await.send("5").await;
}

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

#[tokio::test(start_paused = true)]
async fn the_heartbeat_continues_across_an_upgrade() {
    let mut server = Server::new();
    let (client, _) = polling(&mut server).await;
    pass(PING_INTERVAL / 2).await;
    let mut socket = probed(&server, &client).await;
    socket.send("5").await;
    let begun = tokio::time::Instant::now();
    socket.expect_texts(["2"]).await;
    assert_eq!(begun.elapsed().as_secs(), (PING_INTERVAL / 2).as_secs());
    socket.send("3").await;
    socket.expect_texts(["2"]).await;
    pass(PING_TIMEOUT + MOMENT).await;
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_session_can_end_during_an_upgrade() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    let poll = client.get();
    settle().await;
    session.abort(CloseReason::ForcedClose);
    assert_eq!(poll.packets().await, ["1"]);
    socket.is_closed_with(None).await;
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
}

#[tokio::test(start_paused = true)]
async fn a_closing_session_may_still_upgrade() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    session.send("last").unwrap();
    session.close(CloseReason::ForcedClose);
    socket.send("5").await;
    socket.expect_texts(["4last"]).await;
    socket.is_closed_with(None).await;
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
}

#[tokio::test(start_paused = true)]
async fn upgrades_can_be_disabled() {
    let mut server = Server::with(Config::default().allow_upgrades(false));
    let (client, session) = polling(&mut server).await;
    let target = format!("{OPEN}&sid={}", client.sid);
    let refused = WebSocketClient::connect(&server, &target, PIPE).await;
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 400));
    assert_still_polling(&mut server, &client, &session).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_probes_without_reading_is_not_read() {
    const BUFFER: usize = 256;
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let target = format!("{OPEN}&sid={}", client.sid);
    let mut socket = WebSocketClient::connect(&server, &target, BUFFER)
        .await
        .unwrap();
    let flood = tokio::spawn(async move {
        for _ in 0..100_000 {
            socket.send("2probe").await;
        }
    });
    settle().await;
    assert!(
        !flood.is_finished(),
        "what is answered and not read is kept in memory"
    );

    // It does not block tasks that lock the session either.
    let poll = client.get();
    session.send("hello").unwrap();
    assert_eq!(poll.packets().await.last().unwrap(), "4hello");
    tokio::time::timeout(MOMENT, session.drained())
        .await
        .unwrap();
    pass(UPGRADE_TIMEOUT).await;
    tokio::time::timeout(MOMENT, session.drained())
        .await
        .unwrap();
    assert_still_polling(&mut server, &client, &session).await;
    flood.abort();
}

#[tokio::test(start_paused = true)]
async fn an_upgraded_client_receives_base64_if_its_websocket_requested_it() {
    let mut server = Server::new();
    let (client, session) = polling(&mut server).await;
    let target = format!("{OPEN}&b64=1&sid={}", client.sid);
    let mut socket = WebSocketClient::connect(&server, &target, PIPE)
        .await
        .unwrap();
    socket.send("5").await;
    session.send(Bytes::from_static(&[1, 2])).unwrap();
    socket.expect_texts(["bAQI="]).await;
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
