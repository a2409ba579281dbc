//! Layers that change bodies, or bound them.

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

const TEXT: &str = "a text that is repeated and so can be compressed, ";

/// A server that sends a long text to those who ask, and short ones.
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
        .expect("a text that was compressed once");
    text
}

#[tokio::test]
async fn answers_to_polls_are_compressed_once() {
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

    // Whoever does not ask for it gets it as it is.
    polling.send(r#"42["long"]"#).await;
    let response = polling.get().await;
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.text(), expected);
}

/// The server compresses long answers itself: the layer has nothing left to do.
#[tokio::test]
async fn what_the_server_does_not_compress_is_left_to_the_layer() {
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

/// Guards against a body that waits for more because its length is not known.
#[tokio::test]
async fn a_short_answer_arrives_at_once() {
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
async fn a_websocket_passes_compression_unharmed() {
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
    let client = ServeClient::from_files([("socket.io.js", TEXT.repeat(100))]).expect("a name");
    let layer = SocketIoLayer::builder().serve_client(client).build();
    let app = Router::new().layer(layer).layer(CompressionLayer::new());
    let addr = serve_router(app).await;
    let request = Request::get("/socket.io/socket.io.js").header("Accept-Encoding", "gzip");
    let response = request.send(addr).await;
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert_eq!(unzipped(&response.body), TEXT.repeat(100));
}

#[tokio::test]
async fn inside_it_concerns_the_routes_only() {
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

/// As with the server's own limit, the session lives.
#[tokio::test]
async fn a_body_beyond_the_limit_of_a_layer_is_refused() {
    let addr = serve_with_body_limit().await;
    let (mut polling, _) = join_polling(addr).await;
    let response = polling.post("4".repeat(BODY_LIMIT + 1)).await;
    assert_eq!(response.status, 413);
    assert_polling_alive(&mut polling).await;
}

/// What the guide says: the layer breaks a body off that does not say how long it is, and with it
/// the session.
#[tokio::test]
async fn a_body_that_hides_its_length_ends_the_session() {
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
async fn messages_on_a_websocket_are_no_bodies() {
    let addr = serve_with_body_limit().await;
    let (mut client, _) = join(addr).await;
    client
        .send(&format!(r#"42["x","{}"]"#, "x".repeat(BODY_LIMIT)))
        .await;
    assert_alive(&mut client).await;
}
