//! HTTP requests and events on one port.

use socketio_testing::{PollingClient, Program, Request, WsClient};

#[tokio::test]
async fn the_layer_and_the_inner_service_share_a_port() {
    let program = Program::start(env!("CARGO_BIN_EXE_example-plain-tower"));
    let addr = program.addr();
    Request::get("/else")
        .send(addr)
        .await
        .assert(200, "/else is not a Socket.IO request\n");

    let mut client = WsClient::connect(addr, "/socket.io/?EIO=4&transport=websocket").await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send(r#"421["shout","hello"]"#).await;
    client.expect(r#"431["HELLO"]"#).await;

    let mut polling = PollingClient::connect(addr).await;
    polling.send(r#"421["shout","hello"]"#).await;
    polling.expect(r#"431["HELLO"]"#).await;
}
