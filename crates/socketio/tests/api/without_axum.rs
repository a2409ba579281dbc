//! Tests the server on hyper without axum, and over HTTP/2.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use e2e::app::serve_router;
use e2e::session::{WEBSOCKET, assert_alive, assert_polling_alive, join, join_polling};
use http::{Method, Request as HttpRequest, Response};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use socketio::{Socket, SocketIo, SocketIoLayer};
use socketio_testing::{Request, WsClient};
use tokio::net::{TcpListener, TcpStream};
use tower::{ServiceBuilder, service_fn};
use tower_http::cors::CorsLayer;
use tower_http::trace::TraceLayer;

const POLLING: &str = "http://localhost/socket.io/?EIO=4&transport=polling";

async fn inner<B>(request: HttpRequest<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let io = request.extensions().get::<SocketIo>();
    let text = io.map_or("no server".to_owned(), |io| io.clients_count().to_string());
    Ok(Response::new(Full::from(text)))
}

/// Serves a stack of layers on hyper with or without upgrades.
async fn serve_on_hyper(with_upgrades: bool) -> SocketAddr {
    let layer = SocketIoLayer::new();
    layer
        .io()
        .of("/")
        .on("hello", async |socket: Socket| socket.emit("welcome", ""));
    let service = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(CorsLayer::permissive())
        .layer(layer)
        .service(service_fn(inner));
    let service = TowerToHyperService::new(service);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a client");
            let (stream, service) = (TokioIo::new(stream), service.clone());
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                if with_upgrades {
                    builder
                        .serve_connection_with_upgrades(stream, service)
                        .await
                        .ok();
                } else {
                    builder.serve_connection(stream, service).await.ok();
                }
            });
        }
    });
    addr
}

#[tokio::test]
async fn the_layer_works_in_a_tower_stack_on_hyper() {
    let addr = serve_on_hyper(true).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["hello"]"#).await;
    client.expect(r#"42["welcome",""]"#).await;
    let (mut polling, _) = join_polling(addr).await;
    polling.send(r#"42["hello"]"#).await;
    polling.expect(r#"42["welcome",""]"#).await;
    let mut upgraded = polling.websocket().await;
    upgraded.send("5").await;
    assert_alive(&mut upgraded).await;
    // Requests outside the path reach the inner service with a handle to the server.
    Request::get("/else").send(addr).await.assert(200, "2");
}

#[tokio::test]
async fn an_http_server_without_upgrades_serves_polling() {
    let addr = serve_on_hyper(false).await;
    let (mut polling, _) = join_polling(addr).await;
    let upgrade = Request::websocket(&polling.upgrade_target());
    WsClient::try_connect(addr, &upgrade).await.ok();
    WsClient::try_connect(addr, &Request::websocket(WEBSOCKET))
        .await
        .ok();
    assert_polling_alive(&mut polling).await;
}

/// Opens an HTTP/2 connection with prior knowledge.
async fn http2(addr: SocketAddr) -> h2::client::SendRequest<Bytes> {
    let stream = TcpStream::connect(addr).await.expect("a server");
    let (requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(async { connection.await.ok() });
    requests.ready().await.expect("room for a request")
}

async fn send(
    requests: &h2::client::SendRequest<Bytes>,
    request: HttpRequest<()>,
    body: Option<&'static str>,
) -> (u16, String) {
    let mut requests = requests.clone();
    let (response, mut stream) = requests
        .send_request(request, body.is_none())
        .expect("a request");
    if let Some(body) = body {
        stream
            .send_data(Bytes::from_static(body.as_bytes()), true)
            .expect("a body");
    }
    let response = response.await.expect("an answer");
    let status = response.status().as_u16();
    (status, text(response.into_body()).await)
}

async fn text(mut body: h2::RecvStream) -> String {
    let mut text = Vec::new();
    while let Some(data) = body.data().await {
        text.extend(data.expect("data"));
    }
    String::from_utf8(text).expect("text")
}

fn to(method: Method, uri: &str) -> HttpRequest<()> {
    HttpRequest::builder()
        .method(method)
        .uri(uri)
        .body(())
        .expect("a request")
}

/// All requests of a client share one connection, including a pending poll.
#[tokio::test]
async fn axum_serves_polling_over_http_2() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let app = Router::new().route("/", get(async || "home")).layer(layer);
    let requests = http2(serve_router(app).await).await;

    let (status, open) = send(&requests, to(Method::GET, POLLING), None).await;
    assert_eq!(status, 200, "{open}");
    let session = format!("{POLLING}&sid={}", open.split('"').nth(3).expect("an id"));
    let (status, _) = send(&requests, to(Method::POST, &session), Some("40")).await;
    assert_eq!(status, 200);
    let (_, connect) = send(&requests, to(Method::GET, &session), None).await;
    assert!(connect.starts_with("40{"), "{connect}");
    let poll = send(&requests, to(Method::GET, &session), None);
    let meanwhile = async {
        let home = send(&requests, to(Method::GET, "http://localhost/"), None).await;
        assert_eq!(home.1, "home");
        io.emit("to all", "");
    };
    let ((_, event), ()) = tokio::join!(poll, meanwhile);
    assert_eq!(event, r#"42["to all",""]"#);
}

/// Extended CONNECT (RFC 8441), which browsers use for WebSockets over HTTP/2.
#[cfg(feature = "http2")]
#[tokio::test]
async fn axum_serves_websocket_over_http_2() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let requests = http2(serve_router(Router::new().layer(layer)).await).await;
    // The settings of the server precede its first response.
    send(&requests, to(Method::GET, POLLING), None).await;
    assert!(requests.is_extended_connect_protocol_enabled());
    let mut request = to(
        Method::CONNECT,
        "http://localhost/socket.io/?EIO=4&transport=websocket",
    );
    request
        .extensions_mut()
        .insert(h2::ext::Protocol::from_static("websocket"));
    let (response, _stream) = requests
        .clone()
        .send_request(request, false)
        .expect("a request");
    let response = response.await.expect("an answer");
    assert_eq!(response.status(), 200);
    // The open packet in a final text frame.
    let mut body = response.into_body();
    let frame = body.data().await.expect("a frame").expect("data");
    assert_eq!(frame.first(), Some(&0x81));
    assert!(frame.ends_with(b"}"));
    assert_eq!(io.clients_count(), 2);
}
