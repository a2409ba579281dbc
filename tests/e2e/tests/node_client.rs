//! Runs the behaviour suite with socket.io-client 4.x and 3.x in Node.

use e2e::clients::{self, Client, Transports};
use e2e::server::Server;

const VERSION_4: Client = Client::new("socket.io-client");
const VERSION_3: Client = Client::new("socket.io-client-3");

#[tokio::test(flavor = "multi_thread")]
async fn polling() {
    clients::node(Server::start().await, VERSION_4, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket() {
    clients::node(Server::start().await, VERSION_4, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrade() {
    clients::node(Server::start().await, VERSION_4, Transports::Upgrade).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_3_polling() {
    clients::node(Server::start().await, VERSION_3, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_3_websocket() {
    clients::node(Server::start().await, VERSION_3, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_3_upgrade() {
    clients::node(Server::start().await, VERSION_3, Transports::Upgrade).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msgpack_polling() {
    clients::node_with_msgpack(Server::with_msgpack().await, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msgpack_websocket() {
    clients::node_with_msgpack(Server::with_msgpack().await, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn msgpack_upgrade() {
    clients::node_with_msgpack(Server::with_msgpack().await, Transports::Upgrade).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_polling() {
    clients::node_recovery(Server::with_recovery().await, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_websocket() {
    clients::node_recovery(Server::with_recovery().await, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_upgrade() {
    clients::node_recovery(Server::with_recovery().await, Transports::Upgrade).await;
}
