//! Upgrades from polling to WebTransport.

use std::time::Duration;

use engineio::{CloseReason, Protocol, Session, Transport};
use http::Request;
use http_body_util::Empty;

use super::*;
use crate::body::FedBody;
use crate::polling_client::{OPEN, sid_of};
use crate::websocket_client::WebSocketClient;

async fn polling(server: &mut Server) -> (PollingClient, Session) {
    let client = PollingClient::open(server).await;
    (client, server.opened().await)
}

async fn probed(server: &Server, client: &PollingClient) -> WebTransportClient {
    let mut socket = WebTransportClient::probe(server, &client.sid).await;
    socket.send("2probe").await;
    socket.expect_texts(["3probe"]).await;
    socket
}

/// Asserts that a stream for this session is released, and not because of a timeout.
async fn is_refused(server: &Server, sid: &str) {
    let begun = tokio::time::Instant::now();
    let client = WebTransportClient::probe(server, sid).await;
    client.expect_release().await;
    assert!(begun.elapsed() < UPGRADE_TIMEOUT / 2);
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

async fn upgrades(config: engineio::Config) -> String {
    let server = Server::with(config);
    let request = Request::get(OPEN).body(Empty::<Bytes>::new()).unwrap();
    let opened = server.answer(request).await;
    let (_, behind) = opened.text().split_once("\"upgrades\":").unwrap();
    behind.split_once(']').unwrap().0.to_owned()
}

#[tokio::test(start_paused = true)]
async fn webtransport_is_advertised_if_it_is_enabled() {
    use engineio::Config;
    assert_eq!(upgrades(Config::default()).await, "[\"websocket\"");
    assert_eq!(upgrades(config()).await, "[\"websocket\",\"webtransport\"");
    let alone = config().transports([Transport::WebTransport, Transport::Polling]);
    assert_eq!(upgrades(alone).await, "[\"webtransport\"");
    assert_eq!(upgrades(config().allow_upgrades(false)).await, "[");
}

#[tokio::test(start_paused = true)]
async fn a_client_upgrades_to_webtransport() {
    let mut server = echoing();
    let (client, session) = polling(&mut server).await;
    let poll = client.get();
    let mut socket = probed(&server, &client).await;
    assert!(session.is_upgrading());
    assert_eq!(poll.packets().await, ["6"]);
    assert_eq!(session.transport(), Transport::Polling);
    socket.send("5").await;
    socket.send("4hello").await;
    server.messages(["hello"]).await;
    socket.expect_texts(["4hello"]).await;
    assert_eq!(session.transport(), Transport::WebTransport);
    assert!(session.is_upgraded());
    let refused = r#"{"code":3,"message":"Bad request"}"#;
    client.get().answer().await.is(400, refused);
    assert_eq!(server.engine.clients_count(), 1);
    drop(socket.stream);
    assert_eq!(server.closed().await, CloseReason::TransportClose);
    expect("the end of serving", socket.served).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn queued_messages_survive_an_upgrade_in_order() {
    let mut server = server();
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
async fn the_packets_of_a_post_in_progress_precede_those_of_the_stream() {
    let mut server = server();
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    let (body_sender, body) = FedBody::new();
    body_sender.feed("4posted first");
    let post = client.start_post(body);
    settle().await;
    socket.send("5").await;
    socket.send("4sent second").await;
    settle().await;
    server.expect_nothing();
    drop(body_sender);
    server.messages(["posted first", "sent second"]).await;
    post.answer().await.is(200, "ok");
    assert_eq!(session.transport(), Transport::WebTransport);
}

#[tokio::test(start_paused = true)]
async fn a_failed_upgrade_does_not_end_the_session() {
    for bytes in [
        &b"\x014"[..],
        b"\x00",
        b"\x01x",
        b"\x81\x01",
        b"\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut server = server();
        let (client, session) = polling(&mut server).await;
        let mut socket = probed(&server, &client).await;
        socket.send_bytes(bytes).await;
        socket.expect_release().await;
        assert_still_polling(&mut server, &client, &session).await;
        // Another client may try.
        probed(&server, &client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_lost_while_probing_does_not_end_the_session() {
    let mut server = server();
    let (client, session) = polling(&mut server).await;
    let socket = probed(&server, &client).await;
    drop(socket.stream);
    expect("the end of serving", socket.served).await.unwrap();
    assert_still_polling(&mut server, &client, &session).await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_times_out() {
    let mut server = server();
    let (client, session) = polling(&mut server).await;
    let mut socket = probed(&server, &client).await;
    pass(UPGRADE_TIMEOUT - Duration::from_millis(100)).await;
    socket.expect_nothing().await;
    assert!(session.is_upgrading());
    socket.expect_release().await;
    assert_still_polling(&mut server, &client, &session).await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_without_a_probe_is_accepted() {
    let mut server = server();
    let (client, _) = polling(&mut server).await;
    let mut socket = WebTransportClient::probe(&server, &client.sid).await;
    socket.send("5").await;
    socket.send("4hello").await;
    server.messages(["hello"]).await;
}

#[tokio::test(start_paused = true)]
async fn only_one_upgrade_is_accepted() {
    let mut server = server();
    let (client, session) = polling(&mut server).await;
    let mut first = probed(&server, &client).await;
    is_refused(&server, &client.sid).await;
    first.send("5").await;
    first.send("4hello").await;
    server.messages(["hello"]).await;
    is_refused(&server, &client.sid).await;
    first.send("4still here").await;
    server.messages(["still here"]).await;

    // Nor beside a WebSocket that probes.
    let (client, other) = polling(&mut server).await;
    let mut websocket = WebSocketClient::probe(&server, &client.sid).await;
    websocket.send("2probe").await;
    websocket.expect_texts(["3probe"]).await;
    is_refused(&server, &client.sid).await;
    websocket.send("5").await;
    websocket.send("4hello").await;
    server.messages(["hello"]).await;
    is_refused(&server, &client.sid).await;
    assert_eq!(other.transport(), Transport::WebSocket);
    assert_eq!(session.transport(), Transport::WebTransport);
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_is_refused_if_upgrades_are_disabled() {
    let mut server = Server::with(config().allow_upgrades(false));
    let (client, session) = polling(&mut server).await;
    is_refused(&server, &client.sid).await;
    assert_still_polling(&mut server, &client, &session).await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_3_session_cannot_upgrade_to_webtransport() {
    let mut server = Server::with(config().allow_eio3(true));
    let target = "/engine.io/?EIO=3&transport=polling";
    let request = Request::get(target).body(Empty::<Bytes>::new()).unwrap();
    let opened = server.answer(request).await;
    let session = server.opened().await;
    assert_eq!(session.protocol(), Protocol::V3);
    let (_, open) = opened.text().split_once(':').unwrap();
    assert!(open.contains("\"upgrades\":[\"websocket\"]"), "{open}");
    let sid = sid_of(open);
    is_refused(&server, &sid).await;
    assert!(session.is_open() && !session.is_upgrading());
}
