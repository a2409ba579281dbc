//! Tests the steps of an upgrade from polling to WebSocket.

use e2e::server::Server;
use socketio_testing::{HttpConnection, PollingClient, Request, WsClient};

const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

#[tokio::test]
async fn a_session_upgrades_to_websocket() {
    let server = Server::start().await;
    let polling = PollingClient::connect(server.addr()).await;
    let pending = polling.begin_get().await;

    let mut websocket = polling.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    // The server releases the pending poll, so that the client can stop polling.
    pending.expect("6").await;
    websocket.send("5").await;

    assert_alive(&mut websocket).await;
    polling.get().await.assert(400, BAD_REQUEST);
    polling.post(r#"42["echo"]"#).await.assert(400, BAD_REQUEST);
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn packets_queued_during_an_upgrade_are_sent_in_order() {
    let server = Server::start().await;
    let polling = PollingClient::connect(server.addr()).await;
    let mut websocket = polling.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    // No poll is pending, so packets are queued until the next poll or the end of the upgrade.
    polling.send(r#"42["burst",100]"#).await;
    websocket.send("5").await;
    for number in 0..100 {
        websocket.expect(&format!(r#"42["burst",{number}]"#)).await;
    }
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn a_session_can_poll_until_the_upgrade_is_complete() {
    let server = Server::start().await;
    let mut polling = PollingClient::connect(server.addr()).await;
    let mut websocket = polling.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    polling.send(r#"42["echo","by polling"]"#).await;
    polling.expect(r#"42["echo","by polling"]"#).await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn a_client_can_upgrade_without_a_probe() {
    let server = Server::start().await;
    let polling = PollingClient::connect(server.addr()).await;
    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn a_client_can_upgrade_before_it_joins_a_namespace() {
    let server = Server::start().await;
    let polling = PollingClient::handshake(server.addr()).await;
    let mut websocket = polling.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket.send("5").await;
    websocket.send("40").await;
    websocket.expect(r#"40{"sid":"…"}"#).await;
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn a_failed_probe_keeps_the_session() {
    let server = Server::start().await;
    for (name, packet) in [
        ("a ping without `probe`", "2"),
        ("a ping with another text", "2probes"),
        ("a message", r#"42["echo",1]"#),
        ("a close packet", "1"),
        ("no packet type", "abc"),
    ] {
        println!("{name}");
        let mut polling = PollingClient::connect(server.addr()).await;
        let mut websocket = polling.websocket().await;
        websocket.send(packet).await;
        websocket.expect_close(None).await;
        polling.send(r#"429["ack","alive"]"#).await;
        polling.expect(r#"439["alive"]"#).await;
    }
}

#[tokio::test]
async fn an_aborted_probe_keeps_the_session() {
    let server = Server::start().await;
    let mut polling = PollingClient::connect(server.addr()).await;
    let mut websocket = polling.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    websocket.reset();
    polling.send(r#"429["ack","alive"]"#).await;
    polling.expect(r#"439["alive"]"#).await;
    // The client can try again.
    let mut websocket = upgraded_again(&polling, server).await;
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn a_second_websocket_is_closed_during_an_upgrade() {
    let server = Server::start().await;
    let polling = PollingClient::connect(server.addr()).await;
    let mut first = polling.websocket().await;
    first.send("2probe").await;
    first.expect("3probe").await;
    assert_second_is_closed(server, &polling).await;
    first.send("5").await;
    assert_alive(&mut first).await;
}

#[tokio::test]
async fn a_second_websocket_is_closed_after_an_upgrade() {
    let server = Server::start().await;
    let polling = PollingClient::connect(server.addr()).await;
    let mut first = polling.websocket().await;
    first.send("2probe").await;
    first.expect("3probe").await;
    first.send("5").await;
    assert_alive(&mut first).await;
    assert_second_is_closed(server, &polling).await;
    assert_alive(&mut first).await;
}

/// The requests of a session that has upgraded are refused, even if the server has not read the
/// upgrade packet before they arrive.
#[tokio::test]
async fn a_request_right_after_the_upgrade_packet_is_refused() {
    let server = Server::start().await;
    for method in ["GET", "POST"] {
        let polling = PollingClient::connect(server.addr()).await;
        let mut websocket = polling.websocket().await;
        websocket.send("2probe").await;
        websocket.expect("3probe").await;
        let mut late = HttpConnection::open(server.addr()).await;
        let request = match method {
            "GET" => Request::get(&polling.target()),
            _ => Request::post(&polling.target(), r#"429["ack","late"]"#),
        };
        websocket.send("5").await;
        let response = late.exchange(&request).await;
        response.assert(400, r#"{"code":3,"message":"Bad request"}"#);
        assert_alive(&mut websocket).await;
    }
}

#[tokio::test]
async fn an_upgrade_with_another_protocol_version_is_rejected() {
    let server = Server::start().await;
    let mut polling = PollingClient::connect(server.addr()).await;
    let request = Request::websocket(&polling.upgrade_target().replace("EIO=4", "EIO=3"));
    let response = WsClient::try_connect(server.addr(), &request)
        .await
        .expect_err("the upgrade is rejected");
    response.assert(400, "Bad request");
    polling.send(r#"429["ack","alive"]"#).await;
    polling.expect(r#"439["alive"]"#).await;
}

/// Upgrades a session again after a probe was aborted. Retries until the server has noticed that.
async fn upgraded_again(polling: &PollingClient, server: Server) -> WsClient {
    loop {
        let attempt = WsClient::try_connect(
            server.addr(),
            &Request::websocket(&polling.upgrade_target()),
        )
        .await;
        if let Ok(mut websocket) = attempt {
            websocket.send("2probe").await;
            websocket.expect("3probe").await;
            websocket.send("5").await;
            return websocket;
        }
    }
}

async fn assert_second_is_closed(server: Server, polling: &PollingClient) {
    let mut second = WsClient::connect(server.addr(), &polling.upgrade_target()).await;
    second.expect_close(None).await;
}

async fn assert_alive(client: &mut WsClient) {
    client.send(r#"429["ack","alive"]"#).await;
    client.expect(r#"439["alive"]"#).await;
}
