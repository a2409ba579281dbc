//! Runs the behaviour suite with python-socketio.

use e2e::clients::{self, Transports};
use e2e::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn polling() {
    clients::python(Server::start().await, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket() {
    clients::python(Server::start().await, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrade() {
    clients::python(Server::start().await, Transports::Upgrade).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msgpack_polling() {
    clients::python_with_msgpack(Server::with_msgpack().await, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msgpack_websocket() {
    clients::python_with_msgpack(Server::with_msgpack().await, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msgpack_upgrade() {
    clients::python_with_msgpack(Server::with_msgpack().await, Transports::Upgrade).await;
}
