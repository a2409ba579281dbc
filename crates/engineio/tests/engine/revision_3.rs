//! Clients before Socket.IO 3: their payloads, their heartbeat, JSONP scripts and forms.

use bytes::Bytes;
use engineio::{CloseReason, Config, Message, Protocol, Session, Transport};
use http::{Method, Request};
use http_body_util::Full;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::polling_client::{PollingClient, sid_of};
use crate::server::{Answer, MOMENT, PING_INTERVAL, PING_TIMEOUT, PIPE, Server, pass};
use crate::websocket_client::WebSocketClient;

const POLLING: &str = "/engine.io/?EIO=3&transport=polling";
const WEBSOCKET: &str = "/engine.io/?EIO=3&transport=websocket";

fn config() -> Config {
    Config::default().allow_eio3(true)
}

/// Creates a server that echoes each message.
fn echoing() -> Server {
    Server::directed(config(), |application| {
        application.on_message = std::sync::Arc::new(|session, message| {
            session.send(message.clone()).ok();
        });
    })
}

async fn request(
    server: &Server,
    method: Method,
    target: &str,
    content_type: &str,
    body: &[u8],
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("content-type", content_type)
        .body(Full::new(Bytes::copy_from_slice(body)));
    server.answer(request.unwrap()).await
}

async fn get(server: &Server, target: &str) -> Answer {
    request(server, Method::GET, target, "", b"").await
}

async fn post(server: &Server, target: &str, content_type: &str, body: &[u8]) -> Answer {
    request(server, Method::POST, target, content_type, body).await
}

async fn post_text(server: &Server, target: &str, body: &str) {
    post(server, target, "text/plain;charset=UTF-8", body.as_bytes())
        .await
        .is(200, "ok");
}

/// Opens a polling session. Returns it with the target of its requests.
async fn polling(server: &mut Server, query: &str) -> (Session, String) {
    let target = format!("{POLLING}{query}");
    let opened = get(server, &target).await;
    let (length, open) = opened.text().split_once(':').expect("a length");
    assert_eq!(length.parse(), Ok(open.len()));
    let session = server.opened().await;
    (session, format!("{target}&sid={}", sid_of(open)))
}

fn content_type(answer: &Answer) -> &str {
    answer.headers["content-type"].to_str().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_session_keeps_its_revision() {
    let mut server = Server::with(config());
    let (session, target) = polling(&mut server, "").await;
    assert_eq!(session.protocol(), Protocol::V3);
    PollingClient::open(&server).await;
    assert_eq!(server.opened().await.protocol(), Protocol::V4);

    let refused = get(&server, &target.replace("EIO=3", "EIO=4")).await;
    refused.is(400, r#"{"code":3,"message":"Bad request"}"#);
    let upgrade = target
        .replace("EIO=3", "EIO=4")
        .replace("polling", "websocket");
    WebSocketClient::connect(&server, &upgrade, PIPE)
        .await
        .expect_err("the upgrade is refused");
    assert!(session.is_open());
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn clients_without_a_revision_use_revision_3() {
    let mut server = Server::with(config());
    for query in ["", "&EIO=", "&EIO=2", "&EIO=5", "&EIO=four"] {
        let target = format!("/engine.io/?transport=polling{query}");
        assert_eq!(get(&server, &target).await.status, 200, "{query:?}");
        assert_eq!(server.opened().await.protocol(), Protocol::V3);
    }
}

#[tokio::test(start_paused = true)]
async fn packets_are_counted_in_code_units() {
    let mut server = echoing();
    let (_, target) = polling(&mut server, "").await;
    post_text(&server, &target, "2:4é0:3:4🦀1:2").await;
    server.messages(["é", "🦀"]).await;
    let polled = get(&server, &target).await;
    // The heartbeat is sent first.
    polled.is(200, "1:32:4é3:4🦀");
    assert_eq!(content_type(&polled), "text/plain; charset=UTF-8");
}

#[tokio::test(start_paused = true)]
async fn binary_payloads_are_polled_and_posted_in_revision_3() {
    let mut server = echoing();
    let (session, target) = polling(&mut server, "").await;
    let body = b"\x00\x03\xff4\xc3\xa9\x01\x04\xff\x04\x01\x02\x03";
    post(&server, &target, "application/octet-stream", body)
        .await
        .is(200, "ok");
    server.messages(["é"]).await;
    let bytes = Message::from(Bytes::from_static(&[1, 2, 3]));
    assert_eq!(server.message().await, bytes);
    let polled = get(&server, &target).await;
    assert_eq!(content_type(&polled), "application/octet-stream");
    assert_eq!(polled.body, body[..]);

    session.send("text").unwrap();
    get(&server, &target).await.is(200, "5:4text");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_requested_base64_keeps_receiving_it() {
    for query in ["&b64=1", "&b64=true"] {
        let mut server = echoing();
        let (_, target) = polling(&mut server, query).await;
        // Clients of that time state it in their first request only.
        let target = target.replace(query, "");
        for _ in 0..2 {
            post_text(&server, &target, "6:b4AQID").await;
            let bytes = Message::from(Bytes::from_static(&[1, 2, 3]));
            assert_eq!(server.message().await, bytes);
            get(&server, &target).await.is(200, "6:b4AQID");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_payload_ends_the_session() {
    let octets = "application/octet-stream";
    let cases: [(&str, &[u8]); 6] = [
        ("text/plain", b"4hello"),
        ("text/plain", b"9:4hello"),
        ("text/plain", b""),
        ("text/plain", b"2:4\xff"),
        (octets, b"4hello"),
        (octets, b"\x00\x09\xff4hello"),
    ];
    for (content_type, body) in cases {
        let mut server = Server::with(config());
        let (_, target) = polling(&mut server, "").await;
        post(&server, &target, content_type, body)
            .await
            .is(200, "ok");
        assert_eq!(server.closed().await, CloseReason::ParseError, "{body:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_of_every_kind_are_limited() {
    for (query, content_type) in [
        ("", "text/plain"),
        ("", "application/octet-stream"),
        ("&j=0", "application/x-www-form-urlencoded"),
    ] {
        let mut server = Server::with(config().max_http_buffer_size(100));
        let (session, target) = polling(&mut server, "").await;
        let target = format!("{target}{query}");
        let posted = post(&server, &target, content_type, &[b'4'; 101]).await;
        posted.is(413, "");
        assert!(session.is_open());
        server.expect_nothing();
    }
}

#[tokio::test(start_paused = true)]
async fn a_revision_3_client_that_pings_stays_connected() {
    let mut server = Server::with(config());
    let (_, target) = polling(&mut server, "").await;
    for _ in 0..3 {
        pass(PING_INTERVAL + PING_TIMEOUT - MOMENT).await;
        post_text(&server, &target, "1:2").await;
        get(&server, &target).await.is(200, "1:3");
    }
    pass(PING_INTERVAL + PING_TIMEOUT - MOMENT).await;
    server.expect_nothing();
    pass(2 * MOMENT).await;
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
}

#[tokio::test(start_paused = true)]
async fn an_unsolicited_pong_ends_the_session() {
    let mut server = Server::with(config());
    let (_, target) = polling(&mut server, "").await;
    post_text(&server, &target, "1:3").await;
    assert_eq!(server.closed().await, CloseReason::TransportError);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_prefixes_binary_messages_with_their_type() {
    let mut server = echoing();
    let mut client = WebSocketClient::connect(&server, WEBSOCKET, PIPE)
        .await
        .unwrap();
    assert!(client.text().await.starts_with("0{"));
    server.opened().await;
    client.send("2").await;
    client.expect_texts(["3"]).await;
    client.send("4hello").await;
    client.expect_texts(["4hello"]).await;
    let bytes = Frame::binary(vec![4, 1, 2]);
    for sent in [bytes.clone(), Frame::text("b4AQI=")] {
        client.send_message(sent).await;
        assert_eq!(client.next().await.unwrap().unwrap(), bytes);
    }
    server.messages(["hello"]).await;
    for _ in 0..2 {
        let bytes = Message::from(Bytes::from_static(&[1, 2]));
        assert_eq!(server.message().await, bytes);
    }
    client.send_message(Frame::binary(Vec::new())).await;
    assert_eq!(server.closed().await, CloseReason::ParseError);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_receives_base64_if_it_requests_it() {
    let mut server = echoing();
    let target = format!("{WEBSOCKET}&b64=1");
    let mut client = WebSocketClient::connect(&server, &target, PIPE)
        .await
        .unwrap();
    assert!(client.text().await.starts_with("0{"));
    server.opened().await;
    client.send("b4AQI=").await;
    client.expect_texts(["b4AQI="]).await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_3_session_upgrades_to_a_websocket() {
    let mut server = echoing();
    let (session, target) = polling(&mut server, "").await;
    let upgrade = target.replace("polling", "websocket");
    let mut client = WebSocketClient::connect(&server, &upgrade, PIPE)
        .await
        .unwrap();
    client.send("2probe").await;
    client.expect_texts(["3probe"]).await;
    client.send("5").await;
    client.send_message(Frame::binary(vec![4, 9])).await;
    assert_eq!(
        client.next().await.unwrap().unwrap(),
        Frame::binary(vec![4, 9])
    );
    assert_eq!(session.transport(), Transport::WebSocket);
    client.send("2").await;
    client.expect_texts(["3"]).await;
    get(&server, &target)
        .await
        .is(400, r#"{"code":3,"message":"Bad request"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_page_can_poll_and_post_with_jsonp() {
    let mut server = echoing();
    let opened = get(&server, &format!("{POLLING}&j=3")).await;
    assert_eq!(content_type(&opened), "text/plain; charset=UTF-8");
    let text = opened.text();
    assert!(text.starts_with("___eio[3](\""), "{text}");
    let payload = text
        .strip_prefix("___eio[3](\"")
        .and_then(|text| text.strip_suffix("\");"))
        .expect("a call");
    let payload = payload.replace("\\\"", "\"");
    let open = payload.split_once(':').expect("a length").1;
    server.opened().await;
    let target = format!("{POLLING}&j=3&sid={}", sid_of(open));

    let form = "application/x-www-form-urlencoded";
    // A line end, and a backslash before an n.
    let body = b"d=8%3A4%C3%A9%E2%80%A8%22%5Cn%5C%5Cn%2B6:b4AQID";
    post(&server, &target, form, body).await.is(200, "ok");
    server.messages(["é\u{2028}\"\n\\n+"]).await;
    server.message().await;
    let polled = get(&server, &target).await;
    polled.is(200, r#"___eio[3]("8:4é\u2028\"\n\\n+6:b4AQID");"#);

    // The requested function is called.
    post(&server, &target, form, b"d=1:2").await.is(200, "ok");
    let polled = get(&server, &target.replace("j=3", "j=x4]y")).await;
    polled.is(200, r#"___eio[4]("1:3");"#);
}

#[tokio::test(start_paused = true)]
async fn a_form_without_packets_is_accepted() {
    let mut server = Server::with(config());
    let (session, target) = polling(&mut server, "").await;
    let target = format!("{target}&j=0");
    for body in [&b""[..], b"e=1:2", b"d=1:2&d=1:2"] {
        let form = "application/x-www-form-urlencoded";
        post(&server, &target, form, body).await.is(200, "ok");
    }
    assert!(session.is_open());
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn jsonp_supports_revision_4() {
    let mut server = Server::echoing();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let target = format!("{}&j=0", client.target());
    post(&server, &target, "", b"d=4a%1E4b%5Cn%1EbAQID")
        .await
        .is(200, "ok");
    server.messages(["a", "b\n"]).await;
    get(&server, &target)
        .await
        .is(200, r#"___eio[0]("4a\u001e4b\n\u001ebAQID");"#);
}
