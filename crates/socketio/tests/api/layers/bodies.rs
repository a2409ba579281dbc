//! Tests layers that compress or limit bodies.

use std::io::Read as _;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use e2e::app::serve_router;
use e2e::session::{assert_alive, assert_polling_alive, join, join_polling};
use flate2::read::GzDecoder;
use socketio::{ServeClient, Socket, SocketIoLayer};
use socketio_testing::{HttpConnection, Request};
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;

const TEXT: &str = "a text that is repeated and therefore compressible, ";

/// Creates a server that emits a long or a short text on request.
fn texts() -> SocketIoLayer {
    let layer = SocketIoLayer::new();
    layer
        .io()
        .of("/")
        .on("long", async |socket: Socket| {
            socket.emit("long", &TEXT.repeat(100));
        })
        .on("short", async |socket: Socket| socket.emit("short", ""));
    layer
}

fn unzipped(body: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(body)
        .read_to_string(&mut text)
        .expect("a text compressed once");
    text
}

#[tokio::test]
async fn poll_responses_are_compressed_once() {
    let app = Router::new().layer(texts()).layer(CompressionLayer::new());
    let addr = serve_router(app).await;
    let (polling, _) = join_polling(addr).await;
    polling.send(r#"42["long"]"#).await;
    let poll = Request::get(&polling.target()).header("Accept-Encoding", "gzip");
    let response = poll.send(addr).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    let expected = format!(r#"42["long","{}"]"#, TEXT.repeat(100));
    assert_eq!(unzipped(&response.body), expected);
    assert!(response.body.len() < 500);

    // A client that does not accept gzip receives the plain text.
    polling.send(r#"42["long"]"#).await;
    let response = polling.get().await;
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.text(), expected);
}

/// With the compression of the server disabled, the layer compresses.
#[tokio::test]
async fn the_layer_compresses_what_the_server_does_not() {
    let layer = SocketIoLayer::builder().http_compression(None).build();
    layer.io().of("/").on("long", async |socket: Socket| {
        socket.emit("long", &TEXT.repeat(100));
    });
    let app = Router::new().layer(layer).layer(CompressionLayer::new());
    let addr = serve_router(app).await;
    let (polling, _) = join_polling(addr).await;
    polling.send(r#"42["long"]"#).await;
    let poll = Request::get(&polling.target()).header("Accept-Encoding", "gzip");
    let response = poll.send(addr).await;
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    let expected = format!(r#"42["long","{}"]"#, TEXT.repeat(100));
    assert_eq!(unzipped(&response.body), expected);
}

/// Guards against buffering a body of unknown length.
#[tokio::test]
async fn a_short_poll_response_is_not_delayed() {
    let app = Router::new().layer(texts()).layer(CompressionLayer::new());
    let addr = serve_router(app).await;
    let (polling, _) = join_polling(addr).await;
    let mut connection = HttpConnection::open(addr).await;
    let poll = Request::get(&polling.target()).header("Accept-Encoding", "gzip");
    for _ in 0..3 {
        connection.send(&poll).await;
        polling.send(r#"42["short"]"#).await;
        connection.response().await.assert(200, r#"42["short",""]"#);
    }
}

#[tokio::test]
async fn a_websocket_works_behind_compression() {
    let app = Router::new().layer(texts()).layer(CompressionLayer::new());
    let addr = serve_router(app).await;
    let (mut client, _) = join(addr).await;
    assert_eq!(client.handshake().header("content-encoding"), None);
    client.send(r#"42["long"]"#).await;
    client.expect(r#"42["long","…"]"#).await;

    let (polling, _) = join_polling(addr).await;
    let mut upgraded = polling.websocket().await;
    upgraded.send("2probe").await;
    upgraded.expect("3probe").await;
    upgraded.send("5").await;
    assert_alive(&mut upgraded).await;
}

#[tokio::test]
async fn the_browser_client_is_compressed_once() {
    let client =
        ServeClient::from_files([("socket.io.js", TEXT.repeat(100))]).expect("a valid name");
    let layer = SocketIoLayer::builder().serve_client(client).build();
    let app = Router::new().layer(layer).layer(CompressionLayer::new());
    let addr = serve_router(app).await;
    let request = Request::get("/socket.io/socket.io.js").header("Accept-Encoding", "gzip");
    let response = request.send(addr).await;
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert_eq!(unzipped(&response.body), TEXT.repeat(100));
}

#[tokio::test]
async fn compression_inside_the_server_applies_only_to_routes() {
    let routes = Router::new().route("/", get(async || TEXT.repeat(100)));
    let app = routes.layer(CompressionLayer::new()).layer(texts());
    let addr = serve_router(app).await;
    let request = Request::get("/").header("Accept-Encoding", "gzip");
    let response = request.send(addr).await;
    assert_eq!(unzipped(&response.body), TEXT.repeat(100));

    let (polling, _) = join_polling(addr).await;
    let poll = Request::get(&polling.target()).header("Accept-Encoding", "gzip");
    polling.send(r#"42["short"]"#).await;
    let response = poll.send(addr).await;
    response.assert(200, r#"42["short",""]"#);
    assert_eq!(response.header("content-encoding"), None);
}

const BODY_LIMIT: usize = 100;

async fn serve_with_body_limit() -> SocketAddr {
    let limit = RequestBodyLimitLayer::new(BODY_LIMIT);
    serve_router(Router::new().layer(texts()).layer(limit)).await
}

/// As with the limit of the server, the session stays open.
#[tokio::test]
async fn a_body_over_the_limit_of_the_layer_is_rejected() {
    let addr = serve_with_body_limit().await;
    let (mut polling, _) = join_polling(addr).await;
    let response = polling.post("4".repeat(BODY_LIMIT + 1)).await;
    assert_eq!(response.status, 413);
    assert_polling_alive(&mut polling).await;
}

/// As documented in the guide, the layer aborts a body without `Content-Length`, and the session
/// closes.
#[tokio::test]
async fn a_chunked_body_over_the_limit_closes_the_session() {
    let addr = serve_with_body_limit().await;
    let (polling, _) = join_polling(addr).await;
    let mut connection = HttpConnection::open(addr).await;
    let head = Request::new("POST", &polling.target()).header("Transfer-Encoding", "chunked");
    connection.send(&head).await;
    let chunk = format!("{:x}\r\n{}\r\n", BODY_LIMIT + 1, "4".repeat(BODY_LIMIT + 1));
    connection.send_raw(chunk.as_bytes()).await;
    let response = connection.response().await;
    assert_eq!(response.status, 400);
    polling.expect_gone().await;
}

#[tokio::test]
async fn a_body_limit_does_not_apply_to_websocket_messages() {
    let addr = serve_with_body_limit().await;
    let (mut client, _) = join(addr).await;
    client
        .send(&format!(r#"42["x","{}"]"#, "x".repeat(BODY_LIMIT)))
        .await;
    assert_alive(&mut client).await;
}
