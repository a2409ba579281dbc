//! Tests tower-sessions: requests and sockets share one session.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request as AxumRequest;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use e2e::app::serve_router;
use e2e::session::WEBSOCKET;
use socketio::{Reply, SocketIoLayer};
use socketio_testing::{RawResponse, Request, WsClient};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

async fn login(session: Session) {
    session.insert("visits", 0).await.expect("the store works");
}

async fn visits(session: Session) -> String {
    let visits: Option<u32> = session.get("visits").await.expect("the store works");
    visits.map_or("none".to_owned(), |visits| visits.to_string())
}

/// The session must be loaded and saved explicitly, because the one of the request has already been
/// saved.
async fn visit(session: Session) -> Reply<u32> {
    session.load().await.expect("the store works");
    let visits: Option<u32> = session.get("visits").await.expect("the store works");
    let visits = visits.unwrap_or(0) + 1;
    session
        .insert("visits", visits)
        .await
        .expect("the store works");
    session.save().await.expect("the store works");
    Reply(visits)
}

fn sessions() -> SessionManagerLayer<MemoryStore> {
    SessionManagerLayer::new(MemoryStore::default()).with_secure(false)
}

async fn serve() -> SocketAddr {
    let layer = SocketIoLayer::new();
    layer.io().of("/").on("visit", visit);
    let app = Router::new()
        .route("/login", post(login))
        .route("/visits", get(visits))
        .layer(layer)
        .layer(sessions());
    serve_router(app).await
}

/// Returns the cookie of a response in the form that a client sends.
fn cookie(response: &RawResponse) -> Option<String> {
    let set = response.header("set-cookie")?;
    set.split(';').next().map(str::to_owned)
}

#[tokio::test]
async fn requests_and_sockets_share_a_session() {
    let addr = serve().await;
    let cookie = cookie(&Request::post("/login", "").send(addr).await).expect("a cookie");
    let request = Request::websocket(WEBSOCKET).header("Cookie", &cookie);
    let mut client = WsClient::connect_with(addr, &request).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    for count in 1..4 {
        client.send(r#"421["visit"]"#).await;
        client.expect(&format!("431[{count}]")).await;
        let visits = Request::get("/visits").header("Cookie", &cookie);
        visits.send(addr).await.assert(200, &count.to_string());
    }
}

/// A handler runs after the response to the handshake, so it can fill a session but cannot set its
/// cookie.
#[tokio::test]
async fn a_session_created_by_a_handler_sets_no_cookie() {
    let addr = serve().await;
    let mut client = WsClient::connect(addr, WEBSOCKET).await;
    assert_eq!(cookie(client.handshake()), None);
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send(r#"421["visit"]"#).await;
    client.expect("431[1]").await;
    Request::get("/visits").send(addr).await.assert(200, "none");
}

/// Middleware between the two layers can start the session early enough to set its cookie.
#[tokio::test]
async fn a_session_created_by_middleware_sets_its_cookie_on_the_handshake() {
    let create = async |session: Session, request: AxumRequest, next: Next| -> Response {
        if session.is_empty().await {
            login(session).await;
        }
        next.run(request).await
    };
    let layer = SocketIoLayer::new();
    layer.io().of("/").on("visit", visit);
    let app = Router::new()
        .route("/visits", get(visits))
        .layer(layer)
        .layer(from_fn(create))
        .layer(sessions());
    let addr = serve_router(app).await;

    let polling = Request::get("/socket.io/?EIO=4&transport=polling")
        .send(addr)
        .await;
    polling.assert(200, "0{…}");
    assert!(cookie(&polling).is_some());
    let mut client = WsClient::connect(addr, WEBSOCKET).await;
    let cookie = cookie(client.handshake()).expect("a cookie on the 101");
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send(r#"421["visit"]"#).await;
    client.expect("431[1]").await;
    let visits = Request::get("/visits").header("Cookie", &cookie);
    visits.send(addr).await.assert(200, "1");
}
