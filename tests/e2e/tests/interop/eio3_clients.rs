//! Runs the suites of all client versions against one server: Socket.IO 2.x and all later versions.

use e2e::clients::{self, Client, Transports};
use e2e::server::Server;

/// The number of clients in the load case, reduced because it runs many times.
const LOAD_CLIENTS: u32 = 20;

const VERSION_2: Client = client("socket.io-client-2");
const VERSIONS: [Client; 4] = [
    client("socket.io-client"),
    client("socket.io-client-4.0"),
    client("socket.io-client-3"),
    VERSION_2,
];
const WITH_BASE64: Client = Client {
    options: r#"{"forceBase64":true}"#,
    ..VERSION_2
};
const WITH_JSONP: Client = Client {
    options: r#"{"forceJSONP":true}"#,
    ..VERSION_2
};

const fn client(module: &'static str) -> Client {
    Client {
        load_clients: Some(LOAD_CLIENTS),
        ..Client::new(module)
    }
}

async fn all_clients(transports: Transports) {
    let server = Server::with_eio3().await;
    for client in VERSIONS {
        clients::node(server, client, transports).await;
    }
    clients::python(server, transports).await;
}

async fn in_browser(client: Client, transports: Transports) {
    clients::browser(Server::with_eio3().await, client, transports).await;
}

async fn with_base64(transports: Transports) {
    clients::node(Server::with_eio3().await, WITH_BASE64, transports).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn polling() {
    all_clients(Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket() {
    all_clients(Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrade() {
    all_clients(Transports::Upgrade).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn base64_polling() {
    with_base64(Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn base64_websocket() {
    with_base64(Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn base64_upgrade() {
    with_base64(Transports::Upgrade).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_polling() {
    in_browser(VERSION_2, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_websocket() {
    in_browser(VERSION_2, Transports::WebSocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_upgrade() {
    in_browser(VERSION_2, Transports::Upgrade).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_jsonp() {
    in_browser(WITH_JSONP, Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_jsonp_upgrade() {
    in_browser(WITH_JSONP, Transports::Upgrade).await;
}
