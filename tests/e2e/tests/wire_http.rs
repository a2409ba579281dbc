//! Tests HTTP requests and their responses: handshakes, rejected requests and rejected WebSocket
//! requests.

use e2e::server::Server;
use socketio_testing::{HttpConnection, Message, RawResponse, Request, WsClient, assert_matches};

const OPEN: &str = r#"0{"sid":"…","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
const OPEN_WEBSOCKET: &str =
    r#"0{"sid":"…","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

#[tokio::test]
async fn the_server_answers_a_polling_handshake() {
    let server = Server::start().await;
    for target in [
        "/socket.io/?EIO=4&transport=polling",
        // Paths below the configured path belong to it.
        "/socket.io/foo/bar?EIO=4&transport=polling",
        // The order of the parameters and unknown parameters do not matter.
        "/socket.io/?t=abc&transport=polling&x=%00%ff&EIO=4&b64=1",
    ] {
        let response = Request::get(target).send(server.addr()).await;
        response.assert(200, OPEN);
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=UTF-8")
        );
        assert_eq!(response.header("content-length"), Some("118"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("set-cookie"), None);
        assert_eq!(response.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn a_session_id_has_20_url_safe_characters() {
    let server = Server::start().await;
    let response = Request::get("/socket.io/?EIO=4&transport=polling")
        .send(server.addr())
        .await;
    let text = response.text();
    let sid = text.split('"').nth(3).expect("a session id");
    assert_eq!(sid.len(), 20, "{sid}");
    assert!(
        sid.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
        "{sid}"
    );
}

#[tokio::test]
async fn a_client_can_reuse_an_http_connection() {
    let server = Server::start().await;
    let mut connection = HttpConnection::open(server.addr()).await;
    for _ in 0..3 {
        connection
            .exchange(&Request::get("/socket.io/?EIO=4&transport=polling"))
            .await
            .assert(200, OPEN);
        let rejected = connection
            .exchange(&Request::get("/socket.io/?EIO=4&transport=polling&sid=x"))
            .await;
        rejected.assert(400, UNKNOWN_SESSION);
    }
}

const UNKNOWN_TRANSPORT: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const UNKNOWN_SESSION: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_METHOD: &str = r#"{"code":2,"message":"Bad handshake method"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const BAD_VERSION: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;

#[tokio::test]
async fn the_server_rejects_invalid_requests() {
    let server = Server::start().await;
    for (method, target, status, body) in [
        ("GET", "/socket.io/?EIO=4", 400, UNKNOWN_TRANSPORT),
        ("GET", "/socket.io/", 400, UNKNOWN_TRANSPORT),
        (
            "GET",
            "/socket.io/?EIO=4&transport=abc",
            400,
            UNKNOWN_TRANSPORT,
        ),
        (
            "GET",
            "/socket.io/?EIO=4&transport=Polling",
            400,
            UNKNOWN_TRANSPORT,
        ),
        (
            "GET",
            "/socket.io/?EIO=4&transport=constructor",
            400,
            UNKNOWN_TRANSPORT,
        ),
        (
            "GET",
            "/socket.io/?EIO=4&transport=webtransport",
            400,
            UNKNOWN_TRANSPORT,
        ),
        (
            "GET",
            "/socket.io/?EIO=4&transport=polling&sid=unknown",
            400,
            UNKNOWN_SESSION,
        ),
        (
            "POST",
            "/socket.io/?EIO=4&transport=polling&sid=unknown",
            400,
            UNKNOWN_SESSION,
        ),
        (
            "GET",
            "/socket.io/?EIO=4&transport=polling&sid=__proto__",
            400,
            UNKNOWN_SESSION,
        ),
        (
            "POST",
            "/socket.io/?EIO=4&transport=polling",
            400,
            BAD_METHOD,
        ),
        (
            "OPTIONS",
            "/socket.io/?EIO=4&transport=polling",
            400,
            BAD_METHOD,
        ),
        (
            "DELETE",
            "/socket.io/?EIO=4&transport=polling",
            400,
            BAD_METHOD,
        ),
        (
            "GET",
            "/socket.io/?EIO=4&transport=websocket",
            400,
            BAD_REQUEST,
        ),
        (
            "GET",
            "/socket.io/?EIO=4&transport=polling&deny=1",
            403,
            r#"{"code":4,"message":"nope é"}"#,
        ),
        (
            "GET",
            "/socket.io/?EIO=4&transport=polling&denynull=1",
            403,
            r#"{"code":4,"message":"Forbidden"}"#,
        ),
        (
            "GET",
            "/socket.io/?EIO=3&transport=polling",
            400,
            BAD_VERSION,
        ),
        ("GET", "/socket.io/?transport=polling", 400, BAD_VERSION),
        (
            "GET",
            "/socket.io/?EIO=&transport=polling",
            400,
            BAD_VERSION,
        ),
        (
            "GET",
            "/socket.io/?EIO=5&transport=polling",
            400,
            BAD_VERSION,
        ),
        // The order of the checks: the transport first, the version last.
        (
            "POST",
            "/socket.io/?EIO=3&transport=abc&sid=unknown",
            400,
            UNKNOWN_TRANSPORT,
        ),
        (
            "POST",
            "/socket.io/?EIO=3&transport=polling&sid=unknown",
            400,
            UNKNOWN_SESSION,
        ),
        (
            "POST",
            "/socket.io/?EIO=3&transport=polling",
            400,
            BAD_METHOD,
        ),
        (
            "GET",
            "/socket.io/?EIO=3&transport=polling&deny=1",
            403,
            r#"{"code":4,"message":"nope é"}"#,
        ),
    ] {
        println!("{method} {target}");
        let response = Request::new(method, target).send(server.addr()).await;
        response.assert(status, body);
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert_length(server, &response);
    }
}

#[tokio::test]
async fn requests_outside_the_path_reach_the_application() {
    let server = Server::start().await;
    for target in [
        "/socket.io?EIO=4&transport=polling",
        "/socket.ioXYZ/?EIO=4&transport=polling",
        "/socket.io.evil/?EIO=4&transport=polling",
        "/prefix/socket.io/?EIO=4&transport=polling",
    ] {
        println!("{target}");
        assert_eq!(Request::get(target).send(server.addr()).await.status, 404);
    }
    let page = Request::get("/").send(server.addr()).await;
    page.assert(200, "<!doctype html><title>fixture</title>");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn the_server_answers_a_websocket_handshake() {
    let server = Server::start().await;
    let request = Request::websocket("/socket.io/?EIO=4&transport=websocket");
    let mut client = WsClient::connect_with(server.addr(), &request).await;
    assert_matches(
        "Upgrade",
        "websocket",
        client.handshake().header("upgrade").unwrap_or_default(),
    );
    assert_matches(
        "Connection",
        "…pgrade",
        client.handshake().header("connection").unwrap_or_default(),
    );
    assert_eq!(client.handshake().header("sec-websocket-extensions"), None);
    assert_eq!(client.handshake().header("sec-websocket-protocol"), None);
    assert_eq!(client.handshake().header("set-cookie"), None);
    client.expect(OPEN_WEBSOCKET).await;
}

#[tokio::test]
async fn the_server_rejects_invalid_websocket_requests() {
    let server = Server::start().await;
    for (target, message) in [
        ("/socket.io/?EIO=4&transport=abc", "Transport unknown"),
        ("/socket.io/?EIO=4", "Transport unknown"),
        (
            "/socket.io/?EIO=4&transport=websocket&sid=unknown",
            "Session ID unknown",
        ),
        // Node rejects all WebSocket requests with 400, never with 403.
        ("/socket.io/?EIO=4&transport=websocket&deny=1", "nope é"),
        (
            "/socket.io/?EIO=4&transport=websocket&denynull=1",
            "Forbidden",
        ),
    ] {
        println!("{target}");
        let response = rejected(server, target).await;
        response.assert(400, message);
        assert_rejection_head(&response);
    }
}

#[tokio::test]
async fn the_server_rejects_a_websocket_with_another_protocol_version() {
    let server = Server::start().await;
    for target in [
        "/socket.io/?EIO=3&transport=websocket",
        "/socket.io/?transport=websocket",
    ] {
        if server.expects("upgrade with another protocol version", true, false) {
            let mut connection = HttpConnection::open(server.addr()).await;
            let accepted = connection.exchange(&Request::websocket(target)).await;
            assert_eq!(accepted.status, 101);
            let rest = String::from_utf8_lossy(&connection.rest().await).into_owned();
            assert_matches(
                "the bytes after the 101 response",
                "HTTP/1.1 400 Bad Request…Unsupported protocol version",
                &rest,
            );
        } else {
            let response = rejected(server, target).await;
            response.assert(400, "Unsupported protocol version");
            assert_rejection_head(&response);
        }
    }
}

#[tokio::test]
async fn the_server_rejects_a_websocket_with_transport_polling() {
    let server = Server::start().await;
    let request = Request::websocket("/socket.io/?EIO=4&transport=polling");
    if server.expects("upgrade with transport=polling", true, false) {
        let mut client = WsClient::connect_with(server.addr(), &request).await;
        assert_eq!(client.recv().await, Message::Close(None));
    } else {
        let response = WsClient::try_connect(server.addr(), &request)
            .await
            .expect_err("the upgrade is rejected");
        response.assert(400, "Bad request");
        assert_rejection_head(&response);
    }
}

#[tokio::test]
async fn the_server_rejects_malformed_websocket_requests() {
    let server = Server::start().await;
    let request = Request::websocket("/socket.io/?EIO=4&transport=websocket");

    let unknown_version = request
        .clone()
        .without_header("Sec-WebSocket-Version")
        .header("Sec-WebSocket-Version", "12");
    let response = WsClient::try_connect(server.addr(), &unknown_version)
        .await
        .expect_err("the upgrade is rejected");
    assert_eq!(response.status, 400);
    assert_matches(
        "Sec-WebSocket-Version",
        "13…",
        response.header("sec-websocket-version").unwrap_or_default(),
    );

    for malformed in [
        request.clone().without_header("Sec-WebSocket-Key"),
        request
            .clone()
            .without_header("Sec-WebSocket-Key")
            .header("Sec-WebSocket-Key", "short"),
        request.clone().without_header("Sec-WebSocket-Version"),
    ] {
        println!("{malformed:?}");
        let response = WsClient::try_connect(server.addr(), &malformed)
            .await
            .expect_err("the upgrade is rejected");
        assert_eq!(response.status, 400);
    }
}

#[tokio::test]
async fn the_server_negotiates_no_extension_by_default() {
    let server = Server::start().await;
    let request = Request::websocket("/socket.io/?EIO=4&transport=websocket").header(
        "Sec-WebSocket-Extensions",
        "permessage-deflate; client_max_window_bits",
    );
    let mut client = WsClient::connect_with(server.addr(), &request).await;
    assert_eq!(client.handshake().header("sec-websocket-extensions"), None);
    client.expect(OPEN_WEBSOCKET).await;
}

#[tokio::test]
async fn the_server_selects_the_first_subprotocol() {
    let server = Server::start().await;
    let request = Request::websocket("/socket.io/?EIO=4&transport=websocket")
        .header("Sec-WebSocket-Protocol", "proto1, proto2");
    let mut client = WsClient::connect_with(server.addr(), &request).await;
    assert_eq!(
        client.handshake().header("sec-websocket-protocol"),
        Some("proto1")
    );
    client.expect(OPEN_WEBSOCKET).await;
}

async fn rejected(server: Server, target: &str) -> RawResponse {
    WsClient::try_connect(server.addr(), &Request::websocket(target))
        .await
        .expect_err("the upgrade is rejected")
}

fn assert_rejection_head(response: &RawResponse) {
    assert_eq!(response.header("content-type"), Some("text/html"));
    assert_eq!(
        response.header("content-length"),
        Some(response.body.len().to_string().as_str())
    );
    assert_eq!(response.header("connection"), Some("close"));
}

fn assert_length(server: Server, response: &RawResponse) {
    let length = response.body.len().to_string();
    let expected = server.expects("length of error bodies", None, Some(length.as_str()));
    assert_eq!(response.header("content-length"), expected);
}
