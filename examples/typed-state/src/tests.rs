//! The notes of two users on three devices.

use std::net::SocketAddr;

use socketio_testing::{Program, Request, WsClient};

async fn device(addr: SocketAddr, token: &str) -> WsClient {
    let mut client = WsClient::connect(addr, "/socket.io/?EIO=4&transport=websocket").await;
    client.expect("0{…}").await;
    client.send(&format!(r#"40{{"token":"{token}"}}"#)).await;
    client
}

#[tokio::test]
async fn notes_reach_only_the_devices_of_their_user() {
    let program = Program::start(env!("CARGO_BIN_EXE_example-typed-state"));
    let addr = program.addr();
    let mut phone = device(addr, "sesame").await;
    let mut laptop = device(addr, "sesame").await;
    let mut other = device(addr, "abracadabra").await;
    for client in [&mut phone, &mut laptop, &mut other] {
        client.expect(r#"40{"sid":"…"}"#).await;
    }
    phone.send(r#"421["add","Buy milk"]"#).await;
    phone.expect("431[1]").await;
    laptop.expect(r#"42["note","Buy milk"]"#).await;
    laptop.send(r#"421["list"]"#).await;
    laptop.expect(r#"431[["Buy milk"]]"#).await;

    let notify = Request::post("/notify/ada", "Lunch is ready");
    notify.send(addr).await.assert(200, "");
    phone.expect(r#"42["notice","Lunch is ready"]"#).await;
    other.send(r#"421["list"]"#).await;
    other.expect("431[[]]").await;
}

#[tokio::test]
async fn users_need_a_token_and_have_a_limit_of_notes() {
    let program = Program::start(env!("CARGO_BIN_EXE_example-typed-state"));
    let addr = program.addr();
    let mut stranger = device(addr, "guessed").await;
    let refused = r#"44{"message":"Unknown token. Log in again."}"#;
    stranger.expect(refused).await;

    let mut client = device(addr, "sesame").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    for count in 1..=100 {
        client.send(r#"421["add","x"]"#).await;
        client.expect(&format!("431[{count}]")).await;
    }
    client.send(r#"421["add","x"]"#).await;
    client.expect(r#"431["You have too many notes.…"]"#).await;
}
