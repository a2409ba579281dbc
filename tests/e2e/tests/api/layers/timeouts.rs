//! Layers that end requests which take long, as polls do.

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

/// Longer than a poll can wait: the server pings after 25 seconds, by default.
const LONG: Duration = Duration::from_secs(60);

const PING_INTERVAL: Duration = Duration::from_secs(25);

fn timeout(duration: Duration) -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, duration)
}

async fn serve_outside(duration: Duration) -> (SocketAddr, SocketIo) {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let app = Router::new().layer(layer).layer(timeout(duration));
    (serve_router(app).await, io)
}

/// The trap that the guide names: a poll that is cut off ends its session, as with a client that
/// goes away.
#[tokio::test]
async fn outside_a_short_timeout_ends_idle_polling_sessions() {
    let time = VirtualTime::start();
    let (addr, io) = serve_outside(SHORT).await;
    let (polling, _) = join_polling(addr).await;
    let poll = polling.begin_get().await;
    settle(addr).await;
    time.advance(SHORT).await;
    assert_eq!(poll.response().await.status, 408);
    polling.expect_gone().await;
    eventually("an empty table", || io.clients_count() == 0).await;
}

#[tokio::test]
async fn outside_a_long_timeout_lets_polls_wait() {
    let time = VirtualTime::start();
    let (addr, _) = serve_outside(LONG).await;
    let (polling, _) = join_polling(addr).await;
    for _ in 0..4 {
        let poll = polling.begin_get().await;
        settle(addr).await;
        time.advance(PING_INTERVAL).await;
        poll.expect("2").await;
        polling.send("3").await;
    }
}

/// The request of a WebSocket is over when it is one.
#[tokio::test]
async fn outside_no_timeout_concerns_websockets() {
    let time = VirtualTime::start();
    let (addr, _) = serve_outside(SHORT).await;
    let (mut client, _) = join(addr).await;
    time.advance(PING_INTERVAL).await;
    client.expect("2").await;
    client.send("3").await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn inside_it_concerns_the_routes_only() {
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
