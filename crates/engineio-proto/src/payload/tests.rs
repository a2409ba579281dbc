//! Payloads of both revisions.

use super::*;
use crate::{message::Message, text::Text};

fn message(payload: &str) -> Packet {
    Packet::Message(Message::from(payload))
}

fn decode(body: impl Into<Bytes>) -> Vec<Result<Packet, DecodeError>> {
    PayloadDecoder::new(Protocol::V4, body.into()).collect()
}

#[test]
fn packets_are_joined_with_the_separator() {
    let mut encoder = PayloadEncoder::new(Protocol::V4, false);
    assert!(encoder.is_empty());
    encoder.push(message("hello"));
    assert_eq!(encoder.len(), 6);
    encoder.push(Packet::Ping("".into()));
    encoder.push(Packet::binary(Bytes::from_static(&[1, 2, 3, 4])));
    assert!(!encoder.is_empty());
    let length = encoder.len();
    let body = encoder.finish().body;
    assert_eq!(body, "4hello\x1e2\x1ebAQIDBA==");
    assert_eq!(body.len(), length);
}

#[test]
fn a_body_of_one_message_shares_its_bytes() {
    let text = Text::new("shared");
    let bytes = text.as_wire().as_bytes().as_ptr();
    let mut encoder = PayloadEncoder::new(Protocol::V4, false);
    encoder.push(Packet::Message(text.into()));
    assert_eq!(encoder.finish().body.as_ptr(), bytes);
}

#[test]
fn packets_are_decoded_in_order() {
    assert_eq!(
        decode("4a\x1e3\x1ebAQID"),
        [
            Ok(message("a")),
            Ok(Packet::Pong("".into())),
            Ok(Packet::binary(Bytes::from_static(&[1, 2, 3]))),
        ],
    );
}

#[test]
fn an_empty_body_is_an_error() {
    assert_eq!(decode(""), [Err(DecodeError::Empty)]);
}

#[test]
fn an_empty_packet_is_an_error() {
    assert_eq!(
        decode("4a\x1e"),
        [Ok(message("a")), Err(DecodeError::Empty)]
    );
    assert_eq!(decode("\x1e4a"), [Err(DecodeError::Empty)]);
}

#[test]
fn a_body_that_is_not_utf8_is_an_error() {
    assert_eq!(decode(&b"4a\x1e4\xff"[..]), [Err(DecodeError::InvalidUtf8)]);
}

#[test]
fn a_payload_may_reach_but_not_exceed_the_limit() {
    let limit = DecodeError::TooManyPackets { limit: 2 };
    let packets =
        |body: &'static str| PayloadDecoder::new(Protocol::V4, body.into()).max_packets(2);
    assert!(packets("6\x1e6").all(|packet| packet.is_ok()));
    let three: Vec<_> = packets("6\x1e6\x1e6\x1e6").collect();
    assert_eq!(three, [Ok(Packet::Noop), Ok(Packet::Noop), Err(limit)]);
}

#[test]
fn the_default_limit_applies() {
    let mut body = "6\x1e".repeat(MAX_PAYLOAD_PACKETS);
    body.push('6');
    let mut packets = PayloadDecoder::new(Protocol::V4, body.into());
    assert!(
        packets
            .by_ref()
            .take(MAX_PAYLOAD_PACKETS)
            .all(|packet| packet.is_ok())
    );
    let limit = DecodeError::TooManyPackets {
        limit: MAX_PAYLOAD_PACKETS,
    };
    assert_eq!(packets.next(), Some(Err(limit)));
    assert_eq!(packets.next(), None);
}

fn text_v3(body: impl Into<Bytes>) -> Vec<Result<Packet, DecodeError>> {
    PayloadDecoder::new(Protocol::V3, body.into()).collect()
}

fn binary_v3(body: impl Into<Bytes>) -> Vec<Result<Packet, DecodeError>> {
    PayloadDecoder::binary(body.into()).collect()
}

fn bytes(content: &'static [u8]) -> Packet {
    Packet::binary(Bytes::from_static(content))
}

fn encode_v3(packets: &[Packet], base64: bool) -> Payload {
    let mut encoder = PayloadEncoder::new(Protocol::V3, base64);
    assert!(encoder.is_empty());
    for packet in packets {
        encoder.push(packet.clone());
    }
    assert!(!encoder.is_empty());
    let length = encoder.len();
    let payload = encoder.finish();
    assert_eq!(payload.body.len(), length);
    payload
}

#[test]
fn lengths_are_counted_in_utf16_code_units() {
    let packets = [message("é"), message("🦀"), Packet::Pong("".into())];
    let payload = encode_v3(&packets, false);
    assert_eq!(payload.body, "2:4é3:4🦀1:3");
    assert!(!payload.binary);
    assert_eq!(text_v3(payload.body), packets.map(Ok));
}

#[test]
fn a_binary_message_makes_the_payload_binary() {
    let packets = [message("é"), bytes(&[1, 2, 3])];
    let payload = encode_v3(&packets, false);
    assert!(payload.binary);
    assert_eq!(
        payload.body,
        b"\x00\x03\xff4\xc3\xa9\x01\x04\xff\x04\x01\x02\x03"[..]
    );
    assert_eq!(binary_v3(payload.body), packets.map(Ok));
}

#[test]
fn a_text_only_client_receives_base64() {
    let packets = [message("a"), bytes(&[1, 2, 3])];
    let payload = encode_v3(&packets, true);
    assert!(!payload.binary);
    assert_eq!(payload.body, "2:4a6:b4AQID");
    assert_eq!(text_v3(payload.body), packets.map(Ok));
}

#[test]
fn an_empty_payload_has_no_packets() {
    assert_eq!(text_v3("0:"), []);
    assert_eq!(text_v3("0:2:4a0:"), [Ok(message("a"))]);
    assert_eq!(binary_v3(""), []);
    // A text payload has at least a length.
    assert_eq!(text_v3(""), [Err(DecodeError::Empty)]);
}

#[test]
fn a_length_must_match_the_text() {
    for body in [
        "x",
        "2",
        ":",
        "x:4a",
        "-1:4a",
        "+2:4a",
        " 2:4a",
        "2.0:4a",
        "0x2:4a",
        "1e0:4",
        "3:4a",
        "10000000000:4",
        "00000000002:4a",
        "99999999999999999999:4a",
    ] {
        assert_eq!(text_v3(body), [Err(DecodeError::InvalidLength)], "{body:?}");
    }
    assert_eq!(text_v3("0000000002:4a"), [Ok(message("a"))]);
    let last = |body| text_v3(body).pop().unwrap();
    for body in ["2:4ab", "2:4a2", "2:4a3:4", "2:4a:"] {
        assert_eq!(last(body), Err(DecodeError::InvalidLength), "{body:?}");
    }
    // A length may not end within a character.
    assert_eq!(text_v3("2:4🦀"), [Err(DecodeError::InvalidLength)]);
    assert_eq!(
        text_v3("1:4\u{e9}"),
        [Ok(message("")), Err(DecodeError::InvalidLength)]
    );
}

#[test]
fn a_length_must_match_the_bytes() {
    for body in [
        &b"\x00"[..],
        b"\x00\x02",
        b"\x00\xff4a",
        b"\x00\x0a\xff4a",
        b"\x00\x03\xff4a",
        b"\x00\x02\xff4",
        b"\x01\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\xff\x04",
        b"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff\x04",
    ] {
        let read = binary_v3(body);
        assert_eq!(read, [Err(DecodeError::InvalidLength)], "{body:?}");
    }
    assert_eq!(
        binary_v3(&b"\x02\x02\xff4a"[..]),
        [Err(DecodeError::UnknownPacketType(2))]
    );
    assert_eq!(
        binary_v3(&b"\x00\x02\xff4\xff"[..]),
        [Err(DecodeError::InvalidUtf8)]
    );
    assert_eq!(binary_v3(&b"\x00\x00\xff"[..]), [Err(DecodeError::Empty)]);
    assert_eq!(binary_v3(&b"\x01\x00\xff"[..]), [Err(DecodeError::Empty)]);
}

#[test]
fn packets_before_a_malformed_one_are_decoded() {
    let bad = Err(DecodeError::UnknownPacketType(b'x'));
    assert_eq!(text_v3("2:4a1:x2:4b"), [Ok(message("a")), bad.clone()]);
    assert_eq!(
        binary_v3(&b"\x00\x02\xff4a\x00\x01\xffx"[..]),
        [Ok(message("a")), bad]
    );
}

#[test]
fn the_limit_applies_in_revision_3() {
    let limit = || Err(DecodeError::TooManyPackets { limit: 2 });
    let text = |body: &'static str| PayloadDecoder::new(Protocol::V3, body.into()).max_packets(2);
    assert!(text("1:61:6").all(|packet| packet.is_ok()));
    assert_eq!(text("1:61:61:6").last(), Some(limit()));
    // Empty packets count too.
    assert_eq!(text("0:0:0:").last(), Some(limit()));
    let binary = PayloadDecoder::binary(b"\x00\x01\xff6".repeat(3).into()).max_packets(2);
    assert_eq!(binary.last(), Some(limit()));
}
