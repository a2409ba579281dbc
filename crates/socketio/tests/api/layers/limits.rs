//! Tests limits on concurrent requests. A pending poll is a request that can take long.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use e2e::app::serve_router;
use e2e::session::{assert_alive, assert_polling_alive, join, join_polling};
use e2e::sync::eventually;
use socketio::{SocketIo, SocketIoLayer};
use socketio_testing::{HttpConnection, Request};
use tokio::sync::Semaphore;
use tower::limit::GlobalConcurrencyLimitLayer;

/// Serves at most this number of requests concurrently. Returns the semaphore of the limit.
async fn serve_with_limit(requests: usize) -> (SocketAddr, SocketIo, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(requests));
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let app = Router::new()
        .route("/", get(async || "home"))
        .layer(layer)
        .layer(GlobalConcurrencyLimitLayer::with_semaphore(Arc::clone(
            &permits,
        )));
    (serve_router(app).await, io, permits)
}

#[tokio::test]
async fn each_polling_client_and_one_request_need_a_permit() {
    let (addr, io, permits) = serve_with_limit(4).await;
    let mut clients = Vec::new();
    let mut polls = Vec::new();
    for _ in 0..3 {
        let (client, _) = join_polling(addr).await;
        polls.push(client.begin_get().await);
        clients.push(client);
    }
    let wait = || permits.available_permits() == 1;
    eventually("three pending polls", wait).await;
    // The last permit is enough for all other requests in turn.
    for client in &clients {
        client.send(r#"42["x"]"#).await;
    }
    Request::get("/").send(addr).await.assert(200, "home");
    io.emit("to all", "");
    for poll in polls {
        poll.expect(r#"42["to all",""]"#).await;
    }
}

/// A trap described in the guide: pending polls occupy all permits, and the requests that would end
/// them wait.
#[tokio::test]
async fn requests_wait_when_polls_hold_all_permits() {
    let (addr, io, permits) = serve_with_limit(1).await;
    let (mut client, _) = join_polling(addr).await;
    let poll = client.begin_get().await;
    let is_pending = || permits.available_permits() == 0;
    eventually("a pending poll", is_pending).await;
    let mut connection = HttpConnection::open(addr).await;
    connection
        .send(&Request::post(&client.target(), r#"42["x"]"#))
        .await;
    let mut home = HttpConnection::open(addr).await;
    home.send(&Request::get("/")).await;
    // Both requests are blocked. An event ends the poll and releases them.
    io.emit("end", "");
    poll.expect(r#"42["end",""]"#).await;
    connection.response().await.assert(200, "ok");
    home.response().await.assert(200, "home");
    assert_polling_alive(&mut client).await;
}

#[tokio::test]
async fn a_websocket_holds_a_permit_only_during_its_handshake() {
    let (addr, _, permits) = serve_with_limit(1).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(join(addr).await.0);
    }
    assert_eq!(permits.available_permits(), 1);
    for client in &mut clients {
        assert_alive(client).await;
    }
}
