//! Upgrades from polling to WebSocket: no message is lost or duplicated, and a failed upgrade does
//! not affect the session.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engineio::{CloseReason, Config, Session, Transport};
use http::Request;
use http_body_util::Empty;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::{Error, Message as Frame};

use crate::polling_client::PollingClient;
use crate::server::{
    MOMENT, PING_INTERVAL, PING_TIMEOUT, PIPE, Server, UPGRADE_TIMEOUT, pass, settle,
};
use crate::websocket_client::{OPEN, WebSocketClient};

const NOOP_INTERVAL: Duration = Duration::from_millis(100);
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

pub(crate) async fn polling(server: &mut Server) -> (PollingClient, Session) {
    let client = PollingClient::open(server).await;
    (client, server.opened().await)
}

pub(crate) async fn probed(server: &Server, client: &PollingClient) -> WebSocketClient {
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
