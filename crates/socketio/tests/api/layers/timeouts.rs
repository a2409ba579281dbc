//! Tests layers that time out long requests such as polls.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use e2e::app::serve_router;
use e2e::session::{assert_alive, join, join_polling, settle};
use e2e::sync::{VirtualTime, eventually};
use socketio::{SocketIo, SocketIoLayer};
use socketio_testing::{HttpConnection, Request};
use tower_http::timeout::TimeoutLayer;

const SHORT: Duration = Duration::from_secs(10);

/// Longer than a poll can be pending: by default, the server pings after 25 seconds.
const LONG: Duration = Duration::from_secs(60);

const PING_INTERVAL: Duration = Duration::from_secs(25);

fn timeout(duration: Duration) -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, duration)
}

async fn serve_with_timeout(duration: Duration) -> (SocketAddr, SocketIo) {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let app = Router::new().layer(layer).layer(timeout(duration));
    (serve_router(app).await, io)
}

/// A trap described in the guide: an aborted poll closes its session, as if the client had
/// disconnected.
#[tokio::test]
async fn a_short_timeout_around_the_server_closes_idle_polling_sessions() {
    let time = VirtualTime::start();
    let (addr, io) = serve_with_timeout(SHORT).await;
    let (polling, _) = join_polling(addr).await;
    let poll = polling.begin_get().await;
    settle(addr).await;
    time.advance(SHORT).await;
    assert_eq!(poll.response().await.status, 408);
    polling.expect_gone().await;
    eventually("the session to be removed", || io.clients_count() == 0).await;
}

#[tokio::test]
async fn a_long_timeout_around_the_server_keeps_polling_sessions() {
    let time = VirtualTime::start();
    let (addr, _) = serve_with_timeout(LONG).await;
    let (polling, _) = join_polling(addr).await;
    for _ in 0..4 {
        let poll = polling.begin_get().await;
        settle(addr).await;
        time.advance(PING_INTERVAL).await;
        poll.expect("2").await;
        polling.send("3").await;
    }
}

/// The request of a WebSocket ends with its handshake.
#[tokio::test]
async fn a_timeout_around_the_server_does_not_apply_to_websockets() {
    let time = VirtualTime::start();
    let (addr, _) = serve_with_timeout(SHORT).await;
    let (mut client, _) = join(addr).await;
    time.advance(PING_INTERVAL).await;
    client.expect("2").await;
    client.send("3").await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_timeout_inside_the_server_applies_only_to_routes() {
    let time = VirtualTime::start();
    let app = Router::new()
        .route("/slow", get(std::future::pending::<()>))
        .layer(timeout(SHORT))
        .layer(SocketIoLayer::new());
    let addr = serve_router(app).await;
    let (polling, _) = join_polling(addr).await;
    let poll = polling.begin_get().await;
    let mut slow = HttpConnection::open(addr).await;
    slow.send(&Request::get("/slow")).await;
    settle(addr).await;
    time.advance(SHORT).await;
    assert_eq!(slow.response().await.status, 408);
    time.advance(PING_INTERVAL - SHORT).await;
    poll.expect("2").await;
}
