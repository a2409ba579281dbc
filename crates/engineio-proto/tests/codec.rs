//! Property tests: decoders with arbitrary bytes, and round trips.

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{Frame, Message, Packet, PayloadDecoder, PayloadEncoder, Protocol};
use proptest::{collection::vec, prelude::*};

/// Text that may be part of a payload: without the separator.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\x1e', ""))
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::V3), Just(Protocol::V4)]
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

/// Bytes that resemble a payload of revision 4.
fn payload_like() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(b"0123456b\x1e\x1e=A/-".to_vec()),
        1 => any::<u8>(),
    ];
    vec(byte, 0..200)
}

/// Bytes that resemble a payload of revision 3.
fn counted_payload_like() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(b"012346b::4=".to_vec()),
        3 => prop::sample::select(vec![0, 1, 2, 3, 4, 0xff, 0xff, b'4']),
        1 => any::<u8>(),
    ];
    vec(byte, 0..200)
}

fn decoder(protocol: Protocol, body: Bytes, binary: bool) -> PayloadDecoder {
    if binary {
        PayloadDecoder::binary(body)
    } else {
        PayloadDecoder::new(protocol, body)
    }
}

proptest! {
    #[test]
    fn any_text_is_a_packet_or_an_error(protocol in protocol(), wire in any::<String>()) {
        let _ = protocol.decode_text(ByteString::from(wire));
    }

    #[test]
    fn any_bytes_are_a_packet_or_an_error(protocol in protocol(), wire in any::<Vec<u8>>()) {
        let _ = protocol.decode_binary(wire.into());
    }

    #[test]
    fn any_body_yields_packets_and_at_most_one_error(body in payload_like()) {
        let separators = body.iter().filter(|byte| **byte == 0x1e).count();
        let packets: Vec<_> = PayloadDecoder::new(Protocol::V4, Bytes::from(body)).collect();
        prop_assert!((1..=separators + 1).contains(&packets.len()));
        let (_, before) = packets.split_last().expect("never empty");
        prop_assert!(before.iter().all(Result::is_ok));
    }

    #[test]
    fn any_counted_body_yields_packets_and_at_most_one_error(
        body in counted_payload_like(),
        binary in any::<bool>(),
    ) {
        let length = body.len();
        let packets: Vec<_> = decoder(Protocol::V3, Bytes::from(body), binary).collect();
        prop_assert!(packets.len() <= length / 3 + 1);
        let before = packets.split_last().map_or(&[][..], |(_, before)| before);
        prop_assert!(before.iter().all(Result::is_ok));
    }

    #[test]
    fn a_frame_is_decoded_as_it_was_encoded(protocol in protocol(), packet in packet()) {
        let read = match protocol.encode(&packet) {
            Frame::Text(text) => protocol.decode_text(text),
            Frame::Binary(bytes) => protocol.decode_binary(bytes),
        };
        prop_assert_eq!(read, Ok(packet.clone()));
        prop_assert_eq!(protocol.decode_text(protocol.encode_base64(&packet)), Ok(packet));
    }

    #[test]
    fn a_payload_is_decoded_as_it_was_encoded(
        protocol in protocol(),
        base64 in any::<bool>(),
        packets in vec(packet(), 1..20),
    ) {
        let mut encoder = PayloadEncoder::new(protocol, base64);
        for packet in &packets {
            encoder.push(packet.clone());
        }
        let length = encoder.len();
        let payload = encoder.finish();
        prop_assert_eq!(payload.body.len(), length);
        prop_assert!(!payload.binary || (protocol == Protocol::V3 && !base64));
        let read: Result<Vec<_>, _> = decoder(protocol, payload.body, payload.binary).collect();
        prop_assert_eq!(read, Ok(packets));
    }
}
