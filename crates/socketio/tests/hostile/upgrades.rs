//! Tests failed upgrades: only the WebSocket connection is closed.

use std::net::SocketAddr;

use axum::extract::State;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{WEBSOCKET, assert_alive, assert_polling_alive, join, join_polling, settle};
use socketio::extract::Data;
use socketio::{DisconnectReason, Socket, SocketIoLayer};
use socketio_testing::{Frame, HttpConnection, Opcode, PollingClient, Request, WsClient};

/// Guards against a failed upgrade that closes the polling session.
#[tokio::test]
async fn rejected_upgrade_requests_keep_the_polling_session() {
    let (addr, journal) = server().await;
    let (mut polling, _) = join_polling(addr).await;
    let request = || Request::websocket(&polling.upgrade_target());
    let rejected = [
        request().without_header("Sec-WebSocket-Key"),
        request()
            .without_header("Sec-WebSocket-Key")
            .header("Sec-WebSocket-Key", "short"),
        request().without_header("Sec-WebSocket-Version"),
        request()
            .without_header("Sec-WebSocket-Version")
            .header("Sec-WebSocket-Version", "12"),
        request().without_header("Upgrade"),
        request().without_header("Upgrade").header("Upgrade", "h2c"),
        request().without_header("Connection"),
        Request::websocket(&polling.target()),
        Request::websocket(&polling.upgrade_target().replace("EIO=4", "EIO=3")),
        Request::websocket(&polling.upgrade_target().replace("EIO=4&", "")),
        Request::websocket(
            &polling
                .upgrade_target()
                .replace("websocket", "webtransport"),
        ),
    ];
    for request in rejected {
        println!("{request:?}");
        WsClient::try_connect(addr, &request)
            .await
            .expect_err("the upgrade is rejected");
        assert_polling_alive(&mut polling).await;
    }
    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
    assert!(journal.take().await.is_empty());
}

#[tokio::test]
async fn invalid_probe_frames_keep_the_polling_session() {
    let (addr, journal) = server().await;
    let (mut polling, _) = join_polling(addr).await;
    for probed in [false, true] {
        for frame in [
            Frame::text("2prob"),
            Frame::text("x"),
            Frame::text(""),
            Frame::text(r#"42["echo",1]"#),
            Frame::text("40"),
            Frame::text("1"),
            Frame::text([0xff]),
            Frame::binary("2probe"),
            Frame::text("5").rsv(4),
            Frame::text("5").unmasked(),
            Frame::text("5").claiming(1 << 40),
            Frame::text("5").claiming(1_000_001),
            Frame::continuation("5"),
            Frame::new(Opcode::Reserved(3), "5"),
            Frame::close(None),
            Frame::close(1000),
        ] {
            println!("{probed} {frame:?}");
            let mut websocket = polling.websocket().await;
            if probed {
                websocket.send("2probe").await;
                websocket.expect("3probe").await;
            }
            websocket.send_frame(&frame).await;
            // Receives a close frame, or the end of the connection if it could not be sent.
            websocket.recv().await;
            drop(websocket);
            assert_polling_alive(&mut polling).await;
        }
    }
    assert!(journal.take().await.is_empty());
    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn an_aborted_probe_keeps_the_polling_session_and_its_queue() {
    let (addr, journal) = server().await;
    let (mut polling, _) = join_polling(addr).await;
    for round in 0..20 {
        let mut websocket = polling.websocket().await;
        if round % 2 == 0 {
            websocket.send("2probe").await;
            websocket.expect("3probe").await;
        }
        polling.send(&format!(r#"42["echo",{round}]"#)).await;
        if round % 3 == 0 {
            websocket.reset();
        } else {
            drop(websocket);
        }
        settle(addr).await;
        polling.expect(&format!(r#"42["echo",{round}]"#)).await;
    }
    assert!(journal.take().await.is_empty());
}

#[tokio::test]
async fn a_second_probe_is_closed_and_the_first_completes() {
    let (addr, journal) = server().await;
    let (polling, _) = join_polling(addr).await;
    let mut first = polling.websocket().await;
    first.send("2probe").await;
    first.expect("3probe").await;
    for _ in 0..3 {
        polling.websocket().await.expect_close(None).await;
    }
    first.send("5").await;
    assert_alive(&mut first).await;
    polling.websocket().await.expect_close(None).await;
    assert_alive(&mut first).await;
    assert!(journal.take().await.is_empty());
}

/// Guards against HTTP text in a WebSocket that was accepted too early.
#[tokio::test]
async fn another_protocol_version_is_rejected_before_the_websocket_is_accepted() {
    let (addr, _) = server().await;
    let (mut polling, _) = join_polling(addr).await;
    for (target, message) in [
        (
            WEBSOCKET.replace("EIO=4", "EIO=3"),
            "Unsupported protocol version",
        ),
        (
            WEBSOCKET.replace("EIO=4", "EIO=5"),
            "Unsupported protocol version",
        ),
        (
            WEBSOCKET.replace("EIO=4&", ""),
            "Unsupported protocol version",
        ),
        (
            polling.upgrade_target().replace("EIO=4", "EIO=3"),
            "Bad request",
        ),
    ] {
        WsClient::try_connect(addr, &Request::websocket(&target))
            .await
            .expect_err("the upgrade is rejected")
            .assert(400, message);
    }
    assert_polling_alive(&mut polling).await;
}

/// An unfinished request occupies only its connection.
#[tokio::test]
async fn an_unfinished_request_does_not_affect_the_session() {
    let (addr, journal) = server().await;
    let (mut polling, _) = join_polling(addr).await;
    let mut unfinished = HttpConnection::open(addr).await;
    unfinished
        .send_raw(
            format!(
                "GET {} HTTP/1.1\r\nHost: x\r\nUpg",
                polling.upgrade_target()
            )
            .as_bytes(),
        )
        .await;
    settle(addr).await;
    assert_polling_alive(&mut polling).await;
    unfinished.reset();
    settle(addr).await;
    assert_polling_alive(&mut polling).await;
    assert!(journal.take().await.is_empty());
}

/// An incomplete POST closes its session when its connection closes.
#[tokio::test]
async fn an_aborted_post_closes_only_its_session() {
    let (addr, journal) = server().await;
    let (polling, _) = join_polling(addr).await;
    let (mut other, _) = join(addr).await;
    let mut unfinished = HttpConnection::open(addr).await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n42[\"echo\"",
        polling.target()
    );
    unfinished.send_raw(head.as_bytes()).await;
    settle(addr).await;
    assert!(journal.take().await.is_empty());
    unfinished.reset();
    journal.expect(["transport error"]).await;
    polling.expect_gone().await;
    assert_alive(&mut other).await;
    let mut again = PollingClient::handshake(addr).await;
    assert_polling_alive(&mut again).await;
}

async fn server() -> (SocketAddr, Journal) {
    let journal = Journal::new();
    let layer = SocketIoLayer::with_state(journal.clone());
    let record = async |reason: DisconnectReason, State(journal): State<Journal>| {
        journal.write(reason);
    };
    layer
        .io()
        .of("/")
        .on("echo", async |socket: Socket, Data(value): Data<u32>| {
            socket.emit("echo", &value);
        })
        .on_disconnect(record);
    (serve(layer).await, journal)
}
