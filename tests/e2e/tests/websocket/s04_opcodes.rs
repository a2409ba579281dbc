//! Section 4: reserved opcodes.

use socketio_testing::{Frame, Opcode};

use crate::echo::{assert_closed_for, connect, expect_text};

#[tokio::test]
async fn case_4_1_and_4_2_a_reserved_opcode_closes_the_connection() {
    for number in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_closed_for(&[Frame::new(Opcode::Reserved(number), "")], 1002).await;
        assert_closed_for(&[Frame::new(Opcode::Reserved(number), "payload")], 1002).await;
    }
}

#[tokio::test]
async fn case_4_1_3_to_4_1_5_a_reserved_opcode_after_a_valid_text_closes_the_connection() {
    for number in [5, 6, 7, 13, 14, 15] {
        let mut client = connect().await;
        client.send("4Hello, world!").await;
        expect_text(&mut client, "4Hello, world!").await;
        client
            .send_frame(&Frame::new(Opcode::Reserved(number), "payload"))
            .await;
        client.send_frame(&Frame::new(Opcode::Ping, "")).await;
        client.expect_close(1002).await;
    }
}
