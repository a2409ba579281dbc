use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::transport::webtransport::frame::write_header;

const MAX_MESSAGE: usize = 1_000;

fn frame(binary: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_header(&mut bytes, binary, payload.len());
    bytes.extend_from_slice(payload);
    bytes
}

/// Decodes bytes that arrive in these pieces.
fn decode<'a>(
    decoder: &mut Decoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Frame>, Option<Fault>) {
    let mut frames = Vec::new();
    for mut piece in pieces {
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(fault) => return (frames, Some(fault)),
            }
        }
        assert!(piece.is_empty());
    }
    (frames, None)
}

fn whole(bytes: &[u8]) -> (Vec<Frame>, Option<Fault>) {
    decode(&mut Decoder::new(MAX_MESSAGE), [bytes])
}

#[test]
fn frames_of_engine_io_parser_are_decoded() {
    let text = |text: &str| (vec![Frame::Text(text.into())], None);
    assert_eq!(whole(b"\x064hello"), text("4hello"));
    assert_eq!(whole("\x044€".as_bytes()), text("4€"));
    let binary = (vec![Frame::Binary(Bytes::from_static(&[1, 2, 3]))], None);
    assert_eq!(whole(b"\x83\x01\x02\x03"), binary);
    let long = "4".repeat(126);
    assert_eq!(
        whole(&[b"\x7e\x00\x7e", long.as_bytes()].concat()),
        text(&long)
    );
    // Longer encodings of a length are accepted, as in Node.
    assert_eq!(whole(b"\x7e\x00\x012"), text("2"));
    assert_eq!(whole(b"\x7f\0\0\0\0\0\0\0\x012"), text("2"));
}

#[test]
fn a_frame_of_the_limit_is_accepted_and_a_larger_one_refused() {
    for binary in [false, true] {
        let (frames, fault) = whole(&frame(binary, &[b'4'; MAX_MESSAGE]));
        assert_eq!((frames.len(), fault), (1, None));
        let long = frame(binary, &[b'4'; MAX_MESSAGE + 1]);
        // The header is sufficient.
        assert_eq!(whole(&long[..3]), (vec![], Some(Fault::TooLarge)));
    }
}

#[test]
fn every_length_above_the_limit_is_refused() {
    for max_message in [MAX_MESSAGE, usize::MAX] {
        for length in [1 << 53, 1 << 63, u64::MAX] {
            let mut bytes = vec![0x7f];
            bytes.extend_from_slice(&length.to_be_bytes());
            let decoded = decode(&mut Decoder::new(max_message), [&bytes[..]]);
            assert_eq!(decoded, (vec![], Some(Fault::TooLarge)));
        }
    }
}

#[test]
fn announced_bytes_are_not_allocated() {
    let mut decoder = Decoder::new(usize::MAX);
    // 2^52 bytes are announced, and three received.
    let decoded = decode(&mut decoder, [&b"\xff\0\x10\0\0\0\0\0\0\x01\x02\x03"[..]]);
    assert_eq!(decoded, (vec![], None));
    match decoder.partial.as_deref() {
        Some(Partial::Payload { bytes, .. }) => assert!(bytes.capacity() <= 64),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_text_is_refused() {
    assert_eq!(whole(b"\x00"), (vec![], Some(Fault::Empty)));
    assert_eq!(whole(b"\x7e\x00\x00"), (vec![], Some(Fault::Empty)));
}

#[test]
fn an_empty_attachment_is_accepted() {
    let empty = Frame::Binary(Bytes::new());
    assert_eq!(
        whole(b"\x80\x014"),
        (vec![empty, Frame::Text("4".into())], None)
    );
}

#[test]
fn invalid_utf8_is_refused() {
    assert_eq!(whole(b"\x024\xff"), (vec![], Some(Fault::NotText)));
    let pieces = [&b"\x034\xe2"[..], b"\x82"];
    let decoded = decode(&mut Decoder::new(MAX_MESSAGE), pieces);
    assert_eq!(decoded, (vec![], Some(Fault::NotText)));
}

#[test]
fn the_decoder_holds_nothing_between_frames() {
    let mut decoder = Decoder::new(MAX_MESSAGE);
    for payload in [1, 125, 126, MAX_MESSAGE] {
        let bytes = frame(true, &vec![7; payload]);
        for piece in [1, 2, 100, 2_000] {
            let (frames, fault) = decode(&mut decoder, bytes.chunks(piece));
            assert_eq!((frames.len(), fault), (1, None));
            assert!(decoder.partial.is_none());
            let Some(Frame::Binary(whole)) = frames.into_iter().next() else {
                panic!("it is binary");
            };
            let Ok(whole) = whole.try_into_mut() else {
                panic!("the bytes are not shared");
            };
            assert!(whole.capacity() <= payload + payload / 8 + 8);
        }
    }
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![0..4_usize, 120..130_usize, 990..1_010_usize];
    let sent = (any::<bool>(), length, any::<u8>())
        .prop_map(|(binary, length, byte)| frame(binary, &vec![byte; length]));
    prop_oneof![8 => sent, 1 => vec(any::<u8>(), 0..12)]
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        frames in vec(any_frame(), 0..6),
        lengths in vec(0..200_usize, 0..20),
    ) {
        let bytes = frames.concat();
        let expected = whole(&bytes);
        let mut rest = &bytes[..];
        let mut pieces = Vec::new();
        for length in lengths {
            let (piece, rest_of_input) = rest.split_at(length.min(rest.len()));
            pieces.push(piece);
            rest = rest_of_input;
        }
        pieces.push(rest);
        prop_assert_eq!(&decode(&mut Decoder::new(MAX_MESSAGE), pieces), &expected);
        let single = decode(&mut Decoder::new(MAX_MESSAGE), bytes.chunks(1));
        prop_assert_eq!(&single, &expected);
    }
}
