//! Section 6: text must be UTF-8, and an invalid byte is detected as soon as it arrives.

use socketio_testing::{Frame, Opcode};

use crate::echo::{connect, connect_to, encode, expect_text, fragments, send_in_pieces, serve};

#[tokio::test]
async fn case_6_1_fragments_of_a_text_can_be_empty() {
    let mut client = connect().await;
    for text in ["4", "4middle frame payload"] {
        let frames = [
            Frame::text("").not_last(),
            Frame::continuation(text).not_last(),
            Frame::continuation(""),
        ];
        client.send_raw(&encode(&frames)).await;
        expect_text(&mut client, text).await;
    }
}

/// Cases 6.2, 6.5 to 6.7, 6.9, 6.11, 6.13, 6.17, 6.22 and 6.23: valid text.
const VALID: [&str; 25] = [
    "Hello-µ@ßöäüàá-UTF-8!!",
    "κόσμε",
    "\0",
    "\u{80}",
    "\u{800}",
    "\u{10000}",
    "\u{7f}",
    "\u{7ff}",
    "\u{ffff}",
    "\u{fffd}",
    "\u{10ffff}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{fdd0}",
    "\u{fdef}",
    "\u{fffe}",
    "\u{1fffe}",
    "\u{1ffff}",
    "\u{2fffe}",
    "\u{8fffe}",
    "\u{10fffe}",
    "\u{200b}",
    "\u{feff}",
    "😀",
    "a€b😀c",
];

#[tokio::test]
async fn case_6_2_and_others_valid_text_is_echoed() {
    let mut client = connect().await;
    for text in VALID {
        let text = format!("4{text}");
        client.send(&text).await;
        expect_text(&mut client, &text).await;
        send_in_pieces(&mut client, &Frame::text(text.as_str()).encode(), 1).await;
        expect_text(&mut client, &text).await;
        // One byte per fragment, so that characters are split.
        let frames = fragments(Opcode::Text, text.as_bytes(), 1);
        client.send_raw(&encode(&frames)).await;
        expect_text(&mut client, &text).await;
    }
}

/// Cases 6.3, 6.4, 6.6, 6.8, 6.10, 6.12, 6.14 to 6.16, 6.18 to 6.21: invalid text.
const INVALID: [&[u8]; 42] = [
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    b"\xce",
    b"\xce\xba\xe1",
    b"\xce\xba\xe1\xbd",
    b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xf7\xbf\xbf\xbf",
    b"\xfb\xbf\xbf\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\x80",
    b"\xbf",
    b"\x80\xbf",
    b"\x80\xbf\x80\xbf\x80",
    b"\xc0 \xc1 ",
    b"\xe0 \xe1 ",
    b"\xf0 \xf1 ",
    b"\xf8 ",
    b"\xfc ",
    b"\xc0",
    b"\xe0\x80",
    b"\xf0\x80\x80",
    b"\xf8\x80\x80\x80",
    b"\xdf",
    b"\xef\xbf",
    b"\xf7\xbf\xbf",
    b"\xfe",
    b"\xff",
    b"\xfe\xfe\xff\xff",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xf8\x80\x80\x80\xaf",
    b"\xc1\xbf",
    b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xed\xad\xbf",
    b"\xed\xae\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xed\xaf\xbf\xed\xbf\xbf",
];

#[tokio::test]
async fn case_6_3_and_others_invalid_text_closes_the_connection() {
    let addr = serve(engineio::Config::default()).await;
    for bytes in INVALID {
        let text = [b"4", bytes].concat();
        let mut client = connect_to(addr).await;
        client.send_frame(&Frame::text(text.as_slice())).await;
        client.expect_close(1007).await;

        let mut client = connect_to(addr).await;
        send_in_pieces(&mut client, &Frame::text(text.as_slice()).encode(), 1).await;
        client.expect_close(1007).await;

        let frames = fragments(Opcode::Text, &text, 1);
        let mut client = connect_to(addr).await;
        client.send_raw(&encode(&frames)).await;
        client.expect_close(1007).await;
    }
}

/// Text whose last byte makes it invalid regardless of the bytes that follow.
const INVALID_LAST_BYTE: [&[u8]; 3] = [
    b"4\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90",
    b"4\xed\xa0",
    b"4abc\xff",
];

#[tokio::test]
async fn case_6_4_1_and_6_4_2_invalid_text_is_detected_before_the_message_is_complete() {
    for bytes in INVALID_LAST_BYTE {
        let mut client = connect().await;
        let (valid, invalid) = bytes.split_at(bytes.len() - 1);
        client.send_frame(&Frame::text(valid).not_last()).await;
        client
            .send_frame(&Frame::continuation(invalid).not_last())
            .await;
        client.expect_close(1007).await;
    }
}

#[tokio::test]
async fn case_6_4_3_and_6_4_4_invalid_text_is_detected_before_the_frame_is_complete() {
    for bytes in INVALID_LAST_BYTE {
        let mut client = connect().await;
        let frame = Frame::text([bytes, b"\x80\x80edited"].concat()).encode();
        let missing = b"\x80\x80edited".len();
        client.send_raw(&frame[..frame.len() - missing]).await;
        client.expect_close(1007).await;
    }
}
