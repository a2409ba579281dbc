//! The behaviour suite with socket.io-client 4.x in headless Chromium.

use e2e::clients::{self, Transports};
use e2e::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn polling() {
    clients::browser(Server::start().await, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket() {
    clients::browser(Server::start().await, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrade() {
    clients::browser(Server::start().await, Transports::Upgrade).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msgpack_polling() {
    clients::browser_with_msgpack(Server::with_msgpack().await, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msgpack_websocket() {
    clients::browser_with_msgpack(Server::with_msgpack().await, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msgpack_upgrade() {
    clients::browser_with_msgpack(Server::with_msgpack().await, Transports::Upgrade).await;
}
