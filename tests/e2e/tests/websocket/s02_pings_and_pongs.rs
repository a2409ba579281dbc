//! Section 2: WebSocket pings and pongs.

use socketio_testing::{Frame, Opcode};

use crate::echo::{assert_alive, assert_closed_for, connect, encode, expect_pong, send_in_pieces};

fn ping(payload: &[u8]) -> Frame {
    Frame::new(Opcode::Ping, payload)
}

fn pong(payload: &[u8]) -> Frame {
    Frame::new(Opcode::Pong, payload)
}

#[tokio::test]
async fn case_2_1_to_2_4_a_pong_has_the_payload_of_its_ping() {
    let mut client = connect().await;
    for payload in [
        &b""[..],
        b"Hello, world!",
        &[0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff],
        &[0xfe; 125],
    ] {
        client.send_frame(&ping(payload)).await;
        expect_pong(&mut client, payload).await;
    }
}

#[tokio::test]
async fn case_2_5_an_oversized_ping_closes_the_connection() {
    assert_closed_for(&[ping(&[0xfe; 126])], 1002).await;
}

#[tokio::test]
async fn case_2_6_a_ping_can_arrive_byte_by_byte() {
    let mut client = connect().await;
    send_in_pieces(&mut client, &ping(&[0xfe; 125]).encode(), 1).await;
    expect_pong(&mut client, &[0xfe; 125]).await;
}

#[tokio::test]
async fn case_2_7_to_2_9_unsolicited_pongs_are_ignored() {
    let mut client = connect().await;
    client.send_frame(&pong(b"")).await;
    client.send_frame(&pong(b"unsolicited pong payload")).await;
    client.send_frame(&ping(b"ping payload")).await;
    expect_pong(&mut client, b"ping payload").await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn case_2_10_ten_pings_are_answered() {
    let mut client = connect().await;
    let pings: Vec<Frame> = (0..10).map(|n| ping(&[b'a', n])).collect();
    client.send_raw(&encode(&pings)).await;
    for n in 0..10 {
        expect_pong(&mut client, &[b'a', n]).await;
    }
}

#[tokio::test]
async fn case_2_11_ten_pings_can_arrive_byte_by_byte() {
    let mut client = connect().await;
    let pings: Vec<Frame> = (0..10).map(|n| ping(&[b'a', n])).collect();
    send_in_pieces(&mut client, &encode(&pings), 1).await;
    for n in 0..10 {
        expect_pong(&mut client, &[b'a', n]).await;
    }
}
