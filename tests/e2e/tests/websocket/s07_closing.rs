//! Section 7: the end of a connection.

use socketio_testing::{Frame, Message, Opcode};

use crate::echo::{assert_closed_for, connect, encode, expect_text};

fn close(code: u16, reason: &[u8]) -> Frame {
    Frame::new(Opcode::Close, [&code.to_be_bytes(), reason].concat())
}

/// What is sent at once; the close frame among it is answered with this code, and nothing else.
async fn assert_answered(frames: &[Frame], code: Option<u16>) {
    let mut client = connect().await;
    client.send_raw(&encode(frames)).await;
    assert_eq!(client.recv().await, Message::Close(code));
    client.expect_end().await;
}

#[tokio::test]
async fn case_7_1_1_a_message_and_the_end() {
    let mut client = connect().await;
    client.send("4Hello World!").await;
    expect_text(&mut client, "4Hello World!").await;
    client.send_frame(&close(1000, b"")).await;
    assert_eq!(client.recv().await, Message::Close(Some(1000)));
    client.expect_end().await;
}

#[tokio::test]
async fn case_7_1_2_to_7_1_5_what_follows_the_close_frame_is_ignored() {
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
async fn case_7_1_6_the_end_behind_a_large_message() {
    let mut client = connect().await;
    let text = format!("4{}", "BAsd7&jh23".repeat(26_000));
    client.send(&text).await;
    client.send_frame(&close(1000, b"")).await;
    // The client has read none of it yet: what the server has not written by then is lost.
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
async fn case_7_3_what_a_close_frame_says() {
    assert_answered(&[Frame::close(None)], None).await;
    assert_closed_for(&[Frame::new(Opcode::Close, "a")], 1002).await;
    assert_answered(&[close(1000, b"")], Some(1000)).await;
    assert_answered(&[close(1000, b"Hello World!")], Some(1000)).await;
    assert_answered(&[close(1000, &[b'*'; 123])], Some(1000)).await;
    assert_closed_for(&[close(1000, &[b'*'; 124])], 1002).await;
}

#[tokio::test]
async fn case_7_5_1_a_reason_that_is_no_text() {
    assert_closed_for(&[close(1000, b"\xce\xba\xed\xa0\x80edited")], 1007).await;
}

#[tokio::test]
async fn case_7_7_codes_that_may_be_sent() {
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        assert_answered(&[close(code, b"")], Some(code)).await;
    }
}

#[tokio::test]
async fn case_7_9_and_7_13_codes_that_may_not_be_sent() {
    for code in [
        0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535,
    ] {
        assert_closed_for(&[close(code, b"")], 1002).await;
    }
}
