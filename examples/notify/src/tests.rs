//! Services post notices and devices receive them.

use std::net::SocketAddr;

use socketio_testing::{HttpConnection, Program, RawResponse, Request, WsClient};

const NOTICE: &str = r#"{"title":"Invoice","text":"42 coins"}"#;

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_example-notify"))
}

async fn device(addr: SocketAddr, token: &str) -> WsClient {
    let mut client = WsClient::connect(addr, "/socket.io/?EIO=4&transport=websocket").await;
    client.expect("0{…}").await;
    client.send(&format!(r#"40{{"token":"{token}"}}"#)).await;
    client
}

fn notice(target: &str, key: &str) -> Request {
    Request::new("POST", target)
        .header("Authorization", &format!("Bearer {key}"))
        .header("Content-Type", "application/json")
        .body(NOTICE)
}

#[tokio::test]
async fn a_notice_reaches_only_the_devices_of_its_user() {
    let program = start();
    let addr = program.addr();
    let mut phone = device(addr, "sesame").await;
    phone.expect(r#"40{"sid":"…"}"#).await;
    let mut laptop = device(addr, "sesame").await;
    laptop.expect(r#"40{"sid":"…"}"#).await;
    let mut other = device(addr, "abracadabra").await;
    other.expect(r#"40{"sid":"…"}"#).await;

    let mut service = HttpConnection::open(addr).await;
    service.send(&notice("/notices/ada", "billing-key")).await;
    let event = format!(r#"42…["notice",{NOTICE}]"#);
    let id = |packet: String| packet[2..].split('[').next().unwrap_or_default().to_owned();
    let ack = id(phone.expect(&event).await);
    phone.send(&format!("43{ack}[true]")).await;
    let ack = id(laptop.expect(&event).await);
    laptop.send(&format!("43{ack}[false]")).await;
    service.response().await.assert(200, r#"{"seen":1}"#);

    // Other users receive only the notice to all users.
    let all: RawResponse = notice("/notices", "billing-key").send(addr).await;
    all.assert(202, "");
    other.expect(&format!(r#"42["notice",{NOTICE}]"#)).await;
    phone.expect(&format!(r#"42["notice",{NOTICE}]"#)).await;
}

#[tokio::test]
async fn a_user_without_devices_sees_no_notice() {
    let program = start();
    let post = notice("/notices/ada", "billing-key");
    let answer = post.send(program.addr()).await;
    answer.assert(200, r#"{"seen":0}"#);
}

#[tokio::test]
async fn services_need_a_key_and_devices_need_a_token() {
    let program = start();
    let addr = program.addr();
    for target in ["/notices", "/notices/ada"] {
        notice(target, "guessed")
            .send(addr)
            .await
            .assert(401, "…Authorization…");
    }
    let mut stranger = device(addr, "guessed").await;
    stranger
        .expect(r#"44{"message":"Unknown token. Log in again."}"#)
        .await;
}
