//! Section 9: large messages and many messages, and the limits of this server, which the suite does
//! not cover.

use engineio::Config;
use socketio_testing::{Frame, Message, Opcode, WsClient};

use crate::echo::{
    assert_alive, connect, connect_to, encode, expect_pong, expect_text, fragments, send_in_pieces,
    serve,
};

const MIB: usize = 1024 * 1024;

/// Returns varying bytes.
fn bytes(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1])
        .collect()
}

async fn large() -> WsClient {
    connect_to(serve(Config::default().max_http_buffer_size(4 * MIB + 1)).await).await
}

#[tokio::test]
async fn case_9_1_and_9_2_large_messages_are_echoed() {
    let mut client = large().await;
    for size in [64 * 1024, 256 * 1024, MIB, 4 * MIB] {
        let text = format!("4{}", "x".repeat(size));
        client.send(&text).await;
        expect_text(&mut client, &text).await;
        let bytes = bytes(size);
        client.send_binary(&bytes).await;
        assert!(
            client.recv().await == Message::Binary(bytes),
            "{size} bytes"
        );
    }
}

#[tokio::test]
async fn case_9_3_and_9_4_a_large_message_can_be_fragmented() {
    let mut client = large().await;
    let message = bytes(MIB);
    for size in [64, 1024, 16 * 1024, 256 * 1024, MIB] {
        let frames = fragments(Opcode::Binary, &message, size);
        client.send_raw(&encode(&frames)).await;
        assert!(
            client.recv().await == Message::Binary(message.clone()),
            "fragments of {size} bytes"
        );
    }
}

#[tokio::test]
async fn case_9_5_and_9_6_a_large_message_can_arrive_in_pieces() {
    let mut client = large().await;
    let text = format!("4{}", "€".repeat(MIB / 3));
    for size in [64, 255, 2_048] {
        send_in_pieces(&mut client, &Frame::text(text.as_str()).encode(), size).await;
        expect_text(&mut client, &text).await;
    }
}

#[tokio::test]
async fn case_9_7_and_9_8_many_messages_are_echoed() {
    let mut client = connect().await;
    for size in [1, 16, 64, 256, 1024, 4096] {
        let text = format!("4{}", "x".repeat(size));
        for _ in 0..200 {
            client.send(&text).await;
            expect_text(&mut client, &text).await;
        }
    }
}

#[tokio::test]
async fn a_message_over_the_limit_closes_the_connection() {
    let addr = serve(Config::default().max_http_buffer_size(10_000)).await;
    let mut client = connect_to(addr).await;
    client.send_binary(&[0; 10_000]).await;
    assert_eq!(client.recv().await, Message::Binary(vec![0; 10_000]));
    client.send_binary(&[0; 10_001]).await;
    client.expect_close(1009).await;

    let mut client = connect_to(addr).await;
    client
        .send_frame(&Frame::binary([0; 10_000]).not_last())
        .await;
    client.send_frame(&Frame::continuation([0; 1])).await;
    client.expect_close(1009).await;
}

#[tokio::test]
async fn an_announced_length_over_the_limit_closes_the_connection() {
    for length in [1_000_001, 1 << 32, 1 << 63, u64::MAX] {
        let mut client = connect().await;
        client
            .send_frame(&Frame::binary("x").claiming(length))
            .await;
        client.expect_close(1009).await;
    }
}

#[tokio::test]
async fn too_many_fragments_close_the_connection() {
    let mut client = connect().await;
    let fragment = Frame::continuation("").not_last().encode();
    client.send_frame(&Frame::text("4").not_last()).await;
    client.send_raw(&fragment.repeat(16_383)).await;
    client.send_frame(&Frame::new(Opcode::Ping, "")).await;
    expect_pong(&mut client, b"").await;
    client.send_raw(&fragment.repeat(1_000_000)).await;
    client.expect_close(1008).await;

    let mut client = connect().await;
    client.send_frame(&Frame::text("4").not_last()).await;
    client.send_raw(&fragment.repeat(16_382)).await;
    client.send_frame(&Frame::continuation("x")).await;
    expect_text(&mut client, "4x").await;
    assert_alive(&mut client).await;
}
