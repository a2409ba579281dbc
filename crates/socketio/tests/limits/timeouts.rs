//! Tests the time limits for clients, in virtual time.

use std::time::Duration;

use axum::extract::State;
use e2e::app::serve_recording_disconnects;
use e2e::probes::Journal;
use e2e::session::{assert_alive, assert_polling_alive, join, join_polling, open, settle};
use e2e::sync::{VirtualTime, eventually};
use socketio::SocketIoLayer;
use socketio_testing::{HttpConnection, PollingClient};

const MOMENT: Duration = Duration::from_millis(100);

const CONNECT: Duration = Duration::from_secs(5);
const PING_INTERVAL: Duration = Duration::from_secs(25);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
const UPGRADE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_client_can_join_just_before_the_connect_timeout() {
    let time = VirtualTime::start();
    let (addr, _, _) =
        serve_recording_disconnects(SocketIoLayer::builder().connect_timeout(CONNECT)).await;
    let mut client = open(addr).await;
    let mut polling = PollingClient::handshake(addr).await;
    time.advance(CONNECT - MOMENT).await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    polling.send("40").await;
    polling.expect(r#"40{"sid":"…"}"#).await;
    time.advance(CONNECT).await;
    assert_alive(&mut client).await;
    assert_polling_alive(&mut polling).await;
}

#[tokio::test]
async fn a_client_that_does_not_join_in_time_is_disconnected() {
    let time = VirtualTime::start();
    let (addr, io, _) =
        serve_recording_disconnects(SocketIoLayer::builder().connect_timeout(CONNECT)).await;
    let mut client = open(addr).await;
    let mut polling = PollingClient::handshake(addr).await;
    time.advance(CONNECT - MOMENT).await;
    assert_alive(&mut client).await;
    assert_polling_alive(&mut polling).await;
    let pending = polling.begin_get().await;
    settle(addr).await;
    time.advance(MOMENT).await;
    client.expect_close(None).await;
    pending.expect("1").await;
    polling.expect_gone().await;
    eventually("the session to be removed", || io.clients_count() == 0).await;
}

#[tokio::test]
async fn the_default_connect_timeout_is_45_seconds() {
    let time = VirtualTime::start();
    let (addr, _, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let mut client = open(addr).await;
    time.advance(PING_INTERVAL).await;
    client.expect("2").await;
    client.send("3").await;
    assert_alive(&mut client).await;
    time.advance(Duration::from_secs(20) - MOMENT).await;
    assert_alive(&mut client).await;
    time.advance(MOMENT).await;
    client.expect_close(None).await;
}

#[tokio::test]
async fn a_refused_client_is_disconnected_at_the_connect_timeout() {
    let time = VirtualTime::start();
    let (addr, io, _) =
        serve_recording_disconnects(SocketIoLayer::builder().connect_timeout(CONNECT)).await;
    io.of("/closed").middleware(async || Err::<(), _>("no"));
    let mut client = open(addr).await;
    client.send("40/closed").await;
    client.expect(r#"44/closed,{"message":"no"}"#).await;
    time.advance(CONNECT - MOMENT).await;
    assert_alive(&mut client).await;
    time.advance(MOMENT).await;
    client.expect_close(None).await;
}

/// Middleware that never returns does not keep a client connected.
#[tokio::test]
async fn a_client_in_middleware_is_disconnected_at_the_connect_timeout() {
    let time = VirtualTime::start();
    let (addr, io, journal) =
        serve_recording_disconnects(SocketIoLayer::builder().connect_timeout(CONNECT)).await;
    io.of("/")
        .middleware(async |State(journal): State<Journal>| {
            journal.write("middleware started");
            std::future::pending::<Result<(), &str>>().await
        });
    let mut client = open(addr).await;
    client.send("40").await;
    journal.expect(["middleware started"]).await;
    time.advance(CONNECT).await;
    client.expect_close(None).await;
    assert!(io.of("/").sockets().is_empty());
}

/// As in Node: an unfinished POST does not delay the end, and is ended with the session.
#[tokio::test]
async fn clients_that_hold_a_post_are_disconnected_at_the_connect_timeout() {
    let time = VirtualTime::start();
    let (addr, io, _) =
        serve_recording_disconnects(SocketIoLayer::builder().connect_timeout(CONNECT)).await;
    let mut posts = Vec::new();
    for _ in 0..100 {
        let polling = PollingClient::handshake(addr).await;
        let mut post = HttpConnection::open(addr).await;
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: 100\r\n\r\n4unfinished",
            polling.target()
        );
        post.send_raw(head.as_bytes()).await;
        posts.push(post);
    }
    settle(addr).await;
    assert!(io.clients_count() >= 100);
    time.advance(CONNECT).await;
    for mut post in posts {
        let response = post.response().await;
        response.assert(400, r#"{"code":1,"message":"Session ID unknown"}"#);
        assert_eq!(response.header("connection"), Some("close"));
    }
    // The client that settled may still be there.
    eventually("the end of all sessions", || io.clients_count() <= 1).await;
}

/// As in Node, a client that has joined once may have no namespace afterwards.
#[tokio::test]
async fn a_client_that_left_its_namespace_stays_connected() {
    let time = VirtualTime::start();
    let (addr, _, _) =
        serve_recording_disconnects(SocketIoLayer::builder().connect_timeout(CONNECT)).await;
    let (mut client, _) = join(addr).await;
    client.send("41").await;
    assert_alive(&mut client).await;
    time.advance(CONNECT * 2).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_client_can_upgrade_just_before_the_upgrade_timeout() {
    let time = VirtualTime::start();
    let (addr, _, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (polling, _) = join_polling(addr).await;
    let mut websocket = polling.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    time.advance(UPGRADE - MOMENT).await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
    time.advance(UPGRADE).await;
    assert_alive(&mut websocket).await;
}

/// Guards against a failed upgrade that closes the polling session.
#[tokio::test]
async fn an_upgrade_that_times_out_keeps_the_polling_session() {
    let time = VirtualTime::start();
    let builder = SocketIoLayer::builder().ping_interval(Duration::from_secs(3_600));
    let (addr, _, _) = serve_recording_disconnects(builder).await;
    let (mut polling, _) = join_polling(addr).await;
    for probe in [Some("2probe"), None] {
        let mut websocket = polling.websocket().await;
        if let Some(probe) = probe {
            websocket.send(probe).await;
            websocket.expect("3probe").await;
        }
        settle(addr).await;
        time.advance(UPGRADE - MOMENT).await;
        websocket.send("2probe").await;
        websocket.expect("3probe").await;
        time.advance(MOMENT).await;
        websocket.expect_close(None).await;
        assert_polling_alive(&mut polling).await;
    }
    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn the_upgrade_timeout_is_configurable() {
    let time = VirtualTime::start();
    let timeout = Duration::from_secs(2);
    let (addr, _, _) =
        serve_recording_disconnects(SocketIoLayer::builder().upgrade_timeout(timeout)).await;
    let (mut polling, _) = join_polling(addr).await;
    let mut websocket = polling.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    time.advance(timeout).await;
    websocket.expect_close(None).await;
    assert_polling_alive(&mut polling).await;
}

/// Guards against a ping when the session opens.
#[tokio::test]
async fn the_server_sends_the_first_ping_after_the_interval() {
    let time = VirtualTime::start();
    let (addr, _, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    time.advance(PING_INTERVAL - MOMENT).await;
    assert_alive(&mut client).await;
    assert_polling_alive(&mut polling).await;
    time.advance(MOMENT).await;
    client.expect("2").await;
    polling.expect("2").await;
}

#[tokio::test]
async fn the_server_sends_the_next_ping_an_interval_after_the_pong() {
    let time = VirtualTime::start();
    let (addr, _, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    for _ in 0..5 {
        time.advance(PING_INTERVAL).await;
        client.expect("2").await;
        polling.expect("2").await;
        // Shortly before the timeout.
        time.advance(PING_TIMEOUT - MOMENT).await;
        client.send("3").await;
        polling.send("3").await;
        assert_alive(&mut client).await;
        assert_polling_alive(&mut polling).await;
        time.advance(PING_INTERVAL - MOMENT).await;
        assert_alive(&mut client).await;
        assert_polling_alive(&mut polling).await;
        // An unsolicited pong delays the next ping, as in Node.
        client.send("3").await;
        polling.send("3").await;
        assert_alive(&mut client).await;
    }
    assert!(journal.take().await.is_empty());
}

#[tokio::test]
async fn a_client_that_misses_a_ping_is_disconnected() {
    let time = VirtualTime::start();
    let (addr, io, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    time.advance(PING_INTERVAL).await;
    client.expect("2").await;
    polling.expect("2").await;
    let pending = polling.begin_get().await;
    settle(addr).await;
    time.advance(PING_TIMEOUT - MOMENT).await;
    settle(addr).await;
    assert!(journal.take().await.is_empty());

    time.advance(MOMENT).await;
    client.expect_close(None).await;
    pending.expect("1").await;
    polling.expect_gone().await;
    journal.expect(["ping timeout", "ping timeout"]).await;
    eventually("an empty namespace", || io.of("/").sockets().is_empty()).await;
}

#[tokio::test]
async fn the_ping_times_are_configurable() {
    let time = VirtualTime::start();
    let interval = Duration::from_secs(3);
    let timeout = Duration::from_secs(2);
    let builder = SocketIoLayer::builder()
        .ping_interval(interval)
        .ping_timeout(timeout);
    let (addr, _, journal) = serve_recording_disconnects(builder).await;
    let (mut client, _) = join(addr).await;
    time.advance(interval).await;
    client.expect("2").await;
    time.advance(timeout).await;
    client.expect_close(None).await;
    journal.expect(["ping timeout"]).await;
}

/// As in Node, only a pong proves that the client reads, so other packets extend the timeout only
/// once.
#[tokio::test]
async fn other_packets_extend_the_ping_timeout_only_once() {
    let time = VirtualTime::start();
    let (addr, _, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    time.advance(PING_INTERVAL).await;
    client.expect("2").await;
    for _ in 0..2 {
        time.advance(PING_TIMEOUT - MOMENT).await;
        assert_alive(&mut client).await;
    }
    time.advance(MOMENT).await;
    client.expect_close(None).await;
    journal.expect(["ping timeout"]).await;
}

/// The client has vanished without closing its session.
#[tokio::test]
async fn a_session_without_polls_is_closed() {
    let time = VirtualTime::start();
    let (addr, _, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (polling, _) = join_polling(addr).await;
    time.advance(PING_INTERVAL).await;
    settle(addr).await;
    time.advance(PING_TIMEOUT).await;
    journal.expect(["ping timeout"]).await;
    polling.expect_gone().await;
}
