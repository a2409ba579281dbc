//! The behaviour suite with socket.io-client 4.x in Node.

use e2e::clients::{self, Transports};
use e2e::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn polling() {
    clients::node(Server::start().await, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket() {
    clients::node(Server::start().await, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrade() {
    clients::node(Server::start().await, Transports::Upgrade).await;
}
