//! tower-http's `CorsLayer`, with the headers that Node's server gives with its option `cors`.

use std::net::SocketAddr;

use axum::Router;
use axum::http::{HeaderName, Method};
use e2e::app::serve_router;
use e2e::session::{WEBSOCKET, assert_alive};
use socketio::{Origins, ServeClient, SocketIoBuilder, SocketIoLayer};
use socketio_testing::{RawResponse, Request, WsClient};
use tower_http::cors::{AllowOrigin, CorsLayer};

const HERE: &str = "https://app.example";
const ELSEWHERE: &str = "https://evil.example";
const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list([HERE.parse().expect("a header")]))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([HeaderName::from_static("x-token")])
        .allow_credentials(true)
}

async fn serve_with_cors(builder: SocketIoBuilder) -> SocketAddr {
    serve_router(Router::new().layer(builder.build()).layer(cors())).await
}

async fn ask(addr: SocketAddr, method: &str, target: &str, origin: &str) -> RawResponse {
    Request::new(method, target)
        .header("Origin", origin)
        .send(addr)
        .await
}

#[track_caller]
fn assert_allowed(response: &RawResponse) {
    assert_eq!(response.header("access-control-allow-origin"), Some(HERE));
    assert_eq!(
        response.header("access-control-allow-credentials"),
        Some("true")
    );
}

#[tokio::test]
async fn a_preflight_request_is_answered() {
    let addr = serve_with_cors(SocketIoLayer::builder()).await;
    let preflight = Request::new("OPTIONS", HANDSHAKE)
        .header("Origin", HERE)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "x-token");
    let response = preflight.send(addr).await;
    response.assert(200, "");
    assert_allowed(&response);
    let header = |name| response.header(name).unwrap_or_default().replace(' ', "");
    assert_eq!(header("access-control-allow-methods"), "GET,POST");
    assert_eq!(header("access-control-allow-headers"), "x-token");
}

#[tokio::test]
async fn every_answer_of_a_polling_session_is_readable() {
    let addr = serve_with_cors(SocketIoLayer::builder()).await;
    let open = ask(addr, "GET", HANDSHAKE, HERE).await;
    open.assert(200, "0{…}");
    assert_allowed(&open);
    let vary = open.header("vary").unwrap_or_default();
    assert!(vary.split(", ").any(|header| header == "origin"), "{vary}");

    let text = open.text();
    let sid = text.split('"').nth(3).expect("an id");
    let target = format!("{HANDSHAKE}&sid={sid}");
    let post = Request::post(&target, "40")
        .header("Origin", HERE)
        .send(addr)
        .await;
    post.assert(200, "ok");
    assert_allowed(&post);
    let poll = ask(addr, "GET", &target, HERE).await;
    poll.assert(200, r#"40{"sid":"…"}"#);
    assert_allowed(&poll);
}

/// A page could not read why it was refused otherwise.
#[tokio::test]
async fn errors_are_readable_too() {
    let addr = serve_with_cors(SocketIoLayer::builder()).await;
    for (method, target) in [
        ("GET", "/socket.io/?EIO=4"),
        ("POST", HANDSHAKE),
        ("GET", "/socket.io/?EIO=4&transport=polling&sid=unknown"),
        ("GET", "/socket.io/?EIO=2&transport=polling"),
    ] {
        let response = ask(addr, method, target, HERE).await;
        assert_eq!(response.status, 400, "{target}");
        assert_allowed(&response);
    }
}

#[tokio::test]
async fn the_browser_client_is_readable_too() {
    let client = ServeClient::from_files([("socket.io.js", "the client")]).expect("a name");
    let addr = serve_with_cors(SocketIoLayer::builder().serve_client(client)).await;
    let response = ask(addr, "GET", "/socket.io/socket.io.js", HERE).await;
    response.assert(200, "the client");
    assert_allowed(&response);
}

/// As with Node's server: CORS keeps pages of other origins from reading answers, and does not
/// concern WebSocket.
#[tokio::test]
async fn cors_alone_refuses_nobody() {
    let addr = serve_with_cors(SocketIoLayer::builder()).await;
    ask(addr, "GET", HANDSHAKE, ELSEWHERE)
        .await
        .assert(200, "0{…}");
    let request = Request::websocket(WEBSOCKET).header("Origin", ELSEWHERE);
    let mut client = WsClient::connect_with(addr, &request).await;
    client.expect("0{…}").await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn with_a_list_of_origins_others_are_refused() {
    let origins = Origins::list([HERE]);
    let addr = serve_with_cors(SocketIoLayer::builder().origins(origins)).await;
    let opened = ask(addr, "GET", HANDSHAKE, HERE).await;
    opened.assert(200, "0{…}");
    assert_allowed(&opened);
    ask(addr, "GET", HANDSHAKE, ELSEWHERE)
        .await
        .assert(403, r#"{"code":4,"message":"Forbidden"}"#);
    let request = Request::websocket(WEBSOCKET).header("Origin", ELSEWHERE);
    WsClient::try_connect(addr, &request)
        .await
        .expect_err("a refusal")
        .assert(400, "Forbidden");
}

/// The trap that the guide names: inside, the layer never sees the requests of clients.
#[tokio::test]
async fn inside_it_does_nothing_for_clients() {
    let app = Router::new().layer(cors()).layer(SocketIoLayer::new());
    let addr = serve_router(app).await;
    let preflight = Request::new("OPTIONS", HANDSHAKE)
        .header("Origin", HERE)
        .header("Access-Control-Request-Method", "POST");
    preflight
        .send(addr)
        .await
        .assert(400, r#"{"code":2,"message":"Bad handshake method"}"#);
    let opened = ask(addr, "GET", HANDSHAKE, HERE).await;
    assert_eq!(opened.header("access-control-allow-origin"), None);
}
