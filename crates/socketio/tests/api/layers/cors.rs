//! Tests `CorsLayer` of tower-http, with the headers that the `cors` option sets in Node.

use std::net::SocketAddr;

use axum::Router;
use axum::http::{HeaderName, Method};
use e2e::app::serve_router;
use e2e::session::{WEBSOCKET, assert_alive};
use socketio::{Origins, ServeClient, SocketIoBuilder, SocketIoLayer};
use socketio_testing::{RawResponse, Request, WsClient};
use tower_http::cors::{AllowOrigin, CorsLayer};

const ALLOWED: &str = "https://app.example";
const FOREIGN: &str = "https://evil.example";
const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list([ALLOWED
            .parse()
            .expect("a valid header")]))
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
    assert_eq!(
        response.header("access-control-allow-origin"),
        Some(ALLOWED)
    );
    assert_eq!(
        response.header("access-control-allow-credentials"),
        Some("true")
    );
}

#[tokio::test]
async fn the_layer_answers_a_preflight_request() {
    let addr = serve_with_cors(SocketIoLayer::builder()).await;
    let preflight = Request::new("OPTIONS", HANDSHAKE)
        .header("Origin", ALLOWED)
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
async fn a_page_can_read_all_polling_responses() {
    let addr = serve_with_cors(SocketIoLayer::builder()).await;
    let open = ask(addr, "GET", HANDSHAKE, ALLOWED).await;
    open.assert(200, "0{…}");
    assert_allowed(&open);
    let vary = open.header("vary").unwrap_or_default();
    assert!(vary.split(", ").any(|header| header == "origin"), "{vary}");

    let text = open.text();
    let sid = text.split('"').nth(3).expect("an id");
    let target = format!("{HANDSHAKE}&sid={sid}");
    let post = Request::post(&target, "40")
        .header("Origin", ALLOWED)
        .send(addr)
        .await;
    post.assert(200, "ok");
    assert_allowed(&post);
    let poll = ask(addr, "GET", &target, ALLOWED).await;
    poll.assert(200, r#"40{"sid":"…"}"#);
    assert_allowed(&poll);
}

/// A page must be able to read the reason of an error.
#[tokio::test]
async fn a_page_can_read_errors() {
    let addr = serve_with_cors(SocketIoLayer::builder()).await;
    for (method, target) in [
        ("GET", "/socket.io/?EIO=4"),
        ("POST", HANDSHAKE),
        ("GET", "/socket.io/?EIO=4&transport=polling&sid=unknown"),
        ("GET", "/socket.io/?EIO=2&transport=polling"),
    ] {
        let response = ask(addr, method, target, ALLOWED).await;
        assert_eq!(response.status, 400, "{target}");
        assert_allowed(&response);
    }
}

#[tokio::test]
async fn a_page_can_load_the_browser_client() {
    let client = ServeClient::from_files([("socket.io.js", "the client")]).expect("a valid name");
    let addr = serve_with_cors(SocketIoLayer::builder().serve_client(client)).await;
    let response = ask(addr, "GET", "/socket.io/socket.io.js", ALLOWED).await;
    response.assert(200, "the client");
    assert_allowed(&response);
}

/// As in Node, CORS only prevents foreign pages from reading responses and does not apply to
/// WebSockets.
#[tokio::test]
async fn cors_does_not_reject_requests() {
    let addr = serve_with_cors(SocketIoLayer::builder()).await;
    ask(addr, "GET", HANDSHAKE, FOREIGN)
        .await
        .assert(200, "0{…}");
    let request = Request::websocket(WEBSOCKET).header("Origin", FOREIGN);
    let mut client = WsClient::connect_with(addr, &request).await;
    client.expect("0{…}").await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_list_of_origins_rejects_other_origins() {
    let origins = Origins::list([ALLOWED]);
    let addr = serve_with_cors(SocketIoLayer::builder().origins(origins)).await;
    let opened = ask(addr, "GET", HANDSHAKE, ALLOWED).await;
    opened.assert(200, "0{…}");
    assert_allowed(&opened);
    ask(addr, "GET", HANDSHAKE, FOREIGN)
        .await
        .assert(403, r#"{"code":4,"message":"Forbidden"}"#);
    let request = Request::websocket(WEBSOCKET).header("Origin", FOREIGN);
    WsClient::try_connect(addr, &request)
        .await
        .expect_err("the upgrade is rejected")
        .assert(400, "Forbidden");
}

/// The CORS headers and the server agree about every origin.
#[tokio::test]
async fn the_cors_layer_can_ask_the_list_of_origins() {
    let origins = Origins::try_list(["https://*.example.com"]).expect("a valid origin");
    let layer = SocketIoLayer::builder().origins(origins.clone()).build();
    let allow = AllowOrigin::predicate(move |origin, request| origins.allows(origin, request));
    let app = Router::new().layer(layer);
    let addr = serve_router(app.layer(CorsLayer::new().allow_origin(allow))).await;
    for (origin, is_allowed) in [
        ("https://a.example.com", true),
        ("https://example.com", false),
        ("https://a.b.example.com", false),
        ("https://evil.example/#.example.com", false),
        ("null", false),
    ] {
        let response = ask(addr, "GET", HANDSHAKE, origin).await;
        let cors = response.header("access-control-allow-origin");
        assert_eq!(cors, is_allowed.then_some(origin), "{origin}");
        if is_allowed {
            response.assert(200, "0{…}");
        } else {
            response.assert(403, r#"{"code":4,"message":"Forbidden"}"#);
        }
    }
}

/// A trap described in the guide: a CORS layer inside the server never sees client requests.
#[tokio::test]
async fn cors_inside_the_server_does_not_apply_to_clients() {
    let app = Router::new().layer(cors()).layer(SocketIoLayer::new());
    let addr = serve_router(app).await;
    let preflight = Request::new("OPTIONS", HANDSHAKE)
        .header("Origin", ALLOWED)
        .header("Access-Control-Request-Method", "POST");
    preflight
        .send(addr)
        .await
        .assert(400, r#"{"code":2,"message":"Bad handshake method"}"#);
    let opened = ask(addr, "GET", HANDSHAKE, ALLOWED).await;
    assert_eq!(opened.header("access-control-allow-origin"), None);
}
