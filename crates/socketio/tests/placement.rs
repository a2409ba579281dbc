//! Tests each row of the table of placements in the guide's chapter `layer`: the place of the layer
//! or service, the paths of client and server, and the result.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request as HttpRequest;
use axum::http::StatusCode;
use axum::response::{Html, Response};
use axum::routing::get;
use axum::{Router, ServiceExt};
use e2e::app::serve_router;
use e2e::session::assert_alive;
use parking_lot::Mutex;
use socketio::{ServeClient, SocketIo, SocketIoLayer};
use socketio_testing::{PollingClient, RawResponse, Request, WsClient};
use tokio::net::TcpListener;
use tower::Layer as _;
use tower::util::MapResponse;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// The warnings of a test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Records the warnings of this thread.
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock()).into_owned()
    }

    /// Asserts that there is one warning, which contains these texts.
    #[track_caller]
    fn assert_warning(&self, parts: &[&str]) {
        let text = self.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in parts {
            assert!(text.contains(part), "{text}");
        }
    }

    #[track_caller]
    fn assert_empty(&self) {
        assert_eq!(self.text(), "");
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn at(path: &str) -> SocketIoLayer {
    SocketIoLayer::builder().path(path).build()
}

/// Asserts that a client with this option `path` connects, upgrades and joins. Returns the client.
async fn assert_connects(addr: SocketAddr, path: &str) -> WsClient {
    let target = format!("{path}/?EIO=4&transport=polling");
    let mut polling = PollingClient::handshake_at(addr, &target).await;
    polling.send("40").await;
    polling.expect(r#"40{"sid":"…"}"#).await;
    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
    websocket
}

/// Sends the first request of a client with this option `path`.
async fn handshake(addr: SocketAddr, path: &str) -> RawResponse {
    let target = format!("{path}/?EIO=4&transport=polling");
    Request::get(&target).send(addr).await
}

async fn page(addr: SocketAddr, path: &str) -> RawResponse {
    Request::get(path).send(addr).await
}

async fn clients(io: SocketIo) -> String {
    io.clients_count().to_string()
}

#[tokio::test]
async fn the_layer_is_on_the_outermost_router() {
    let (log, _guard) = Log::start();
    let app = Router::new()
        .route("/clients", get(clients))
        .nest("/api", Router::new().route("/clients", get(clients)))
        .fallback(async || "fallback")
        .layer(SocketIoLayer::new());
    let addr = serve_router(app).await;
    page(addr, "/api/clients").await.assert(200, "0");
    let _client = assert_connects(addr, "/socket.io").await;
    page(addr, "/clients").await.assert(200, "1");
    page(addr, "/else").await.assert(200, "fallback");
    log.assert_empty();
}

#[tokio::test]
async fn the_layer_wraps_the_router() {
    let (log, _guard) = Log::start();
    let app = Router::new().route("/clients", get(clients));
    let service = SocketIoLayer::new().layer(app);
    let service = MapResponse::new(service, |response: Response<_>| response.map(Body::new));
    let service = ServiceExt::<HttpRequest>::into_make_service(service);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, service).await });
    let _client = assert_connects(addr, "/socket.io").await;
    page(addr, "/clients").await.assert(200, "1");
    log.assert_empty();
}

#[tokio::test]
async fn a_route_is_added_after_the_layer() {
    let (log, _guard) = Log::start();
    let app = Router::new()
        .layer(SocketIoLayer::new())
        .route("/clients", get(clients));
    let addr = serve_router(app).await;
    assert_connects(addr, "/socket.io").await;
    log.assert_empty();
    page(addr, "/clients")
        .await
        .assert(500, "Internal Server Error");
    assert!(log.text().contains("Is `SocketIoLayer` around this route?"));
}

/// The request does not reach the layer, so there is no warning.
#[tokio::test]
async fn a_fallback_is_set_after_the_layer() {
    let (log, _guard) = Log::start();
    let app = Router::new()
        .layer(SocketIoLayer::new())
        .fallback(async || "fallback");
    let addr = serve_router(app).await;
    handshake(addr, "/socket.io").await.assert(200, "fallback");
    log.assert_empty();

    let other = Router::new().fallback(async || "fallback");
    let app = Router::new().layer(SocketIoLayer::new()).merge(other);
    let addr = serve_router(app).await;
    handshake(addr, "/socket.io").await.assert(200, "fallback");
    log.assert_empty();
}

/// The request does not reach the layer, so there is no warning.
#[tokio::test]
async fn the_layer_is_a_route_layer() {
    let (log, _guard) = Log::start();
    let app = Router::new()
        .route("/clients", get(clients))
        .route_layer(SocketIoLayer::new());
    let addr = serve_router(app).await;
    handshake(addr, "/socket.io").await.assert(404, "");
    page(addr, "/clients").await.assert(200, "0");
    log.assert_empty();
}

#[tokio::test]
async fn the_layer_is_on_a_nested_router_without_a_fallback() {
    let (log, _guard) = Log::start();
    let api = Router::new()
        .route("/clients", get(clients))
        .layer(SocketIoLayer::new());
    let addr = serve_router(Router::new().nest("/api", api)).await;
    handshake(addr, "/api/socket.io").await.assert(404, "");
    handshake(addr, "/socket.io").await.assert(404, "");
    for _ in 0..2 {
        page(addr, "/api/clients").await.assert(200, "0");
    }
    log.assert_warning(&["nested at `/api`", "outermost router", "`/api/socket.io/`"]);
}

#[tokio::test]
async fn the_layer_is_on_a_nested_router_with_a_fallback() {
    let (log, _guard) = Log::start();
    let api = Router::new()
        .route("/clients", get(clients))
        .fallback(async || "api")
        .layer(SocketIoLayer::new());
    let addr = serve_router(Router::new().nest("/api", api)).await;
    let _client = assert_connects(addr, "/api/socket.io").await;
    page(addr, "/api/clients").await.assert(200, "1");
    log.assert_empty();
}

#[tokio::test]
async fn the_path_of_a_nested_server_repeats_the_prefix() {
    let (log, _guard) = Log::start();
    let api = Router::new()
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(at("/api/socket.io"));
    let addr = serve_router(Router::new().nest("/api", api)).await;
    handshake(addr, "/api/socket.io").await.assert(404, "");
    let text = log.text();
    assert!(text.contains("requested=/socket.io/"), "{text}");
    assert!(text.contains("served=/api/socket.io/"), "{text}");
}

#[tokio::test]
async fn the_service_is_a_route() {
    let (log, _guard) = Log::start();
    let app = Router::new().route_service("/socket.io/", SocketIoLayer::new().into_service());
    let addr = serve_router(app).await;
    assert_connects(addr, "/socket.io").await;

    let app = Router::new().route_service("/live/", at("/live").into_service());
    let addr = serve_router(app).await;
    assert_connects(addr, "/live").await;
    log.assert_empty();
}

#[tokio::test]
async fn the_route_of_the_service_is_not_its_path() {
    let (log, _guard) = Log::start();
    let app = Router::new().route_service("/live/", SocketIoLayer::new().into_service());
    let addr = serve_router(app).await;
    handshake(addr, "/live").await.assert(404, "");
    log.assert_warning(&[
        "requested=/live/",
        "served=/socket.io/",
        "the option `path`",
    ]);
}

#[tokio::test]
async fn the_service_is_a_route_of_a_nested_router() {
    let (log, _guard) = Log::start();
    let service = SocketIoLayer::new().into_service();
    let api = Router::new().route_service("/socket.io/", service);
    let addr = serve_router(Router::new().nest("/api", api)).await;
    assert_connects(addr, "/api/socket.io").await;
    log.assert_empty();
}

#[tokio::test]
async fn a_service_with_files_needs_a_second_route() {
    let files = [("socket.io.min.js", "client")];
    let layer = || {
        let files = ServeClient::from_files(files).expect("known names");
        SocketIoLayer::builder().serve_client(files).build()
    };
    let app = Router::new().route_service("/socket.io/", layer().into_service());
    let addr = serve_router(app).await;
    assert_connects(addr, "/socket.io").await;
    page(addr, "/socket.io/socket.io.min.js")
        .await
        .assert(404, "");

    let service = layer().into_service();
    let app = Router::new()
        .route_service("/socket.io/", service.clone())
        .route_service("/socket.io/{file}", service);
    let addr = serve_router(app).await;
    assert_connects(addr, "/socket.io").await;
    page(addr, "/socket.io/socket.io.min.js")
        .await
        .assert(200, "client");

    // The other placements serve the files as they are.
    let app = Router::new().layer(layer());
    let addr = serve_router(app).await;
    page(addr, "/socket.io/socket.io.min.js")
        .await
        .assert(200, "client");
}

#[tokio::test]
async fn the_service_is_nested() {
    let (log, _guard) = Log::start();
    let app = Router::new().nest_service("/live", SocketIoLayer::new().into_service());
    let addr = serve_router(app).await;
    assert_connects(addr, "/live/socket.io").await;

    // The path `/` leaves the prefix alone.
    let app = Router::new().nest_service("/live", at("/").into_service());
    let addr = serve_router(app).await;
    assert_connects(addr, "/live").await;
    log.assert_empty();
}

#[tokio::test]
async fn the_path_of_a_nested_service_repeats_the_prefix() {
    let (log, _guard) = Log::start();
    let app = Router::new().nest_service("/live", at("/live").into_service());
    let addr = serve_router(app).await;
    handshake(addr, "/live").await.assert(404, "");
    log.assert_warning(&["requested=/", "served=/live/", "without the prefix"]);
}

#[tokio::test]
async fn the_service_is_the_fallback() {
    let (log, _guard) = Log::start();
    let app = Router::new()
        .route("/", get(async || "home"))
        .fallback_service(SocketIoLayer::new().into_service());
    let addr = serve_router(app).await;
    assert_connects(addr, "/socket.io").await;
    page(addr, "/else").await.assert(404, "");
    log.assert_empty();
}

#[tokio::test]
async fn the_path_of_the_client_is_another() {
    let (log, _guard) = Log::start();
    let app = Router::new()
        .fallback(async || Html("<h1>home</h1>"))
        .layer(SocketIoLayer::new());
    let addr = serve_router(app).await;
    // A page as the fallback would hide the cause.
    handshake(addr, "/live").await.assert(200, "<h1>home</h1>");
    log.assert_warning(&["requested=/live/", "served=/socket.io/"]);
}

#[tokio::test]
async fn a_request_for_another_server_inside_is_no_mistake() {
    let (log, _guard) = Log::start();
    let app = Router::new().layer(at("/inner")).layer(at("/outer"));
    let addr = serve_router(app).await;
    assert_connects(addr, "/inner").await;
    assert_connects(addr, "/outer").await;
    log.assert_empty();
}
