//! Section 10: a client that fragments its messages.

use socketio_testing::Opcode;

use crate::echo::{connect, encode, expect_text, fragments};

#[tokio::test]
async fn case_10_1_1_a_text_can_have_fragments_of_1300_bytes() {
    let mut client = connect().await;
    let text = format!("4{}", "*".repeat(65_535));
    let frames = fragments(Opcode::Text, text.as_bytes(), 1_300);
    client.send_raw(&encode(&frames)).await;
    expect_text(&mut client, &text).await;
}
