//! tower-sessions: one session for requests and for sockets.

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
    session.insert("visits", 0).await.expect("a store");
}

async fn visits(session: Session) -> String {
    let visits: Option<u32> = session.get("visits").await.expect("a store");
    visits.map_or("none".to_owned(), |visits| visits.to_string())
}

/// A session is read again and saved by hand: that of the request is over.
async fn visit(session: Session) -> Reply<u32> {
    session.load().await.expect("a store");
    let visits: Option<u32> = session.get("visits").await.expect("a store");
    let visits = visits.unwrap_or(0) + 1;
    session.insert("visits", visits).await.expect("a store");
    session.save().await.expect("a store");
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

/// The cookie that an answer sets, as a client sends it back.
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

/// A handler runs when the answer to the handshake is gone: it can fill a session, but nobody tells
/// the client its cookie.
#[tokio::test]
async fn a_session_that_a_handler_begins_has_no_cookie() {
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

/// What begins the session sooner, between the two layers, sets the cookie on the handshake.
#[tokio::test]
async fn a_session_that_a_layer_begins_has_its_cookie_on_the_handshake() {
    let begin = async |session: Session, request: AxumRequest, next: Next| -> Response {
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
        .layer(from_fn(begin))
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
