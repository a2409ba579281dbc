//! Sections 12 and 13: compressed messages, with the package `ws` and Chromium as peers. Frames
//! that no client sends are written by hand.

use std::io::Read as _;

use e2e::clients;
use engineio::{Config, PerMessageDeflate};
use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress};
use serde_json::{Value, json};
use socketio_testing::{Frame, Message, Opcode, PollingClient, Request, WsClient};

use crate::echo::{TARGET, assert_alive, encode, expect_pong, fragments, send_in_pieces, serve};

const COMPRESSED: u8 = 0b100;

/// The offer of browsers.
const OFFER: &str = "permessage-deflate; client_max_window_bits";

/// Compresses messages of any size.
fn compress_all() -> PerMessageDeflate {
    PerMessageDeflate::default().threshold(0)
}

fn config(deflate: PerMessageDeflate) -> Config {
    Config::default().per_message_deflate(deflate)
}

/// Connects a client with this offer and returns the response to it.
async fn connect_with_offer(config: Config, offer: &str) -> (WsClient, Option<String>) {
    let request = Request::websocket(TARGET).header("Sec-WebSocket-Extensions", offer);
    let mut client = WsClient::connect_with(serve(config).await, &request).await;
    let answer = client.handshake().header("sec-websocket-extensions");
    let answer = answer.map(str::to_owned);
    // Reads the open packet.
    client.recv_frame().await;
    (client, answer)
}

/// Connects a client that has negotiated compression with a server that compresses everything.
async fn negotiated() -> WsClient {
    let (client, answer) = connect_with_offer(config(compress_all()), OFFER).await;
    assert_eq!(answer.as_deref(), Some("permessage-deflate"));
    client
}

/// Compresses a message.
fn deflate(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 1_000);
    Compress::new(Compression::default(), false)
        .compress_vec(message, &mut out, FlushCompress::Sync)
        .expect("compress the message");
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]) && out.len() < out.capacity());
    out.truncate(out.len() - 4);
    out
}

/// Inflates a compressed message of the server that does not refer to earlier messages.
fn inflate(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // The appended empty block ends the stream, so that all output precedes any error.
    let input = [payload, &[0, 0, 0xff, 0xff, 3, 0]].concat();
    DeflateDecoder::new(&input[..])
        .read_to_end(&mut out)
        .expect("inflate the payload");
    out
}

/// Asserts that the next frame is an unfragmented message with this content, compressed or not.
async fn expect_message(client: &mut WsClient, opcode: Opcode, content: &[u8], compressed: bool) {
    let frame = client.recv_frame().await.expect("a message");
    assert_eq!((frame.last, frame.opcode), (true, opcode));
    assert_eq!(frame.rsv, if compressed { COMPRESSED } else { 0 });
    let payload = if compressed {
        inflate(&frame.payload)
    } else {
        frame.payload
    };
    assert!(payload == content, "the content differs");
}

async fn assert_ws_accepts(deflate: PerMessageDeflate, args: &[&str]) {
    let url = format!("ws://{}{TARGET}", serve(config(deflate)).await);
    let args = [&["--url", &url], args].concat();
    clients::script("deflate.mjs", &["socket.io"], &args).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_12_and_13_ws_can_use_all_combinations_of_parameters() {
    let args = ["--messages", "3", "--largest", "16384"];
    assert_ws_accepts(compress_all(), &args).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_12_ws_can_exchange_many_messages_of_all_sizes() {
    let args = ["--messages", "60", "--offers", "[{}]"];
    assert_ws_accepts(compress_all(), &args).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ws_accepts_the_options_of_the_server() {
    let offers = r#"[{}, {"clientMaxWindowBits": 10, "serverMaxWindowBits": 9}]"#;
    let args = ["--messages", "5", "--offers", offers];
    let no_takeover = compress_all()
        .server_no_context_takeover(true)
        .client_no_context_takeover(true);
    let small = compress_all()
        .server_max_window_bits(8)
        .client_max_window_bits(9);
    for options in [
        small.clone(),
        small
            .server_no_context_takeover(true)
            .level(9)
            .memory_level(1),
        no_takeover.clone().level(1),
        no_takeover,
    ] {
        assert_ws_accepts(options, &args).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_negotiates_compression() {
    let config = config(PerMessageDeflate::default());
    let url = format!("ws://{}{TARGET}", serve(config).await);
    let needs = ["playwright-core", "chromium"];
    if let Some(output) = clients::script("deflate_browser.mjs", &needs, &["--url", &url]).await {
        assert_eq!(output, "negotiated: permessage-deflate\n");
    }
}

/// Translates server options of Node.
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
async fn the_server_answers_offers_as_ws_does() {
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
    let request = serde_json::to_string(&cases).expect("JSON");
    let Some(answers) = clients::script("negotiate.mjs", &["socket.io"], &[&request]).await else {
        return;
    };
    let answers: Vec<Option<String>> = serde_json::from_str(&answers).expect("a list of answers");
    assert_eq!(answers.len(), cases.len());
    for ((server, offer), expected) in cases.into_iter().zip(answers) {
        let (mut client, answer) = connect_with_offer(config(options(server)), offer).await;
        assert_eq!(answer, expected, "{offer} with {server}");
        // With or without compression.
        assert_alive(&mut client).await;
    }
}

#[tokio::test]
async fn messages_are_not_compressed_without_negotiation() {
    let (mut client, answer) = connect_with_offer(Config::default(), OFFER).await;
    assert_eq!(answer, None);
    client
        .send_frame(&Frame::text(deflate(b"4")).rsv(COMPRESSED))
        .await;
    client.expect_close(1002).await;

    let mut client = crate::echo::connect_to(serve(config(compress_all())).await).await;
    assert_eq!(client.handshake().header("sec-websocket-extensions"), None);
    client
        .send_frame(&Frame::text(deflate(b"4")).rsv(COMPRESSED))
        .await;
    client.expect_close(1002).await;
}

#[tokio::test]
async fn messages_at_the_threshold_are_compressed() {
    let (mut client, _) = connect_with_offer(config(PerMessageDeflate::default()), OFFER).await;
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
async fn a_compressed_message_can_have_pings_between_its_fragments() {
    let text = format!("4{}", "compressed ".repeat(500));
    let mut frames = fragments(Opcode::Text, &deflate(text.as_bytes()), 5);
    frames[0] = frames[0].clone().rsv(COMPRESSED);
    frames.insert(1, Frame::new(Opcode::Ping, "between"));
    for size in [100_000, 1] {
        // The first message of a connection does not refer to others.
        let mut client = negotiated().await;
        send_in_pieces(&mut client, &encode(&frames), size).await;
        expect_pong(&mut client, b"between").await;
        expect_message(&mut client, Opcode::Text, text.as_bytes(), true).await;
    }
}

#[tokio::test]
async fn only_the_first_frame_of_a_message_has_the_compression_bit() {
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
        let mut client = negotiated().await;
        client.send_raw(&encode(&frames)).await;
        client.expect_close(1002).await;
    }
}

#[tokio::test]
async fn invalid_compressed_data_closes_the_connection() {
    for payload in [
        b"\xff\xff\xff".to_vec(),
        deflate(b"4\xff"),
        deflate(b"4\xe2\x82"),
    ] {
        let mut client = negotiated().await;
        client
            .send_frame(&Frame::text(payload).rsv(COMPRESSED))
            .await;
        client.expect_close(1007).await;
    }
}

#[tokio::test]
async fn the_server_accepts_all_deflate_block_types() {
    // The examples of RFC 7692, section 7.2.3, in binary messages.
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
    let no_takeover = compress_all().server_no_context_takeover(true);
    let (mut client, _) = connect_with_offer(config(no_takeover), OFFER).await;
    for payload in hello {
        client
            .send_frame(&Frame::binary(payload).rsv(COMPRESSED))
            .await;
        // Compression would not make it shorter.
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
async fn a_decompression_bomb_closes_the_connection_at_the_limit() {
    let bomb = deflate(&vec![0; 100_000_000]);
    assert!(bomb.len() < 100_000);
    let mut client = negotiated().await;
    client
        .send_frame(&Frame::binary(bomb.as_slice()).rsv(COMPRESSED))
        .await;
    client.expect_close(1009).await;

    let mut client = negotiated().await;
    let mut frames = fragments(Opcode::Binary, &bomb, 1_000);
    frames[0] = frames[0].clone().rsv(COMPRESSED);
    client.send_raw(&encode(&frames)).await;
    client.expect_close(1009).await;

    let mut client = negotiated().await;
    let at_limit = vec![0; 1_000_000];
    client
        .send_frame(&Frame::binary(deflate(&at_limit)).rsv(COMPRESSED))
        .await;
    let frame = client.recv_frame().await;
    assert_eq!(
        frame.map(|frame| inflate(&frame.payload).len()),
        Some(at_limit.len())
    );
}

#[tokio::test]
async fn an_upgrade_can_negotiate_compression() {
    let addr = serve(config(compress_all())).await;
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
