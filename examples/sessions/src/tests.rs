//! A user logs in over HTTP, counts over a socket, and logs out.

use std::net::SocketAddr;

use socketio_testing::{Program, Request, WsClient};

async fn log_in(addr: SocketAddr) -> String {
    let login = Request::new("POST", "/login")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("name=ada");
    let answer = login.send(addr).await;
    answer.assert(200, "Welcome, ada\n");
    let cookie = answer.header("set-cookie").expect("a cookie");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

async fn connect(addr: SocketAddr, cookie: &str) -> WsClient {
    let target = "/socket.io/?EIO=4&transport=websocket";
    let request = Request::websocket(target).header("Cookie", cookie);
    let mut client = WsClient::connect_with(addr, &request).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client
}

#[tokio::test]
async fn requests_and_sockets_share_a_session() {
    let program = Program::start(env!("CARGO_BIN_EXE_example-sessions"));
    let addr = program.addr();
    let cookie = log_in(addr).await;
    let mut client = connect(addr, &cookie).await;
    client.expect(r#"40{"sid":"…"}"#).await;
    for count in 1..=2 {
        client.send(r#"421["count"]"#).await;
        client.expect(&format!("431[{count}]")).await;
    }
    let show = Request::get("/").header("Cookie", &cookie);
    show.send(addr).await.assert(200, "ada has counted to 2\n");

    let logout = Request::new("POST", "/logout").header("Cookie", &cookie);
    logout.send(addr).await.assert(200, "");
    client.expect(r#"42["logged out"]"#).await;
    client.expect("41").await;
    client.expect_close(None).await;
    assert_eq!(show.send(addr).await.status, 401);
}

#[tokio::test]
async fn a_client_without_a_login_is_refused() {
    let program = Program::start(env!("CARGO_BIN_EXE_example-sessions"));
    for cookie in ["a=b", "id=guessed"] {
        let mut client = connect(program.addr(), cookie).await;
        let refused = r#"44{"message":"Log in first: POST to /login."}"#;
        client.expect(refused).await;
    }
}
