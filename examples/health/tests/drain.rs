//! The probes, and the drain after `SIGTERM`.
#![cfg(unix)]

use socketio_testing::{Program, Request, WsClient};

const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

fn start(seconds: &str) -> Program {
    let path = env!("CARGO_BIN_EXE_example-health");
    Program::start_with(path, &[("DRAIN_SECONDS", seconds)])
}

async fn join(program: &Program) -> WsClient {
    let mut client = WsClient::connect(program.addr(), WEBSOCKET).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client
}

async fn probe(program: &Program, target: &str, status: u16) {
    let answer = Request::get(target).send(program.addr()).await;
    answer.assert(status, "…");
}

#[tokio::test]
async fn a_draining_server_is_alive_and_not_ready() {
    let program = start("3600");
    probe(&program, "/livez", 200).await;
    probe(&program, "/readyz", 200).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        clients.push(join(&program).await);
    }
    program.terminate();
    // The first client is disconnected at once, the other one after half of the time.
    let (closed, _) = {
        let [first, second] = &mut clients[..] else {
            panic!("there are two clients");
        };
        tokio::select! {
            message = first.recv() => (0, message),
            message = second.recv() => (1, message),
        }
    };
    probe(&program, "/livez", 200).await;
    probe(&program, "/readyz", 503).await;
    let request = Request::websocket(WEBSOCKET);
    let refused = WsClient::try_connect(program.addr(), &request).await;
    refused
        .expect_err("the WebSocket is refused")
        .assert(503, "…draining…");
    let served = &mut clients[1 - closed];
    served.send(r#"420["shout","hello"]"#).await;
    served.expect(r#"430["HELLO"]"#).await;
}

#[tokio::test]
async fn the_program_ends_when_it_is_drained() {
    let mut program = start("0");
    let mut client = join(&program).await;
    program.terminate();
    client.expect_close(None).await;
    drop(client);
    let status = tokio::task::spawn_blocking(move || program.wait())
        .await
        .expect("no panic");
    assert!(status.success(), "{status}");
}
