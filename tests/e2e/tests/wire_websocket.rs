//! Tests Engine.IO over WebSocket: packets, frames and close codes.

use e2e::server::Server;
use socketio_testing::{Frame, Message, Opcode, Request, WsClient};

const TARGET: &str = "/socket.io/?EIO=4&transport=websocket";

/// The default of `maxHttpBufferSize` in bytes.
const MAX_MESSAGE: usize = 1_000_000;

#[tokio::test]
async fn the_server_echoes_an_event() {
    let server = Server::start().await;
    let mut client = WsClient::connect(server.addr(), TARGET).await;
    client
        .expect(r#"0{"sid":"…","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#)
        .await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send(r#"42["echo","é",{"a":[1]}]"#).await;
    client.expect(r#"42["echo","é",{"a":[1]}]"#).await;
}

#[tokio::test]
async fn the_socket_id_differs_from_the_session_id() {
    let server = Server::start().await;
    let mut client = WsClient::connect(server.addr(), TARGET).await;
    let open = client.expect("0{…}").await;
    client.send("40").await;
    let connect = client.expect("40{…}").await;
    let ids: Vec<&str> = [&open, &connect]
        .iter()
        .filter_map(|packet| packet.split('"').nth(3))
        .collect();
    assert!(
        ids.len() == 2 && ids[0] != ids[1] && ids[1].len() == 20,
        "{ids:?}"
    );
}

#[tokio::test]
async fn invalid_packets_close_the_connection() {
    let server = Server::start().await;
    for (name, text) in [
        ("no packet type", "abc"),
        ("unknown packet type", "9"),
        ("empty text", ""),
        ("a ping, which only the server may send", "2"),
        ("unknown Socket.IO packet", "4x"),
        (
            "an event for a namespace that was not joined",
            r#"42/other,["echo"]"#,
        ),
        ("broken JSON", r#"42["echo""#),
        ("unexpected invalid base64", "b!!!"),
    ] {
        println!("{name}");
        let mut client = connected(server).await;
        client.send(text).await;
        client.expect_close(None).await;
    }
}

#[tokio::test]
async fn packets_without_effect_keep_the_connection() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    for (name, text) in [
        ("close", "1"),
        ("open", "0"),
        ("upgrade", "5"),
        ("noop", "6"),
        ("an unsolicited pong", "3"),
    ] {
        println!("{name}");
        client.send(text).await;
        assert_alive(&mut client).await;
    }
}

#[tokio::test]
async fn the_server_echoes_binary() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client
        .send(r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        .await;
    client.send_binary(&[1, 2]).await;
    client.send_binary(&[]).await;
    client
        .expect(r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        .await;
    client.expect_binary(&[1, 2]).await;
    client.expect_binary(&[]).await;
}

#[tokio::test]
async fn unexpected_binary_closes_the_connection() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client.send_binary(&[4, 1]).await;
    client.expect_close(None).await;
}

#[tokio::test]
async fn the_server_accepts_base64_in_a_text_frame() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send("bAQI=").await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[1, 2]).await;
}

#[tokio::test]
async fn the_server_sends_base64_if_the_client_requests_it() {
    let server = Server::start().await;
    let mut client = WsClient::connect(server.addr(), &format!("{TARGET}&b64=1")).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[1, 2]).await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect("bAQI=").await;
}

#[tokio::test]
async fn the_server_accepts_a_message_at_the_limit() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    let event = event_of(MAX_MESSAGE);
    client.send(&event).await;
    client.expect(&event).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn messages_over_the_limit_close_the_connection() {
    let server = Server::start().await;
    let half = vec![b'a'; MAX_MESSAGE / 2];
    for (name, frames) in [
        ("text", vec![Frame::text(event_of(MAX_MESSAGE + 1))]),
        ("binary", vec![Frame::binary(vec![0; MAX_MESSAGE + 1])]),
        (
            "only the header",
            vec![Frame::text("42").claiming(MAX_MESSAGE as u64 + 1)],
        ),
        (
            "a header with a huge length",
            vec![Frame::binary("").claiming(u64::MAX >> 1)],
        ),
        (
            "fragments",
            vec![
                Frame::text(half.clone()).not_last(),
                Frame::continuation(half).not_last(),
                Frame::continuation("a"),
            ],
        ),
    ] {
        println!("{name}");
        let mut client = connected(server).await;
        for frame in frames {
            client.send_frame(&frame).await;
        }
        client.expect_close(1009).await;
    }
}

#[tokio::test]
async fn texts_with_invalid_utf_8_close_the_connection() {
    let server = Server::start().await;
    for (name, frames) in [
        (
            "a stray byte",
            vec![Frame::text(b"42[\"echo\",\"\xff\"]".to_vec())],
        ),
        (
            "an encoded surrogate",
            vec![Frame::text(b"42[\"echo\",\"\xed\xa0\x80\"]".to_vec())],
        ),
        (
            "an overlong form",
            vec![Frame::text(b"42[\"echo\",\"\xc0\xaf\"]".to_vec())],
        ),
        (
            "cut in the middle of a character",
            vec![Frame::text(b"4\xe2\x82".to_vec())],
        ),
    ] {
        println!("{name}");
        let mut client = connected(server).await;
        for frame in frames {
            client.send_frame(&frame).await;
        }
        client.expect_close(1007).await;
    }
}

#[tokio::test]
async fn frames_that_violate_the_protocol_close_the_connection() {
    let server = Server::start().await;
    for (name, frame) in [
        ("reserved bit 1", Frame::text("3").rsv(0b100)),
        ("reserved bit 2", Frame::text("3").rsv(0b010)),
        ("reserved bit 3", Frame::text("3").rsv(0b001)),
        ("not masked", Frame::text("3").unmasked()),
        ("reserved opcode", Frame::new(Opcode::Reserved(3), "3")),
        (
            "reserved control frame",
            Frame::new(Opcode::Reserved(11), "3"),
        ),
        (
            "continuation without a first fragment",
            Frame::continuation("3"),
        ),
        ("fragmented ping", Frame::new(Opcode::Ping, "3").not_last()),
        ("oversized ping", Frame::new(Opcode::Ping, vec![0; 126])),
        (
            "close frame of one byte",
            Frame::new(Opcode::Close, vec![3]),
        ),
        ("close frame with a reserved code", Frame::close(1005)),
    ] {
        println!("{name}");
        let mut client = connected(server).await;
        client.send_frame(&frame).await;
        client.expect_close(1002).await;
    }
}

#[tokio::test]
async fn a_new_message_between_fragments_closes_the_connection() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client.send_frame(&Frame::text("42[").not_last()).await;
    client.send_frame(&Frame::text("3")).await;
    client.expect_close(1002).await;
}

#[tokio::test]
async fn the_server_accepts_a_fragmented_message() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client
        .send_frame(&Frame::text("42[\"echo\",\"").not_last())
        .await;
    // The euro sign is split between fragments, with a ping in between.
    client
        .send_frame(&Frame::continuation(b"\xe2\x82".to_vec()).not_last())
        .await;
    client
        .send_frame(&Frame::new(Opcode::Ping, "between"))
        .await;
    client
        .send_frame(&Frame::continuation(b"\xac".to_vec()).not_last())
        .await;
    client.send_frame(&Frame::continuation("").not_last()).await;
    client.send_frame(&Frame::continuation("\"]")).await;
    assert_eq!(client.recv().await, Message::Pong(b"between".to_vec()));
    client.expect(r#"42["echo","€"]"#).await;
}

#[tokio::test]
async fn the_server_accepts_a_message_sent_byte_by_byte() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    // A frame with the mask 0, whose masked payload equals its text.
    let text = br#"42["echo",1]"#;
    let head = [0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
    for byte in head.iter().chain(text) {
        client.send_raw(&[*byte]).await;
    }
    client.expect(r#"42["echo",1]"#).await;
}

#[tokio::test]
async fn the_server_accepts_many_messages_in_one_write() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    let one = [&[0x81, 0x8c, 0, 0, 0, 0][..], br#"42["echo",1]"#].concat();
    client.send_raw(&one.repeat(100)).await;
    for _ in 0..100 {
        client.expect(r#"42["echo",1]"#).await;
    }
}

#[tokio::test]
async fn the_server_answers_a_websocket_ping() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client.send_frame(&Frame::new(Opcode::Ping, "hello")).await;
    assert_eq!(client.recv().await, Message::Pong(b"hello".to_vec()));
    client
        .send_frame(&Frame::new(Opcode::Pong, "unsolicited"))
        .await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn the_server_answers_a_close_frame() {
    let server = Server::start().await;
    for code in [None, Some(1000), Some(1001), Some(3000), Some(4999)] {
        println!("{code:?}");
        let mut client = connected(server).await;
        client.send_frame(&Frame::close(code)).await;
        assert_eq!(client.recv().await, Message::Close(code));
        client.expect_end().await;
    }
}

#[tokio::test]
async fn leaving_the_last_namespace_keeps_the_connection() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client.send("41").await;
    client
        .send_frame(&Frame::new(Opcode::Ping, "still open?"))
        .await;
    assert_eq!(client.recv().await, Message::Pong(b"still open?".to_vec()));
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_client_can_leave_and_rejoin_in_one_write() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client
        .send_raw(&[
            0x81, 0x82, 0, 0, 0, 0, b'4', b'1', 0x81, 0x82, 0, 0, 0, 0, b'4', b'0',
        ])
        .await;
    if server.expects("DISCONNECT and CONNECT in one read", true, false) {
        client.expect_close(None).await;
    } else {
        client.expect(r#"40{"sid":"…"}"#).await;
        assert_alive(&mut client).await;
    }
}

#[tokio::test]
async fn the_server_can_disconnect_a_socket() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client.send(r#"40/admin,{"token":"secret"}"#).await;
    client.expect(r#"40/admin,{"sid":"…"}"#).await;
    client.send(r#"42/admin,["disconnect-me",false]"#).await;
    client.expect("41/admin,").await;
    assert_alive(&mut client).await;
    client.send(r#"42["disconnect-me",false]"#).await;
    client.expect("41").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn the_server_can_disconnect_all_sockets_of_a_connection() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client.send(r#"40/admin,{"token":"secret"}"#).await;
    client.expect(r#"40/admin,{"sid":"…"}"#).await;
    client.send(r#"42["disconnect-me",true]"#).await;
    client.expect("41").await;
    client.expect("41/admin,").await;
    client.expect_close(None).await;
}

#[tokio::test]
async fn the_server_can_close_the_transport() {
    let server = Server::start().await;
    let mut client = connected(server).await;
    client.send(r#"42["close-transport"]"#).await;
    client.expect_close(None).await;
}

#[tokio::test]
async fn a_websocket_session_rejects_polling_requests() {
    let server = Server::start().await;
    let mut client = WsClient::connect(server.addr(), TARGET).await;
    let open = client.expect("0{…}").await;
    let sid = open.split('"').nth(3).expect("a session id");
    let target = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    for method in ["GET", "POST"] {
        let response = Request::new(method, &target).send(server.addr()).await;
        response.assert(400, r#"{"code":3,"message":"Bad request"}"#);
    }
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    assert_alive(&mut client).await;
}

async fn connected(server: Server) -> WsClient {
    let mut client = WsClient::connect(server.addr(), TARGET).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client
}

async fn assert_alive(client: &mut WsClient) {
    client.send(r#"429["ack","alive"]"#).await;
    client.expect(r#"439["alive"]"#).await;
}

/// Returns a message packet of this size in bytes.
fn event_of(bytes: usize) -> String {
    let frame = r#"42["echo",""]"#.len();
    format!(r#"42["echo","{}"]"#, "a".repeat(bytes - frame))
}
