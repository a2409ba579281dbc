//! Tests the Engine.IO server of a Socket.IO server (`io.engine` in Node).

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request as AxumRequest, State};
use axum::http::{HeaderValue, Uri};
use axum::routing::any;
use e2e::app::{serve, serve_router};
use e2e::probes::Journal;
use e2e::session::{join, join_polling};
use e2e::sync::eventually;
use socketio::engine::FailureContext;
use socketio::{Origins, SocketIoLayer, Transport};
use socketio_testing::{PollingClient, Request, WsClient};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

/// The reports match those of Node's server, except for the ids in the contexts.
#[tokio::test]
async fn the_engine_reports_rejected_requests() {
    let journal = Journal::new();
    let layer = SocketIoLayer::builder()
        .origins(Origins::list(["https://a.example"]))
        .allow_request(async |uri: Uri| match uri.query() {
            Some(query) if query.contains("deny") => Err("no"),
            _ => Ok(()),
        })
        .build();
    let io = layer.io();
    io.of("/");
    let failures = journal.clone();
    io.engine().on_connection_error(move |failure| {
        let context = match failure.context() {
            FailureContext::TransportUnknown { transport } => format!("{transport:?}"),
            FailureContext::SessionIdUnknown { sid } => sid.to_string(),
            FailureContext::BadHandshakeMethod { method } => method.to_string(),
            FailureContext::Forbidden { message } => format!("{message:?}"),
            FailureContext::TransportMismatch {
                transport,
                previous,
            } => format!("TRANSPORT_MISMATCH {transport} {previous}"),
            FailureContext::ProtocolMismatch { protocol, previous } => {
                format!("PROTOCOL_MISMATCH {protocol} {previous}")
            }
            FailureContext::UnsupportedProtocolVersion { protocol } => protocol.to_string(),
            FailureContext::OriginNotAllowed {
                origin: Some(origin),
            } => format!("{origin:?}"),
            other => other.name().unwrap_or("?").to_owned(),
        };
        let path = failure.request().uri.path();
        failures.write(format!(
            "{path} {} {}: {context}",
            failure.code(),
            failure.message()
        ));
    });
    let addr = serve(layer).await;
    let (client, _) = join_polling(addr).await;
    let sid = client.sid();
    for (method, query, reported) in [
        (
            "GET",
            "EIO=4&transport=abc".to_owned(),
            r#"0 Transport unknown: Some("abc")"#,
        ),
        ("GET", "EIO=4".to_owned(), "0 Transport unknown: None"),
        (
            "GET",
            "EIO=4&transport=polling&sid=xx".to_owned(),
            "1 Session ID unknown: xx",
        ),
        (
            "POST",
            "EIO=4&transport=polling".to_owned(),
            "2 Bad handshake method: POST",
        ),
        (
            "GET",
            "EIO=3&transport=polling".to_owned(),
            "5 Unsupported protocol version: 3",
        ),
        (
            "GET",
            "EIO=3&transport=polling&deny=1".to_owned(),
            r#"4 Forbidden: Some("no")"#,
        ),
        (
            "GET",
            "EIO=4&transport=websocket".to_owned(),
            "3 Bad request: TRANSPORT_HANDSHAKE_ERROR",
        ),
        (
            "GET",
            format!("EIO=4&transport=websocket&sid={sid}"),
            "3 Bad request: TRANSPORT_MISMATCH websocket polling",
        ),
        (
            "GET",
            format!("EIO=3&transport=polling&sid={sid}"),
            "3 Bad request: PROTOCOL_MISMATCH 3 4",
        ),
    ] {
        Request::new(method, &format!("/socket.io/?{query}"))
            .send(addr)
            .await;
        assert_eq!(journal.next().await, format!("/socket.io/ {reported}"));
    }
    let request = Request::websocket(&format!("{WEBSOCKET}&deny"));
    WsClient::try_connect(addr, &request)
        .await
        .expect_err("the upgrade is rejected");
    journal
        .expect([r#"/socket.io/ 4 Forbidden: Some("no")"#])
        .await;
    let request = Request::get(POLLING).header("Origin", "https://b.example");
    request
        .send(addr)
        .await
        .assert(403, r#"{"code":4,"message":"Forbidden"}"#);
    journal
        .expect([r#"/socket.io/ 4 Forbidden: "https://b.example""#])
        .await;
    // Requests that succeed are not reported.
    client.send("3").await;
    assert!(journal.take().await.is_empty());
}

#[tokio::test]
async fn listeners_add_headers_in_order() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/");
    let engine = io.engine();
    engine
        .on_initial_headers(|headers, request| {
            assert!(
                request
                    .uri
                    .query()
                    .is_some_and(|query| !query.contains("sid"))
            );
            headers.insert("x-initial", HeaderValue::from_static("1"));
        })
        .on_initial_headers(|_, _| panic!("on purpose"))
        .on_headers(|headers, _| {
            let seen = headers.contains_key("x-initial");
            headers.insert("x-any", HeaderValue::from(u16::from(seen)));
        })
        .on_headers(|headers, _| {
            if let Some(any) = headers.remove("x-any") {
                headers.insert("x-renamed", any);
            }
        });
    let addr = serve(layer).await;
    let response = Request::get(POLLING).send(addr).await;
    assert_eq!(response.header("x-initial"), Some("1"));
    assert_eq!(response.header("x-renamed"), Some("1"));
    assert_eq!(response.header("x-any"), None);

    let client = PollingClient::connect(addr).await;
    let response = client.post("40").await;
    response.assert(200, "ok");
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("x-initial"), None);
    assert_eq!(response.header("x-renamed"), Some("0"));
    let refused = Request::get("/socket.io/").send(addr).await;
    assert_eq!(refused.header("x-renamed"), None);

    // The raw response to a WebSocket request.
    let mut connection = socketio_testing::HttpConnection::open(addr).await;
    connection.send(&Request::websocket(WEBSOCKET)).await;
    let response = connection.response().await;
    assert_eq!(response.status, 101);
    assert_eq!(response.header("x-initial"), Some("1"));
    assert_eq!(response.header("x-renamed"), Some("1"));
}

#[tokio::test]
async fn an_application_can_generate_session_ids() {
    let layer = SocketIoLayer::with_state("prefix");
    let io = layer.io();
    io.of("/");
    let journal = Journal::new();
    let failures = journal.clone();
    io.engine()
        .generate_id(async |State(prefix): State<&'static str>, uri: Uri| {
            let query = uri.query().unwrap_or_default();
            let id = query.split("id=").nth(1).ok_or("no id is left")?;
            assert_ne!(id, "panic", "on purpose");
            Ok::<_, &'static str>(format!("{prefix}-{id}"))
        })
        .on_connection_error(move |failure| failures.write(failure.context()));
    let addr = serve(layer).await;

    let open = |id: &str| Request::get(&format!("{POLLING}&id={id}"));
    let opened = open("one").send(addr).await;
    opened.assert(200, r#"0{"sid":"prefix-one",…}"#);
    let mut client = WsClient::connect(addr, &format!("{WEBSOCKET}&id=two")).await;
    client.expect(r#"0{"sid":"prefix-two",…}"#).await;
    assert_eq!(io.engine().clients_count(), 2);

    for (query, reason) in [
        ("id=one", "belongs to another session"),
        ("id=a%20b", "is invalid"),
        ("id=panic", "panicked"),
        ("", "no id is left"),
    ] {
        let response = Request::get(&format!("{POLLING}&{query}")).send(addr).await;
        response.assert(400, BAD_REQUEST);
        let failure = journal.next().await;
        assert!(failure.contains(reason), "{query}: {failure}");
        let request = Request::websocket(&format!("{WEBSOCKET}&{query}"));
        let response = WsClient::try_connect(addr, &request).await;
        response.expect_err("no 101").assert(400, "Bad request");
        journal.next().await;
    }
    // The session that already uses the id is not affected.
    let target = format!("{POLLING}&sid=prefix-one");
    Request::post(&target, "40")
        .send(addr)
        .await
        .assert(200, "ok");
}

#[tokio::test]
async fn the_engine_counts_connections() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/");
    let addr = serve(layer).await;
    let engine = io.engine();
    assert_eq!(engine.clients_count(), 0);
    let (polling, _) = join_polling(addr).await;
    let (websocket, _) = join(addr).await;
    assert_eq!(engine.clients_count(), 2);
    polling.send("1").await;
    drop(websocket);
    eventually("both clients to be removed", || engine.clients_count() == 0).await;
}

#[tokio::test]
async fn the_engine_returns_its_options() {
    let layer = SocketIoLayer::builder()
        .path("/live")
        .transports([Transport::WebSocket])
        .allow_upgrades(false)
        .ping_interval(Duration::from_secs(1))
        .ping_timeout(Duration::from_secs(2))
        .upgrade_timeout(Duration::from_secs(3))
        .max_http_buffer_size(4)
        .build();
    let engine = layer.io().engine();
    assert_eq!(engine.path(), "/live/");
    assert_eq!(
        engine.transports().collect::<Vec<_>>(),
        [Transport::WebSocket]
    );
    assert!(!engine.allow_upgrades());
    assert_eq!(engine.ping_interval(), Duration::from_secs(1));
    assert_eq!(engine.ping_timeout(), Duration::from_secs(2));
    assert_eq!(engine.upgrade_timeout(), Duration::from_secs(3));
    assert_eq!(engine.max_http_buffer_size(), 4);
}

#[tokio::test]
async fn an_application_can_pass_requests_of_other_paths_to_the_engine() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/");
    let engine = io.engine();
    let only_upgrades = engine.clone();
    let all_requests = async move |Path(version): Path<String>, request: AxumRequest| {
        assert_eq!(version, "v1");
        engine.handle_request(request).await
    };
    let upgrades = async move |request: AxumRequest| only_upgrades.handle_upgrade(request).await;
    let router = Router::new()
        .route("/{version}/live/", any(all_requests))
        .route("/upgrades", any(upgrades));
    let addr = serve_router(router).await;

    let target = "/v1/live/?EIO=4&transport=polling";
    let mut client = PollingClient::handshake_at(addr, target).await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    let mut socket = client.websocket().await;
    socket.send("2probe").await;
    socket.expect("3probe").await;

    let websocket = "/upgrades?EIO=4&transport=websocket";
    let mut socket = WsClient::connect(addr, websocket).await;
    socket.expect("0{…}").await;
    let refused = Request::get("/upgrades?EIO=4&transport=polling")
        .send(addr)
        .await;
    refused.assert(400, BAD_REQUEST);
    assert_eq!(io.clients_count(), 2);
}
