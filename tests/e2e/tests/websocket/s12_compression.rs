//! Sections 12 and 13: compressed messages. The other end is the package `ws`, and Chromium; what no client would send
//! is written by hand.

use std::io::Read as _;

use e2e::clients;
use engineio::{Config, PerMessageDeflate};
use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress};
use serde_json::{Value, json};
use socketio_testing::{Frame, Message, Opcode, PollingClient, Request, WsClient};

use crate::echo::{TARGET, assert_alive, encode, expect_pong, fragments, send_in_pieces, serve};

const COMPRESSED: u8 = 0b100;

/// The offer of a browser.
const OFFER: &str = "permessage-deflate; client_max_window_bits";

/// Compresses from the first byte on.
fn eager() -> PerMessageDeflate {
    PerMessageDeflate::default().threshold(0)
}

fn config(deflate: PerMessageDeflate) -> Config {
    Config::default().per_message_deflate(deflate)
}

/// A client that has offered this, and the answer.
async fn offering(config: Config, offer: &str) -> (WsClient, Option<String>) {
    let request = Request::websocket(TARGET).header("Sec-WebSocket-Extensions", offer);
    let mut client = WsClient::connect_with(serve(config).await, &request).await;
    let answer = client.handshake().header("sec-websocket-extensions");
    let answer = answer.map(str::to_owned);
    // The open packet.
    client.recv_frame().await;
    (client, answer)
}

/// A client of a server that compresses everything, with which that was agreed on.
async fn agreed() -> WsClient {
    let (client, answer) = offering(config(eager()), OFFER).await;
    assert_eq!(answer.as_deref(), Some("permessage-deflate"));
    client
}

/// The compressed form of a message.
fn deflate(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 1_000);
    Compress::new(Compression::default(), false)
        .compress_vec(message, &mut out, FlushCompress::Sync)
        .expect("it can be compressed");
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]) && out.len() < out.capacity());
    out.truncate(out.len() - 4);
    out
}

/// What a compressed message of the server is, if it does not refer to others.
fn inflate(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // Without an end of the stream, what there is comes before the error.
    let input = [payload, &[0, 0, 0xff, 0xff, 3, 0]].concat();
    DeflateDecoder::new(&input[..])
        .read_to_end(&mut out)
        .expect("it can be inflated");
    out
}

/// The next frame is a message, whole, of this content, compressed or not.
async fn expect_message(client: &mut WsClient, opcode: Opcode, content: &[u8], compressed: bool) {
    let frame = client.recv_frame().await.expect("a message");
    assert_eq!((frame.last, frame.opcode), (true, opcode));
    assert_eq!(frame.rsv, if compressed { COMPRESSED } else { 0 });
    let payload = if compressed {
        inflate(&frame.payload)
    } else {
        frame.payload
    };
    assert!(payload == content, "another content");
}

async fn assert_ws_gets_on_with(deflate: PerMessageDeflate, more: &[&str]) {
    let url = format!("ws://{}{TARGET}", serve(config(deflate)).await);
    let args = [&["--url", &url], more].concat();
    clients::script("deflate.mjs", &["socket.io"], &args).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_12_and_13_every_combination_of_parameters() {
    let more = ["--messages", "3", "--largest", "16384"];
    assert_ws_gets_on_with(eager(), &more).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_12_many_messages_of_every_size() {
    let more = ["--messages", "60", "--offers", "[{}]"];
    assert_ws_gets_on_with(eager(), &more).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_the_server() {
    let offers = r#"[{}, {"clientMaxWindowBits": 10, "serverMaxWindowBits": 9}]"#;
    let more = ["--messages", "5", "--offers", offers];
    let forgetful = eager()
        .server_no_context_takeover(true)
        .client_no_context_takeover(true);
    let small = eager().server_max_window_bits(8).client_max_window_bits(9);
    for options in [
        small.clone(),
        small
            .server_no_context_takeover(true)
            .level(9)
            .memory_level(1),
        forgetful.clone().level(1),
        forgetful,
    ] {
        assert_ws_gets_on_with(options, &more).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium() {
    let config = config(PerMessageDeflate::default());
    let url = format!("ws://{}{TARGET}", serve(config).await);
    let needs = ["playwright-core", "chromium"];
    if let Some(output) = clients::script("deflate_browser.mjs", &needs, &["--url", &url]).await {
        assert_eq!(output, "negotiated: permessage-deflate\n");
    }
}

/// Options of the server as Node has them.
fn options(node: &Value) -> PerMessageDeflate {
    let bits = |name: &str| {
        node[name]
            .as_u64()
            .map(|bits| u8::try_from(bits).expect("a few bits"))
    };
    let flag = |name: &str| node[name] == json!(true);
    let mut options = PerMessageDeflate::default()
        .server_no_context_takeover(flag("serverNoContextTakeover"))
        .client_no_context_takeover(flag("clientNoContextTakeover"));
    if let Some(bits) = bits("serverMaxWindowBits") {
        options = options.server_max_window_bits(bits);
    }
    if let Some(bits) = bits("clientMaxWindowBits") {
        options = options.client_max_window_bits(bits);
    }
    options
}

#[tokio::test]
async fn offers_are_answered_as_by_ws() {
    let servers = [
        json!({}),
        json!({ "serverNoContextTakeover": true }),
        json!({ "clientNoContextTakeover": true }),
        json!({ "serverMaxWindowBits": 10 }),
        json!({ "clientMaxWindowBits": 10 }),
        json!({
            "serverNoContextTakeover": true,
            "clientNoContextTakeover": true,
            "serverMaxWindowBits": 9,
            "clientMaxWindowBits": 11,
        }),
    ];
    let offers = [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=12",
        "permessage-deflate; server_max_window_bits=12; client_max_window_bits",
        "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
        "permessage-deflate;server_no_context_takeover;client_max_window_bits=\"15\"",
        "x-webkit-deflate-frame, permessage-deflate ; server_max_window_bits=15",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; something_else",
        "permessage-deflate;",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "x-other",
    ];
    let cases: Vec<(&Value, &str)> = servers
        .iter()
        .flat_map(|server| offers.iter().map(move |offer| (server, *offer)))
        .collect();
    let asked = serde_json::to_string(&cases).expect("JSON");
    let Some(answers) = clients::script("negotiate.mjs", &["socket.io"], &[&asked]).await else {
        return;
    };
    let answers: Vec<Option<String>> = serde_json::from_str(&answers).expect("a list of answers");
    assert_eq!(answers.len(), cases.len());
    for ((server, offer), expected) in cases.into_iter().zip(answers) {
        let (mut client, answer) = offering(config(options(server)), offer).await;
        assert_eq!(answer, expected, "{offer} with {server}");
        // With or without compression.
        assert_alive(&mut client).await;
    }
}

#[tokio::test]
async fn nothing_is_compressed_unless_both_want_it() {
    let (mut client, answer) = offering(Config::default(), OFFER).await;
    assert_eq!(answer, None);
    client
        .send_frame(&Frame::text(deflate(b"4")).rsv(COMPRESSED))
        .await;
    client.expect_close(1002).await;

    let mut client = crate::echo::connect_to(serve(config(eager())).await).await;
    assert_eq!(client.handshake().header("sec-websocket-extensions"), None);
    client
        .send_frame(&Frame::text(deflate(b"4")).rsv(COMPRESSED))
        .await;
    client.expect_close(1002).await;
}

#[tokio::test]
async fn messages_from_the_threshold_on_are_compressed() {
    let (mut client, _) = offering(config(PerMessageDeflate::default()), OFFER).await;
    let short = format!("4{}", "x".repeat(1_022));
    client.send(&short).await;
    expect_message(&mut client, Opcode::Text, short.as_bytes(), false).await;
    client.send_binary(&[7; 1_023]).await;
    expect_message(&mut client, Opcode::Binary, &[7; 1_023], false).await;
    let long = format!("{short}x");
    client.send(&long).await;
    expect_message(&mut client, Opcode::Text, long.as_bytes(), true).await;
}

#[tokio::test]
async fn a_compressed_message_in_fragments_with_pings_between() {
    let text = format!("4{}", "compressed ".repeat(500));
    let mut frames = fragments(Opcode::Text, &deflate(text.as_bytes()), 5);
    frames[0] = frames[0].clone().rsv(COMPRESSED);
    frames.insert(1, Frame::new(Opcode::Ping, "between"));
    for size in [100_000, 1] {
        // The first message of a server refers to no other.
        let mut client = agreed().await;
        send_in_pieces(&mut client, &encode(&frames), size).await;
        expect_pong(&mut client, b"between").await;
        expect_message(&mut client, Opcode::Text, text.as_bytes(), true).await;
    }
}

#[tokio::test]
async fn only_the_first_frame_of_a_message_says_that_it_is_compressed() {
    let text = deflate(b"4*");
    for frames in [
        vec![
            Frame::text(&text[..1]).not_last().rsv(COMPRESSED),
            Frame::continuation(&text[1..]).rsv(COMPRESSED),
        ],
        vec![
            Frame::text("4").not_last(),
            Frame::continuation("*").rsv(COMPRESSED),
        ],
        vec![Frame::new(Opcode::Ping, "").rsv(COMPRESSED)],
        vec![Frame::new(Opcode::Close, "").rsv(COMPRESSED)],
        vec![Frame::text(&text[..]).rsv(COMPRESSED | 1)],
    ] {
        let mut client = agreed().await;
        client.send_raw(&encode(&frames)).await;
        client.expect_close(1002).await;
    }
}

#[tokio::test]
async fn what_cannot_be_inflated_and_what_is_no_text_then() {
    for payload in [
        b"\xff\xff\xff".to_vec(),
        deflate(b"4\xff"),
        deflate(b"4\xe2\x82"),
    ] {
        let mut client = agreed().await;
        client
            .send_frame(&Frame::text(payload).rsv(COMPRESSED))
            .await;
        client.expect_close(1007).await;
    }
}

#[tokio::test]
async fn the_ways_to_write_a_compressed_message() {
    // RFC 7692, section 7.2.3, in binary messages.
    let hello: [&[u8]; 4] = [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        &[
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ],
    ];
    let forgetful = eager().server_no_context_takeover(true);
    let (mut client, _) = offering(config(forgetful), OFFER).await;
    for payload in hello {
        client
            .send_frame(&Frame::binary(payload).rsv(COMPRESSED))
            .await;
        // It would not get shorter.
        expect_message(&mut client, Opcode::Binary, b"Hello", false).await;
    }
    client
        .send_frame(&Frame::binary([0x00]).rsv(COMPRESSED))
        .await;
    expect_message(&mut client, Opcode::Binary, b"", false).await;
    client.send_binary(b"plain").await;
    expect_message(&mut client, Opcode::Binary, b"plain", false).await;
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_limit() {
    let bomb = deflate(&vec![0; 100_000_000]);
    assert!(bomb.len() < 100_000);
    let mut client = agreed().await;
    client
        .send_frame(&Frame::binary(bomb.as_slice()).rsv(COMPRESSED))
        .await;
    client.expect_close(1009).await;

    let mut client = agreed().await;
    let mut frames = fragments(Opcode::Binary, &bomb, 1_000);
    frames[0] = frames[0].clone().rsv(COMPRESSED);
    client.send_raw(&encode(&frames)).await;
    client.expect_close(1009).await;

    let mut client = agreed().await;
    let just = vec![0; 1_000_000];
    client
        .send_frame(&Frame::binary(deflate(&just)).rsv(COMPRESSED))
        .await;
    let frame = client.recv_frame().await;
    assert_eq!(
        frame.map(|frame| inflate(&frame.payload).len()),
        Some(just.len())
    );
}

#[tokio::test]
async fn a_polling_session_that_moves_to_websocket_agrees_on_compression_too() {
    let addr = serve(config(eager())).await;
    let target = TARGET.replace("websocket", "polling");
    let polling = PollingClient::handshake_at(addr, &target).await;
    let target = format!("{TARGET}&sid={}", polling.sid());
    let request = Request::websocket(&target).header("Sec-WebSocket-Extensions", OFFER);
    let mut client = WsClient::connect_with(addr, &request).await;
    assert_eq!(
        client.handshake().header("sec-websocket-extensions"),
        Some("permessage-deflate")
    );
    client.send("2probe").await;
    expect_message(&mut client, Opcode::Text, b"3probe", true).await;
    client.send("5").await;
    client
        .send_frame(&Frame::text(deflate(b"4moved")).rsv(COMPRESSED))
        .await;
    let frame = client.recv_frame().await.expect("the echo");
    assert_eq!((frame.opcode, frame.rsv), (Opcode::Text, COMPRESSED));
    client.send_frame(&Frame::new(Opcode::Close, "")).await;
    assert_eq!(client.recv().await, Message::Close(None));
}
