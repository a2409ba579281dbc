//! Tests the disconnect reasons that the application receives.

use e2e::server::Server;
use socketio_testing::{Frame, PollingClient, WsClient};

const TARGET: &str = "/socket.io/?EIO=4&transport=websocket";

#[tokio::test]
async fn a_websocket_session_reports_the_reason() {
    let server = Server::start().await;
    let invalid_state = server.expects(
        "reason of an invalid state over WebSocket",
        "forced close",
        "forced server close",
    );
    for (name, frame, reason) in [
        (
            "leaving the namespace",
            Frame::text("41"),
            "client namespace disconnect",
        ),
        (
            "disconnected by the server",
            Frame::text(r#"42["disconnect-me",false]"#),
            "server namespace disconnect",
        ),
        (
            "connection closed by the server",
            Frame::text(r#"42["disconnect-me",true]"#),
            "server namespace disconnect",
        ),
        (
            "the transport closed by the server",
            Frame::text(r#"42["close-transport"]"#),
            "forced close",
        ),
        (
            "an invalid Engine.IO packet",
            Frame::text("abc"),
            "parse error",
        ),
        (
            "an invalid Socket.IO packet",
            Frame::text("4x"),
            "forced close",
        ),
        (
            "a reserved event name",
            Frame::text(r#"42["connect"]"#),
            "forced close",
        ),
        ("unexpected binary", Frame::binary([1]), "forced close"),
        ("a second CONNECT", Frame::text("40"), invalid_state),
        (
            "an event for a namespace that was not joined",
            Frame::text(r#"42/admin,["echo"]"#),
            invalid_state,
        ),
        ("a ping", Frame::text("2"), "transport error"),
        (
            "a frame that violates the protocol",
            Frame::text("3").rsv(1),
            "transport error",
        ),
        (
            "a text that is not UTF-8",
            Frame::text([b'4', 0xff]),
            "transport error",
        ),
        (
            "a message over the limit",
            Frame::text("4").claiming(1_000_001),
            "transport error",
        ),
    ] {
        println!("{name}");
        let mut witness = connected(server).await.0;
        let (mut client, id) = connected(server).await;
        client.send_frame(&frame).await;
        assert_reason(&mut witness, &id, reason).await;
    }
}

#[tokio::test]
async fn a_close_frame_is_reported_as_transport_close() {
    let server = Server::start().await;
    for code in [None, Some(1000), Some(1001)] {
        let mut witness = connected(server).await.0;
        let (mut client, id) = connected(server).await;
        client.send_frame(&Frame::close(code)).await;
        client.expect_close(code).await;
        drop(client);
        assert_reason(&mut witness, &id, "transport close").await;
    }
}

#[tokio::test]
async fn a_lost_connection_is_reported_as_transport_close() {
    let server = Server::start().await;
    let mut witness = connected(server).await.0;

    let (client, id) = connected(server).await;
    drop(client);
    assert_reason(&mut witness, &id, "transport close").await;
}

#[tokio::test]
async fn a_polling_session_reports_the_reason() {
    let server = Server::start().await;
    for (name, payload, reason) in [
        ("leaving the namespace", "41", "client namespace disconnect"),
        ("a close packet", "1", "transport close"),
        ("an invalid Engine.IO packet", "abc", "parse error"),
        ("an empty body", "", "parse error"),
        ("a ping", "2", "transport error"),
    ] {
        println!("{name}");
        let mut witness = connected(server).await.0;
        let (client, id) = polling(server).await;
        client.send(payload).await;
        assert_reason(&mut witness, &id, reason).await;
    }
}

#[tokio::test]
async fn a_polling_session_reports_the_reason_after_its_close_packet() {
    let server = Server::start().await;
    for (name, payload, reason) in [
        ("an invalid Socket.IO packet", "4x", "forced close"),
        ("a second CONNECT", "40", "forced server close"),
        (
            "the transport closed by the server",
            r#"42["close-transport"]"#,
            "forced close",
        ),
    ] {
        println!("{name}");
        let mut witness = connected(server).await.0;
        let (client, id) = polling(server).await;
        client.send(payload).await;
        // Without a pending poll, the session closes once a poll has fetched the close packet.
        client.expect_close().await;
        assert_reason(&mut witness, &id, reason).await;
    }
}

#[tokio::test]
async fn concurrent_polls_are_reported_as_transport_error() {
    let server = Server::start().await;
    let mut witness = connected(server).await.0;
    let (client, id) = polling(server).await;
    let _first = client.begin_get().await;
    let _second = client.begin_get().await;
    assert_reason(&mut witness, &id, "transport error").await;
}

#[tokio::test]
async fn an_aborted_poll_is_reported_as_transport_error() {
    let server = Server::start().await;
    let mut witness = connected(server).await.0;
    let (client, id) = polling(server).await;
    let pending = client.begin_get().await;
    // The server has read the poll once it has served this later session.
    PollingClient::connect(server.addr()).await.close().await;
    drop(pending);
    assert_reason(&mut witness, &id, "transport error").await;
}

#[tokio::test]
async fn all_namespaces_report_the_reason() {
    let server = Server::start().await;
    let mut witness = connected(server).await.0;
    let (mut client, root) = connected(server).await;
    client.send(r#"40/admin,{"token":"secret"}"#).await;
    let admin = id_of(&client.expect(r#"40/admin,{"sid":"…"}"#).await);
    drop(client);
    for id in [root, admin] {
        assert_reason(&mut witness, &id, "transport close").await;
    }
}

#[tokio::test]
async fn rooms_are_available_while_disconnecting() {
    let server = Server::start().await;
    let mut witness = connected(server).await.0;
    let (mut client, id) = connected(server).await;
    client.send(r#"420["join",["b","a"]]"#).await;
    client.expect(r#"430[["a","b"]]"#).await;
    drop(client);
    witness.send(&format!(r#"421["reason","{id}"]"#)).await;
    witness
        .expect(r#"431[{"reason":"transport close","rooms":["a","b"]}]"#)
        .await;
}

async fn connected(server: Server) -> (WsClient, String) {
    let mut client = WsClient::connect(server.addr(), TARGET).await;
    client.expect("0{…}").await;
    client.send("40").await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    (client, id)
}

async fn polling(server: Server) -> (PollingClient, String) {
    let mut client = PollingClient::handshake(server.addr()).await;
    client.send("40").await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    (client, id)
}

fn id_of(connect: &str) -> String {
    connect.split('"').nth(3).expect("an id").to_owned()
}

async fn assert_reason(witness: &mut WsClient, id: &str, reason: &str) {
    witness.send(&format!(r#"421["reason","{id}"]"#)).await;
    witness
        .expect(&format!(r#"431[{{"reason":"{reason}","rooms":[]}}]"#))
        .await;
}
