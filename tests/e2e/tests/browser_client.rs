//! Runs the behaviour suite with socket.io-client 4.x in headless Chromium.

use e2e::clients::{self, Client, Transports};
use e2e::server::Server;

const VERSION_4: Client = Client::new("socket.io-client");

#[tokio::test(flavor = "multi_thread")]
async fn polling() {
    clients::browser(Server::start().await, VERSION_4, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket() {
    clients::browser(Server::start().await, VERSION_4, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrade() {
    clients::browser(Server::start().await, VERSION_4, Transports::Upgrade).await;
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
