//! Section 5: fragmented messages, and control frames between fragments.

use socketio_testing::{Frame, Message, Opcode};

use crate::echo::{
    assert_alive, assert_closed_for, connect, encode, expect_pong, expect_text, send_in_pieces,
};

fn ping(payload: &str) -> Frame {
    Frame::new(Opcode::Ping, payload)
}

#[tokio::test]
async fn case_5_1_and_5_2_fragmented_control_frames_close_the_connection() {
    for opcode in [Opcode::Ping, Opcode::Pong, Opcode::Close] {
        let frames = [
            Frame::new(opcode, "fragment1").not_last(),
            Frame::continuation("fragment2"),
        ];
        assert_closed_for(&frames, 1002).await;
    }
}

#[tokio::test]
async fn case_5_3_to_5_5_a_text_can_have_two_fragments() {
    let bytes = encode(&[
        Frame::text("4fragment1").not_last(),
        Frame::continuation("fragment2"),
    ]);
    for size in [bytes.len(), 16, 1] {
        let mut client = connect().await;
        send_in_pieces(&mut client, &bytes, size).await;
        expect_text(&mut client, "4fragment1fragment2").await;
    }
}

#[tokio::test]
async fn case_5_6_to_5_8_a_ping_between_fragments_is_answered() {
    let bytes = encode(&[
        Frame::text("4fragment1").not_last(),
        ping("ping payload"),
        Frame::continuation("fragment2"),
    ]);
    for size in [bytes.len(), 16, 1] {
        let mut client = connect().await;
        send_in_pieces(&mut client, &bytes, size).await;
        expect_pong(&mut client, b"ping payload").await;
        expect_text(&mut client, "4fragment1fragment2").await;
    }
}

#[tokio::test]
async fn case_5_9_to_5_14_a_continuation_without_a_message_closes_the_connection() {
    for (first, following) in [
        (Frame::continuation("non-continuation payload"), None),
        (
            Frame::continuation("non-continuation payload"),
            Some(Frame::text("4Hello, world!")),
        ),
        (
            Frame::continuation("non-continuation payload").not_last(),
            Some(Frame::text("4Hello, world!")),
        ),
    ] {
        let frames: Vec<Frame> = [first].into_iter().chain(following).collect();
        assert_closed_for(&frames, 1002).await;
    }
}

#[tokio::test]
async fn case_5_15_a_continuation_after_a_complete_message_closes_the_connection() {
    let mut client = connect().await;
    let frames = [
        Frame::text("4fragment1").not_last(),
        Frame::continuation("fragment2"),
    ];
    client.send_raw(&encode(&frames)).await;
    expect_text(&mut client, "4fragment1fragment2").await;
    client
        .send_frame(&Frame::continuation("fragment3").not_last())
        .await;
    client.expect_close(1002).await;
}

#[tokio::test]
async fn case_5_16_and_5_17_a_continuation_before_a_message_closes_the_connection() {
    for last in [false, true] {
        let mut first = Frame::continuation("fragment1");
        if !last {
            first = first.not_last();
        }
        let frames = [
            first,
            Frame::text("4fragment2").not_last(),
            Frame::continuation("fragment3"),
        ];
        assert_closed_for(&frames, 1002).await;
    }
}

#[tokio::test]
async fn case_5_18_a_message_within_another_closes_the_connection() {
    for second in [Frame::text("4fragment2"), Frame::binary("fragment2")] {
        assert_closed_for(&[Frame::text("4fragment1").not_last(), second], 1002).await;
    }
}

#[tokio::test]
async fn case_5_19_and_5_20_pings_between_five_fragments_are_answered() {
    let first = encode(&[
        Frame::text("4fragment1").not_last(),
        Frame::continuation("fragment2").not_last(),
        ping("pongme 1!"),
    ]);
    let second = encode(&[
        Frame::continuation("fragment3").not_last(),
        ping("pongme 2!"),
        Frame::continuation("fragment4").not_last(),
        Frame::continuation("fragment5"),
    ]);
    for size in [1_000, 1] {
        let mut client = connect().await;
        send_in_pieces(&mut client, &first, size).await;
        expect_pong(&mut client, b"pongme 1!").await;
        send_in_pieces(&mut client, &second, size).await;
        expect_pong(&mut client, b"pongme 2!").await;
        expect_text(
            &mut client,
            "4fragment1fragment2fragment3fragment4fragment5",
        )
        .await;
    }
}

#[tokio::test]
async fn fragments_can_be_empty() {
    let mut client = connect().await;
    let frames = [
        Frame::binary("").not_last(),
        Frame::continuation("").not_last(),
        Frame::continuation("x").not_last(),
        Frame::continuation(""),
    ];
    client.send_raw(&encode(&frames)).await;
    assert_eq!(client.recv().await, Message::Binary(b"x".to_vec()));
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn frames_must_be_masked() {
    assert_closed_for(&[Frame::text("4*").unmasked()], 1002).await;
}
