//! The behaviour suite with python-socketio.

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
