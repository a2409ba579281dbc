//! Section 3: reserved bits without an extension that uses them.

use socketio_testing::{Frame, Message, Opcode};

use crate::echo::{assert_closed_for, connect, encode, expect_text, send_in_pieces};

#[tokio::test]
async fn case_3_1_a_text_with_reserved_bits_closes_the_connection() {
    for bits in 1..8 {
        assert_closed_for(&[Frame::text("4*").rsv(bits)], 1002).await;
    }
}

#[tokio::test]
async fn case_3_2_and_3_3_reserved_bits_after_a_valid_text_close_the_connection() {
    let frames = [
        Frame::text("4Hello, world!"),
        Frame::text("4Hello, world!").rsv(2),
        Frame::new(Opcode::Ping, ""),
    ];
    for in_pieces in [false, true] {
        let mut client = connect().await;
        let bytes = encode(&frames);
        let size = if in_pieces { 1 } else { bytes.len() };
        send_in_pieces(&mut client, &bytes, size).await;
        if in_pieces {
            expect_text(&mut client, "4Hello, world!").await;
        } else {
            // The echo of the text in the same read may or may not be written before the close
            // frame.
            match client.recv().await {
                Message::Close(Some(1002)) => continue,
                received => assert_eq!(received, Message::Text("4Hello, world!".into())),
            }
        }
        client.expect_close(1002).await;
    }
}

#[tokio::test]
async fn case_3_5_to_3_7_other_frames_with_reserved_bits_close_the_connection() {
    for bits in 1..8 {
        assert_closed_for(&[Frame::binary([0; 8]).rsv(bits)], 1002).await;
        for opcode in [Opcode::Ping, Opcode::Pong, Opcode::Close] {
            assert_closed_for(&[Frame::new(opcode, "").rsv(bits)], 1002).await;
        }
        let fragments = [
            Frame::text("4").not_last(),
            Frame::continuation("*").rsv(bits),
        ];
        assert_closed_for(&fragments, 1002).await;
    }
}
