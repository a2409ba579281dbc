//! Options that change the responses.

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use engineio::{Config, HttpCompression, Message, SendOptions, SessionCookie};
use flate2::read::{GzDecoder, ZlibDecoder};
use http::Request;
use http_body_util::Empty;

use crate::polling_client::{OPEN, PollingClient, sid_of};
use crate::server::{Answer, PIPE, Server, expect};
use crate::websocket_client::{self, WebSocketClient};

async fn open(server: &Server) -> Answer {
    let request = Request::get(OPEN).body(Empty::<Bytes>::new());
    server.answer(request.unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn the_cookie_contains_the_session_id_on_both_transports() {
    let cookie = SessionCookie::default().max_age(Duration::from_secs(60));
    let server = Server::with(Config::default().cookie(cookie));
    let opened = open(&server).await;
    let sid = sid_of(opened.text());
    let expected = format!("io={sid}; HttpOnly; SameSite=Lax; Path=/; Max-Age=60");
    assert_eq!(opened.headers["set-cookie"], expected);
    // The cookie is sent once.
    let client = PollingClient::open(&server).await;
    let posted = client.post("4a").await;
    assert!(!posted.headers.contains_key("set-cookie"));

    let url = format!("ws://localhost{}", websocket_client::OPEN);
    let handshake = tokio_tungstenite::client_async(url, server.connect(PIPE));
    let (stream, response) = expect("a WebSocket", handshake).await.unwrap();
    let cookie = response.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    let sid = sid_of(&WebSocketClient::from_stream(stream).text().await);
    assert!(cookie.starts_with(&format!("io={sid}; ")), "{cookie}");
}

#[tokio::test(start_paused = true)]
async fn the_initial_packet_follows_the_open_packet() {
    let mut server = Server::with(Config::default().initial_packet("welcome"));
    let opened = open(&server).await;
    let packets: Vec<_> = opened.text().split('\x1e').collect();
    assert_eq!(packets[1..], ["4welcome"]);
    server.opened().await;

    let mut client = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    session.send("later").unwrap();
    client.expect_texts(["4welcome", "4later"]).await;
    // The initial packet is not sent again after an upgrade.
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let mut socket = WebSocketClient::probe(&server, &client.sid).await;
    socket.send("5").await;
    socket.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn the_trailing_slash_can_be_omitted() {
    let server = Server::with(Config::default().path("/live").add_trailing_slash(false));
    for (path, served) in [
        ("/live", true),
        ("/live/", true),
        ("/live/below", true),
        ("/lively", false),
        ("/", false),
    ] {
        let target = format!("{path}?EIO=4&transport=none");
        let request = Request::get(target).body(Empty::<Bytes>::new());
        let status = server.answer(request.unwrap()).await.status;
        assert_eq!(status == 400, served, "{path}: {status}");
    }
    assert_eq!(server.engine.path(), "/live");
}

/// Returns the response to a GET with this `Accept-Encoding`.
async fn poll(client: &PollingClient, accepted: &str) -> (Answer, Option<String>) {
    let request = Request::get(client.target())
        .header("accept-encoding", accepted)
        .body(Empty::<Bytes>::new());
    let answer = client.send(request.unwrap()).answer().await;
    let encoding = answer.headers.get("content-encoding");
    let encoding = encoding.map(|value| value.to_str().unwrap().to_owned());
    (answer, encoding)
}

#[tokio::test(start_paused = true)]
async fn long_responses_are_compressed_with_the_preferred_encoding() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let long = "long ".repeat(100_000);
    for (accepted, expected) in [
        ("gzip, deflate, br", Some("gzip")),
        ("br, gzip;q=0.5, deflate;q=0.6", Some("deflate")),
        ("br", None),
    ] {
        session.send(&*long).unwrap();
        let (answer, encoding) = poll(&client, accepted).await;
        assert_eq!(encoding.as_deref(), expected, "{accepted}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let mut text = String::new();
        match expected {
            Some("gzip") => GzDecoder::new(&*answer.body).read_to_string(&mut text),
            Some(_) => ZlibDecoder::new(&*answer.body).read_to_string(&mut text),
            None => (&*answer.body).read_to_string(&mut text),
        }
        .unwrap();
        assert_eq!(text, format!("4{long}"), "{accepted}");
        assert_eq!(answer.body.len() < 10_000, expected.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn responses_are_compressed_from_the_threshold_on() {
    for (config, length, compressed) in [
        (Config::default(), 1023, false),
        (Config::default(), 1024, true),
        (
            Config::default().http_compression(HttpCompression::default().threshold(10)),
            10,
            true,
        ),
        (
            Config::default().http_compression(HttpCompression::default().threshold(10)),
            9,
            false,
        ),
        (Config::default().http_compression(None), 5000, false),
    ] {
        let mut server = Server::with(config);
        let client = PollingClient::open(&server).await;
        let session = server.opened().await;
        // The type of the packet counts as well.
        session.send(&*"x".repeat(length - 1)).unwrap();
        let (_, encoding) = poll(&client, "gzip").await;
        assert_eq!(encoding.is_some(), compressed, "{length}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_is_uncompressed_only_if_all_its_messages_are() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let long = Message::from(&*"x".repeat(2000));
    let plain = SendOptions::default().compress(false);
    session.send_with(long.clone(), plain).unwrap();
    session.send_with(long.clone(), plain).unwrap();
    assert_eq!(poll(&client, "gzip").await.1, None);
    session.send_with(long.clone(), plain).unwrap();
    session.send(long).unwrap();
    assert_eq!(poll(&client, "gzip").await.1.as_deref(), Some("gzip"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_during_compression_loses_its_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    session.send(&*"x".repeat(1_000_000)).unwrap();
    let request = Request::get(client.target())
        .header("accept-encoding", "gzip")
        .body(Empty::<Bytes>::new());
    let pending = client.send(request.unwrap());
    pending.drop_connection().await;
    assert_eq!(
        server.closed().await,
        engineio::CloseReason::TransportError,
        "its packets are lost"
    );
}
