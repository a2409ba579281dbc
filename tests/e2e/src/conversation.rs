//! How conversations begin, and how they are known to go on.

use std::net::SocketAddr;

use socketio_testing::{PollingClient, WsClient};

/// What opens a session over WebSocket.
pub const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// A session over WebSocket that has joined no namespace.
pub async fn open(addr: SocketAddr) -> WsClient {
    let mut client = WsClient::connect(addr, WEBSOCKET).await;
    client.expect("0{…}").await;
    client
}

/// A session over WebSocket that has joined `/`, and the id of its socket.
pub async fn join(addr: SocketAddr) -> (WsClient, String) {
    let mut client = open(addr).await;
    client.send("40").await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    (client, id)
}

/// A polling session that has joined `/`, and the id of its socket.
pub async fn join_polling(addr: SocketAddr) -> (PollingClient, String) {
    let mut client = PollingClient::handshake(addr).await;
    client.send("40").await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    (client, id)
}

/// The id that the server's CONNECT packet gives to a socket.
///
/// # Panics
///
/// If the packet holds none.
pub fn id_of(connect: &str) -> String {
    connect.split('"').nth(3).expect("an id").to_owned()
}

/// The server must have handled everything that the client has sent so far, and the connection must
/// live: it refuses a namespace that does not exist, in answer to this question and to no earlier.
pub async fn assert_alive(client: &mut WsClient) {
    client.send("40/nowhere").await;
    client.expect(REFUSAL).await;
}

/// As [`assert_alive`], for a client that polls.
pub async fn assert_polling_alive(client: &mut PollingClient) {
    client.send("40/nowhere").await;
    client.expect(REFUSAL).await;
}

/// Lets the server do all that it can do without something new: another client talks to it for a
/// while.
pub async fn settle(addr: SocketAddr) {
    let mut client = open(addr).await;
    for _ in 0..50 {
        assert_alive(&mut client).await;
    }
}

const REFUSAL: &str = r#"44/nowhere,{"message":"Invalid namespace"}"#;
