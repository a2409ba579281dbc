//! Opens sessions, joins namespaces and checks that connections are alive.

use std::net::SocketAddr;

use socketio_testing::{PollingClient, WsClient};

/// The request target that opens a session over WebSocket.
pub const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// Opens a session over WebSocket that has joined no namespace.
pub async fn open(addr: SocketAddr) -> WsClient {
    let mut client = WsClient::connect(addr, WEBSOCKET).await;
    client.expect("0{…}").await;
    client
}

/// Opens a session over WebSocket and joins `/`. Returns the client and the socket id.
pub async fn join(addr: SocketAddr) -> (WsClient, String) {
    let mut client = open(addr).await;
    client.send("40").await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    (client, id)
}

/// Opens a polling session and joins `/`. Returns the client and the socket id.
pub async fn join_polling(addr: SocketAddr) -> (PollingClient, String) {
    let mut client = PollingClient::handshake(addr).await;
    client.send("40").await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    (client, id)
}

/// Returns the socket id in a CONNECT packet of the server.
///
/// # Panics
///
/// Panics if the packet contains none.
pub fn id_of(connect: &str) -> String {
    connect.split('"').nth(3).expect("an id").to_owned()
}

/// Asserts that the connection is alive and that the server has handled everything the client has
/// sent. The client requests an unknown namespace and waits for the refusal.
pub async fn assert_alive(client: &mut WsClient) {
    client.send("40/nowhere").await;
    client.expect(REFUSAL).await;
}

/// As [`assert_alive`], for a polling client.
pub async fn assert_polling_alive(client: &mut PollingClient) {
    client.send("40/nowhere").await;
    client.expect(REFUSAL).await;
}

/// Waits until the server has finished its pending work: another client exchanges packets with it
/// for a while.
pub async fn settle(addr: SocketAddr) {
    let mut client = open(addr).await;
    for _ in 0..50 {
        assert_alive(&mut client).await;
    }
}

const REFUSAL: &str = r#"44/nowhere,{"message":"Invalid namespace"}"#;
