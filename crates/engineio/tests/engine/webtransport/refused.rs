//! Refused WebTransport clients, and their report to the application.

use std::future::pending;
use std::sync::Arc;

use engineio::{
    Application, BoxError, Config, Connection, ConnectionError, ConnectionFailure, Engine, Origins,
    Session, SessionId,
};
use http::HeaderValue;
use http::request::Parts;
use parking_lot::Mutex;

use super::*;
use crate::websocket_client::WebSocketClient;

/// An application that treats a client as its query says, and logs the calls.
#[derive(Default)]
struct LoggingApplication(Mutex<Vec<String>>);

impl Application for LoggingApplication {
    type Connection = Silent;

    fn open(&self, _: Session, request: Parts) -> Silent {
        let stamp = request.extensions.get::<&str>().copied();
        self.0.lock().push(format!("open {stamp:?}"));
        Silent
    }

    async fn allow_request(&self, request: &mut Parts) -> Result<(), ConnectionError> {
        request.extensions.insert("stamp");
        let query = request.uri.query().unwrap_or("");
        if query.contains("wait") {
            self.0.lock().push("waits".into());
            pending::<()>().await;
        }
        match query.contains("deny") {
            true => Err(ConnectionError::forbidden("not you")),
            false => Ok(()),
        }
    }

    async fn generate_id(&self, _: &Parts) -> Result<SessionId, BoxError> {
        Ok(SessionId::from("always_the_same"))
    }

    fn connection_error(&self, failure: &ConnectionFailure<'_>) {
        let name = failure.context().name().unwrap_or("-");
        let reported = format!("{} {} {name}", failure.code(), failure.error().message());
        self.0.lock().push(reported);
    }
}

struct Silent;

impl Connection for Silent {
    fn message(&mut self, _: Message) {}

    fn closed(self, _: CloseReason) {}
}

fn engine_with(config: Config) -> Arc<Engine<LoggingApplication>> {
    Arc::new(Engine::new(config, LoggingApplication::default()))
}

fn reported(engine: &Engine<LoggingApplication>) -> Vec<String> {
    std::mem::take(&mut *engine.application().0.lock())
}

/// Returns the report for a client that sends this packet. Asserts that its stream ends.
async fn refusal(
    engine: &Arc<Engine<LoggingApplication>>,
    request: Parts,
    first: &str,
) -> Vec<String> {
    let mut client = WebTransportClient::new(engine, request);
    client.send(first).await;
    client.expect_release().await;
    reported(engine)
}

#[tokio::test(start_paused = true)]
async fn webtransport_is_disabled_by_default() {
    let engine = engine_with(Config::default());
    let refused = ["0 Transport unknown -"];
    assert_eq!(refusal(&engine, request(TARGET), "0").await, refused);
    // No packet is necessary for it.
    let mut client = WebTransportClient::new(&engine, request(TARGET));
    settle().await;
    client.ends().await;
}

#[tokio::test(start_paused = true)]
async fn the_first_packet_must_open_or_upgrade_a_session() {
    let engine = engine_with(config());
    let refused = ["3 Bad request TRANSPORT_HANDSHAKE_ERROR"];
    for first in [
        "1",
        "2",
        "2probe",
        "4hello",
        "5",
        "6",
        "bAQ==",
        "x",
        "0{}",
        "0null",
        "0{\"sid\":1}",
    ] {
        assert_eq!(
            refusal(&engine, request(TARGET), first).await,
            refused,
            "{first}"
        );
    }
    for bytes in [&b"\x00"[..], b"\x810", b"\x80", b"\x02\xff\xff", &[0xff; 9]] {
        let mut client = WebTransportClient::new(&engine, request(TARGET));
        client.send_bytes(bytes).await;
        client.expect_release().await;
        assert_eq!(reported(&engine), refused, "{bytes:?}");
    }
    assert_eq!(engine.clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_late_first_packet_is_refused() {
    for sent in [&b""[..], b"\x0f", b"\x0f0{\"sid"] {
        let engine = engine_with(config());
        let mut client = WebTransportClient::new(&engine, request(TARGET));
        client.send_bytes(sent).await;
        pass(UPGRADE_TIMEOUT - 2 * MOMENT).await;
        client.expect_nothing().await;
        pass(2 * MOMENT).await;
        client.expect_release().await;
        assert_eq!(
            reported(&engine),
            ["3 Bad request TRANSPORT_HANDSHAKE_ERROR"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_without_a_packet_is_not_reported() {
    let engine = engine_with(config());
    let client = WebTransportClient::new(&engine, request(TARGET));
    drop(client.stream);
    expect("the end of serving", client.served).await.unwrap();
    assert!(reported(&engine).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_session_is_refused() {
    let engine = engine_with(config());
    let refused = ["1 Session ID unknown -"];
    let first = r#"0{"sid":"unknown"}"#;
    assert_eq!(refusal(&engine, request(TARGET), first).await, refused);
}

#[tokio::test(start_paused = true)]
async fn an_origin_outside_the_list_is_refused_before_anything_is_read() {
    let origins = Origins::list(["https://example.com"]);
    let engine = engine_with(config().origins(origins));
    let from = |origin| {
        let mut parts = request(TARGET);
        let origin = HeaderValue::from_static(origin);
        parts.headers.insert(http::header::ORIGIN, origin);
        parts
    };
    let client = WebTransportClient::new(&engine, from("https://evil.example"));
    client.expect_release().await;
    assert_eq!(reported(&engine), ["4 Forbidden ORIGIN_NOT_ALLOWED"]);
    let mut client = WebTransportClient::new(&engine, from("https://example.com"));
    client.send("0").await;
    assert!(client.text().await.starts_with("0{"));
}

#[tokio::test(start_paused = true)]
async fn the_application_can_refuse_a_webtransport_client() {
    let engine = engine_with(config());
    let denied = request(&format!("{TARGET}?deny"));
    assert_eq!(refusal(&engine, denied, "0").await, ["4 not you -"]);
    let mut client = WebTransportClient::new(&engine, request(TARGET));
    client.send("0").await;
    assert!(
        client
            .text()
            .await
            .starts_with("0{\"sid\":\"always_the_same\"")
    );
    assert_eq!(reported(&engine), ["open Some(\"stamp\")"]);
    let taken = ["3 Bad request ID_GENERATION_ERROR"];
    assert_eq!(refusal(&engine, request(TARGET), "0").await, taken);
    assert_eq!(engine.clients_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_during_allow_request_opens_no_session() {
    let engine = engine_with(config());
    let mut client = WebTransportClient::new(&engine, request(&format!("{TARGET}?wait")));
    client.send("0").await;
    client.send("4early").await;
    settle().await;
    assert!(!client.served.is_finished());
    let mut other = WebTransportClient::new(&engine, request(&format!("{TARGET}?wait")));
    other.send("0").await;
    settle().await;
    drop(other.stream);
    expect("the end of serving", other.served).await.unwrap();
    assert_eq!(reported(&engine), ["waits", "waits"]);
    assert_eq!(engine.clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn other_revisions_than_4_are_refused() {
    let engine = engine_with(config().allow_eio3(true));
    let target = format!("{TARGET}?EIO=3");
    let refused = ["5 Unsupported protocol version -"];
    assert_eq!(refusal(&engine, request(&target), "0").await, refused);
    let target = format!("{TARGET}?EIO=4&transport=webtransport");
    let mut client = WebTransportClient::new(&engine, request(&target));
    client.send("0").await;
    assert!(client.text().await.starts_with("0{"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_be_passed_in_without_knowing_its_request() {
    let engine = engine_with(config());
    let (parts, ()) = http::Request::new(()).into_parts();
    let mut client = WebTransportClient::new(&engine, parts);
    client.send("0").await;
    assert!(client.text().await.starts_with("0{"));
}

#[tokio::test(start_paused = true)]
async fn a_request_cannot_use_the_webtransport_transport() {
    let server = server();
    for query in ["", "&sid=x"] {
        let target = format!("/engine.io/?EIO=4&transport=webtransport{query}");
        let get = http::Request::get(&target).body(http_body_util::Empty::<Bytes>::new());
        let answer = server.answer(get.unwrap()).await;
        answer.is(400, r#"{"code":0,"message":"Transport unknown"}"#);
        assert!(
            WebSocketClient::connect(&server, &target, PIPE)
                .await
                .is_err()
        );
    }
}
