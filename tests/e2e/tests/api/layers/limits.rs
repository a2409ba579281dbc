//! Limits of how many requests are served at a time: a poll is one, and can take long.

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

/// A server that serves so many requests at a time, with its places.
async fn serve_at_a_time(requests: usize) -> (SocketAddr, SocketIo, Arc<Semaphore>) {
    let places = Arc::new(Semaphore::new(requests));
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let app = Router::new()
        .route("/", get(async || "home"))
        .layer(layer)
        .layer(GlobalConcurrencyLimitLayer::with_semaphore(Arc::clone(
            &places,
        )));
    (serve_router(app).await, io, places)
}

#[tokio::test]
async fn clients_that_poll_and_one_more_request_need_a_place_each() {
    let (addr, io, places) = serve_at_a_time(4).await;
    let mut clients = Vec::new();
    let mut polls = Vec::new();
    for _ in 0..3 {
        let (client, _) = join_polling(addr).await;
        polls.push(client.begin_get().await);
        clients.push(client);
    }
    let wait = || places.available_permits() == 1;
    eventually("three polls that wait", wait).await;
    // One place is left, in turn for everybody.
    for client in &clients {
        client.send(r#"42["x"]"#).await;
    }
    Request::get("/").send(addr).await.assert(200, "home");
    io.emit("to all", "");
    for poll in polls {
        poll.expect(r#"42["to all",""]"#).await;
    }
}

/// The trap that the guide names: polls that wait take all places, and what would end them waits.
#[tokio::test]
async fn when_polls_take_all_places_others_wait_for_them() {
    let (addr, io, places) = serve_at_a_time(1).await;
    let (mut client, _) = join_polling(addr).await;
    let poll = client.begin_get().await;
    let waits = || places.available_permits() == 0;
    eventually("a poll that waits", waits).await;
    let mut connection = HttpConnection::open(addr).await;
    connection
        .send(&Request::post(&client.target(), r#"42["x"]"#))
        .await;
    let mut home = HttpConnection::open(addr).await;
    home.send(&Request::get("/")).await;
    // Neither has come through. A message to the client ends its poll, and they go on.
    io.emit("end", "");
    poll.expect(r#"42["end",""]"#).await;
    connection.response().await.assert(200, "ok");
    home.response().await.assert(200, "home");
    assert_polling_alive(&mut client).await;
}

#[tokio::test]
async fn a_websocket_takes_a_place_only_while_it_is_opened() {
    let (addr, _, places) = serve_at_a_time(1).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(join(addr).await.0);
    }
    assert_eq!(places.available_permits(), 1);
    for client in &mut clients {
        assert_alive(client).await;
    }
}
