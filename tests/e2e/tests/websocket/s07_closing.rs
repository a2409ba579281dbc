//! Section 7: closing a connection.

use socketio_testing::{Frame, Message, Opcode};

use crate::echo::{assert_closed_for, connect, encode, expect_text};

fn close(code: u16, reason: &[u8]) -> Frame {
    Frame::new(Opcode::Close, [&code.to_be_bytes(), reason].concat())
}

/// Asserts that the server answers the close frame among these frames with this code and sends
/// nothing else.
async fn assert_answered(frames: &[Frame], code: Option<u16>) {
    let mut client = connect().await;
    client.send_raw(&encode(frames)).await;
    assert_eq!(client.recv().await, Message::Close(code));
    client.expect_end().await;
}

#[tokio::test]
async fn case_7_1_1_a_close_frame_after_a_message_is_answered() {
    let mut client = connect().await;
    client.send("4Hello World!").await;
    expect_text(&mut client, "4Hello World!").await;
    client.send_frame(&close(1000, b"")).await;
    assert_eq!(client.recv().await, Message::Close(Some(1000)));
    client.expect_end().await;
}

#[tokio::test]
async fn case_7_1_2_to_7_1_5_frames_after_the_close_frame_are_ignored() {
    let end = || close(1000, b"");
    assert_answered(&[end(), end()], Some(1000)).await;
    assert_answered(&[end(), Frame::new(Opcode::Ping, "")], Some(1000)).await;
    assert_answered(&[end(), Frame::text("4Hello World!")], Some(1000)).await;
    let fragments = [
        Frame::text("4fragment1").not_last(),
        end(),
        Frame::continuation("fragment2"),
    ];
    assert_answered(&fragments, Some(1000)).await;
}

#[tokio::test]
async fn case_7_1_6_a_close_frame_after_a_large_message_is_answered() {
    let mut client = connect().await;
    let text = format!("4{}", "BAsd7&jh23".repeat(26_000));
    client.send(&text).await;
    client.send_frame(&close(1000, b"")).await;
    // The client has not read anything yet, so unwritten messages of the server are lost.
    loop {
        match client.recv().await {
            Message::Close(code) => break assert_eq!(code, Some(1000)),
            Message::Text(echo) => assert!(echo == text),
            other => panic!("{other:?}"),
        }
    }
    client.expect_end().await;
}

#[tokio::test]
async fn case_7_3_a_close_frame_can_have_a_code_and_a_reason() {
    assert_answered(&[Frame::close(None)], None).await;
    assert_closed_for(&[Frame::new(Opcode::Close, "a")], 1002).await;
    assert_answered(&[close(1000, b"")], Some(1000)).await;
    assert_answered(&[close(1000, b"Hello World!")], Some(1000)).await;
    assert_answered(&[close(1000, &[b'*'; 123])], Some(1000)).await;
    assert_closed_for(&[close(1000, &[b'*'; 124])], 1002).await;
}

#[tokio::test]
async fn case_7_5_1_a_reason_with_invalid_utf_8_closes_the_connection() {
    assert_closed_for(&[close(1000, b"\xce\xba\xed\xa0\x80edited")], 1007).await;
}

#[tokio::test]
async fn case_7_7_valid_close_codes_are_answered() {
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        assert_answered(&[close(code, b"")], Some(code)).await;
    }
}

#[tokio::test]
async fn case_7_9_and_7_13_invalid_close_codes_close_the_connection() {
    for code in [
        0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535,
    ] {
        assert_closed_for(&[close(code, b"")], 1002).await;
    }
}
