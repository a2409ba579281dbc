//! A reader loses the connection and recovers.

use std::net::SocketAddr;

use socketio_testing::{Program, Request, WsClient};

const TARGET: &str = "/socket.io/?EIO=4&transport=websocket";

async fn connect(addr: SocketAddr, auth: &str) -> WsClient {
    let mut client = WsClient::connect(addr, TARGET).await;
    client.expect("0{…}").await;
    client.send(&format!("40{auth}")).await;
    client
}

async fn publish(addr: SocketAddr, topic: &str, headline: &str) {
    let target = format!("/news/{topic}");
    let published = Request::post(&target, headline).send(addr).await;
    published.assert(200, "");
}

/// Returns a quoted string of a packet, counted from the end.
fn quoted(packet: &str, from_end: usize) -> String {
    packet
        .rsplit('"')
        .nth(from_end)
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn a_recovered_reader_receives_missed_headlines() {
    let program = Program::start(env!("CARGO_BIN_EXE_example-recovery"));
    let addr = program.addr();
    let mut reader = connect(addr, r#"{"name":"ada"}"#).await;
    let connected = reader.expect(r#"40{"sid":"…","pid":"…"}"#).await;
    let (sid, pid) = (quoted(&connected, 5), quoted(&connected, 1));
    reader.expect(r#"42["welcome","ada",…]"#).await;
    reader.send(r#"421["follow","tea"]"#).await;
    reader.expect("431[]").await;
    publish(addr, "tea", "Kettle boils").await;
    let headline = reader
        .expect(r#"42["headline","tea","Kettle boils","…"]"#)
        .await;
    let offset = quoted(&headline, 1);

    reader.reset();
    publish(addr, "tea", "Tea is ready").await;
    publish(addr, "coffee", "Beans are out").await;
    publish(addr, "tea", "Tea is cold").await;

    // Recovery does not require the name.
    let known = format!(r#"{{"pid":"{pid}","offset":"{offset}"}}"#);
    let mut reader = connect(addr, &known).await;
    reader
        .expect(r#"42["headline","tea","Tea is ready","…"]"#)
        .await;
    reader
        .expect(r#"42["headline","tea","Tea is cold","…"]"#)
        .await;
    reader
        .expect(&format!(r#"40{{"sid":"{sid}","pid":"…"}}"#))
        .await;
    reader.expect(r#"42["welcome back","ada",…]"#).await;
    publish(addr, "tea", "Another pot").await;
    reader
        .expect(r#"42["headline","tea","Another pot","…"]"#)
        .await;
}

#[tokio::test]
async fn an_unknown_reader_is_new() {
    let program = Program::start(env!("CARGO_BIN_EXE_example-recovery"));
    let guessed = r#"{"name":"eve","pid":"AAAAAAAAAAAAAAAAAAAA","offset":"x"}"#;
    let mut reader = connect(program.addr(), guessed).await;
    reader.expect(r#"40{"sid":"…","pid":"…"}"#).await;
    reader.expect(r#"42["welcome","eve",…]"#).await;
}
