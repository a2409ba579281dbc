//! Events that pass the middleware, are changed by it, and are rejected by it.

use socketio_testing::{Program, Request, WsClient};

async fn join(program: &Program) -> WsClient {
    let target = "/socket.io/?EIO=4&transport=websocket";
    let mut client = WsClient::connect(program.addr(), target).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client
}

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_example-event-middleware"))
}

#[tokio::test]
async fn posts_are_normalized() {
    let program = start();
    let mut writer = join(&program).await;
    let mut reader = join(&program).await;
    let post = r#"421["post",{"text":"  hello \n world "}]"#;
    writer.send(post).await;
    writer.expect(r#"431[{"ok":true}]"#).await;
    reader.expect(r#"42["post",{"text":"hello world"}]"#).await;
}

#[tokio::test]
async fn invalid_posts_are_rejected() {
    let program = start();
    let mut writer = join(&program).await;
    let mut reader = join(&program).await;
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(281));
    for (post, error) in [
        (r#"{"text":" "}"#, "Write 1 to 280 bytes."),
        (&long, "Write 1 to 280 bytes."),
        (r#""text""#, "A post is an object…"),
        (r#"{"text":1}"#, "A post is an object…"),
    ] {
        writer.send(&format!(r#"421["post",{post}]"#)).await;
        let answer = format!(r#"431[{{"ok":false,"error":"{error}"}}]"#);
        writer.expect(&answer).await;
    }
    writer.send(r#"42["post",{"text":"good"}]"#).await;
    reader.expect(r#"42["post",{"text":"good"}]"#).await;
}

#[tokio::test]
async fn a_fast_client_is_asked_to_wait() {
    let program = start();
    let mut hasty = join(&program).await;
    let mut patient = join(&program).await;
    for _ in 0..5 {
        hasty.send(r#"421["time"]"#).await;
        hasty.expect(r#"431["tea time"]"#).await;
    }
    hasty.send(r#"421["time"]"#).await;
    let wait = r#"431[{"ok":false,"error":"Wait some seconds before the next event."}]"#;
    hasty.expect(wait).await;
    // Other clients have separate buckets.
    patient.send(r#"421["time"]"#).await;
    patient.expect(r#"431["tea time"]"#).await;
}

#[tokio::test]
async fn the_audit_contains_rejected_and_unhandled_events() {
    let program = start();
    let mut client = join(&program).await;
    client.send(r#"42["unknown"]"#).await;
    client.send(r#"421["post",1]"#).await;
    client.expect(r#"431[{"ok":false,…}]"#).await;
    let expected = r#"[{"socket":"…","event":"unknown"},{"socket":"…","event":"post"}]"#;
    Request::get("/audit")
        .send(program.addr())
        .await
        .assert(200, expected);
}
