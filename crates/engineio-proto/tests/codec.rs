//! Decoders under arbitrary bytes, and both directions against each other.

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{Frame, Message, Packet, PayloadDecoder, PayloadEncoder};
use proptest::{collection::vec, prelude::*};

/// Text that can stand in a payload: everything but the separator.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\x1e', ""))
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        text().prop_map(|json| Packet::Open(json.into())),
        Just(Packet::Close),
        text().prop_map(|content| Packet::Ping(content.into())),
        text().prop_map(|content| Packet::Pong(content.into())),
        text().prop_map(|payload| Packet::Message(Message::from(payload.as_str()))),
        vec(any::<u8>(), 0..100).prop_map(|bytes| Packet::binary(bytes.into())),
        Just(Packet::Upgrade),
        Just(Packet::Noop),
    ]
}

/// Bytes with a good chance of being nearly right.
fn nearly_a_payload() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(b"0123456b\x1e\x1e=A/-".to_vec()),
        1 => any::<u8>(),
    ];
    vec(byte, 0..200)
}

proptest! {
    #[test]
    fn any_text_is_a_packet_or_an_error(wire in any::<String>()) {
        let _ = Packet::decode_text(ByteString::from(wire));
    }

    #[test]
    fn any_body_is_packets_and_at_most_one_error(body in nearly_a_payload()) {
        let separators = body.iter().filter(|byte| **byte == 0x1e).count();
        let packets: Vec<_> = PayloadDecoder::new(Bytes::from(body)).collect();
        prop_assert!((1..=separators + 1).contains(&packets.len()));
        let (_, before) = packets.split_last().expect("never empty");
        prop_assert!(before.iter().all(Result::is_ok));
    }

    #[test]
    fn a_frame_is_read_as_it_was_written(packet in packet()) {
        let read = match packet.encode() {
            Frame::Text(text) => Packet::decode_text(text),
            Frame::Binary(bytes) => Ok(Packet::binary(bytes)),
        };
        prop_assert_eq!(read, Ok(packet.clone()));
        prop_assert_eq!(Packet::decode_text(packet.encode_base64()), Ok(packet));
    }

    #[test]
    fn a_payload_is_read_as_it_was_written(packets in vec(packet(), 1..20)) {
        let mut encoder = PayloadEncoder::new();
        for packet in &packets {
            encoder.push(packet);
        }
        let length = encoder.len();
        let body = encoder.finish();
        prop_assert_eq!(body.len(), length);
        let read: Result<Vec<_>, _> = PayloadDecoder::new(body).collect();
        prop_assert_eq!(read, Ok(packets));
    }
}
