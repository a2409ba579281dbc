//! Section 1: text and binary messages of all sizes.

use crate::echo::{connect, expect_text, send_in_pieces};
use socketio_testing::{Frame, Message};

const SIZES: [usize; 7] = [0, 125, 126, 127, 128, 65_535, 65_536];

#[tokio::test]
async fn case_1_1_1_to_1_1_7_texts_are_echoed() {
    let mut client = connect().await;
    for size in SIZES {
        // The packet type is part of the payload.
        let text = format!("4{}", "*".repeat(size.saturating_sub(1)));
        client.send(&text).await;
        expect_text(&mut client, &text).await;
    }
}

#[tokio::test]
async fn case_1_1_8_a_text_can_arrive_in_pieces() {
    let mut client = connect().await;
    let text = format!("4{}", "*".repeat(65_535));
    send_in_pieces(&mut client, &Frame::text(text.as_str()).encode(), 997).await;
    expect_text(&mut client, &text).await;
}

#[tokio::test]
async fn case_1_2_1_to_1_2_7_binary_messages_are_echoed() {
    let mut client = connect().await;
    for size in SIZES {
        let bytes = vec![0xfe; size];
        client.send_binary(&bytes).await;
        assert!(
            client.recv().await == Message::Binary(bytes),
            "{size} bytes"
        );
    }
}

#[tokio::test]
async fn case_1_2_8_a_binary_message_can_arrive_in_pieces() {
    let mut client = connect().await;
    let bytes: Vec<u8> = (0..65_536_u32).map(|at| at.to_le_bytes()[0]).collect();
    send_in_pieces(&mut client, &Frame::binary(bytes.as_slice()).encode(), 997).await;
    assert!(client.recv().await == Message::Binary(bytes));
}
