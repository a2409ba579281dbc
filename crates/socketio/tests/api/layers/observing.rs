//! Tests layers that trace requests, add request ids or catch panics.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Request as HttpRequest};
use axum::routing::get;
use e2e::app::serve_router;
use e2e::probes::Journal;
use e2e::session::{WEBSOCKET, assert_alive, assert_polling_alive, join, join_polling};
use socketio::{Reply, Socket, SocketIoLayer};
use socketio_testing::{PollingClient, Request, WsClient};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::trace::TraceLayer;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[tokio::test]
async fn a_trace_layer_sees_each_poll_and_one_request_per_websocket() {
    let journal = Journal::new();
    let seen = journal.clone();
    let trace = TraceLayer::new_for_http().on_request(
        move |request: &HttpRequest<_>, _: &tracing::Span| {
            seen.write(format!("{} {}", request.method(), request.uri().path()));
        },
    );
    let app = Router::new().layer(SocketIoLayer::new()).layer(trace);
    let addr = serve_router(app).await;

    join_polling(addr).await;
    let polling = ["GET", "POST", "GET"].map(|method| format!("{method} /socket.io/"));
    journal.expect(polling.each_ref().map(|line| &**line)).await;
    let (mut client, _) = join(addr).await;
    assert_alive(&mut client).await;
    journal.expect(["GET /socket.io/"]).await;
}

/// Numbers the requests.
#[derive(Clone)]
struct Numbers(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl MakeRequestId for Numbers {
    fn make_request_id<B>(&mut self, _: &HttpRequest<B>) -> Option<RequestId> {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Some(RequestId::new(HeaderValue::from(number)))
    }
}

async fn serve_numbered() -> SocketAddr {
    let layer = SocketIoLayer::new();
    layer.io().of("/").on("which", async |socket: Socket| {
        let handshake = socket.handshake();
        let headers = handshake.headers();
        let id = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        Reply(id.unwrap_or("none").to_owned())
    });
    let numbers = Numbers(std::sync::Arc::default());
    let app = Router::new().layer(
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::new(REQUEST_ID, numbers))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(layer),
    );
    serve_router(app).await
}

/// Handlers see the request that opened the session, including its id.
#[tokio::test]
async fn a_request_id_reaches_handlers_and_responses() {
    let addr = serve_numbered().await;
    let mut client = WsClient::connect(addr, WEBSOCKET).await;
    assert_eq!(client.handshake().header("x-request-id"), Some("0"));
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send(r#"421["which"]"#).await;
    client.expect(r#"431["0"]"#).await;

    let mut polling = PollingClient::handshake(addr).await;
    let joining = polling.post("40").await;
    assert_eq!(joining.header("x-request-id"), Some("2"));
    polling.expect(r#"40{"sid":"…"}"#).await;
    polling.send(r#"421["which"]"#).await;
    polling.expect(r#"431["1"]"#).await;
}

#[tokio::test]
async fn a_panic_of_a_route_does_not_affect_sockets() {
    let journal = Journal::new();
    let layer = SocketIoLayer::with_state(journal.clone());
    layer
        .io()
        .of("/")
        .on("panic", async || -> Reply<()> { panic!("in an event") })
        .on("note", async |State(journal): State<Journal>| {
            journal.write("noted");
        });
    let app = Router::new()
        .route("/panic", get(async || -> () { panic!("in a route") }))
        .layer(layer)
        .layer(CatchPanicLayer::new());
    let addr = serve_router(app).await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    let response = Request::get("/panic").send(addr).await;
    assert_eq!(response.status, 500);
    // The server catches panics of handlers, so they do not reach the layer.
    client.send(r#"421["panic"]"#).await;
    client.expect("431[{…}]").await;
    polling.send(r#"42["panic"]"#).await;
    polling.send(r#"42["note"]"#).await;
    journal.expect(["noted"]).await;
    assert_alive(&mut client).await;
    assert_polling_alive(&mut polling).await;
}
