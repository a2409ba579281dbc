//! Any bytes, any values.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use socketio_proto::{Args, DecodeLimits, MsgpackParser, Namespace, Packet, PacketType, Value};

use super::{hex, message, read};

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Number(number.into())),
        any::<u64>().prop_map(|number| Value::Number(number.into())),
        (-200..200_i64).prop_map(|number| Value::Number(number.into())),
        // With few digits: serde_json reads the last ones of many inexactly. Whole numbers come
        // back without their point.
        any::<i16>().prop_map(|number| {
            let number = f64::from(number) + 0.25;
            Value::Number(serde_json::Number::from_f64(number).unwrap())
        }),
        any::<String>().prop_map(Value::String),
        vec(any::<u8>(), 0..300).prop_map(|bytes| Value::Binary(bytes.into())),
        Just(Value::Object(vec![
            ("_placeholder".into(), Value::Bool(true)),
            ("num".into(), Value::Number(0.into())),
        ])),
    ];
    leaf.prop_recursive(4, 40, 18, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..18).prop_map(Value::Array),
            vec((any::<String>(), inner), 0..18).prop_map(Value::Object),
        ]
    })
}

fn limits() -> DecodeLimits {
    DecodeLimits::default().with_max_attachments(1000)
}

/// Bytes that are MessagePack more often than chance would have it.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        (0x80..=0xff_u8).prop_map(|byte| vec![byte]),
        vec(any::<u8>(), 0..9),
        Just(hex("a165")),
        Just(hex("c7010001")),
        Just(hex("c40101")),
        Just(hex("d40000")),
        Just(hex("d7000000000000000001")),
        Just(hex("cb3ff8000000000000")),
        Just(hex("ac5f706c616365686f6c646572c3")),
        Just(hex("a36e756d00")),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What has been read is a packet in JSON as well, and is written so that it reads the same.
fn assert_sound(packet: &Packet) {
    // Only MessagePack has binary in other packets.
    let has_arguments = matches!(packet.kind, PacketType::Event | PacketType::Ack);
    if has_arguments || packet.payload.attachments().is_empty() {
        let again = Packet::from_parts(
            packet.kind,
            packet.namespace.clone(),
            packet.id,
            packet.payload.as_json().into(),
            packet.payload.attachments().to_vec(),
            &DecodeLimits::default(),
        );
        assert_eq!(again.as_ref(), Ok(packet));
    }
    let written = MsgpackParser::encode(packet).unwrap();
    let back = read(&written).unwrap();
    let again = MsgpackParser::encode(&back).unwrap();
    assert_eq!(again, written);
    assert_eq!(back.payload.attachments(), packet.payload.attachments());
}

proptest! {
    #[test]
    fn values_come_back_as_they_were(
        values in vec(any_value(), 0..5),
        id in proptest::option::of(0..1_u64 << 53),
    ) {
        let payload = [vec![Value::String("e".into())], values.clone()].concat();
        let namespace = Namespace::new("/n").unwrap();
        let kind = PacketType::Event;
        let packet = Packet::from_serialize(kind, namespace, id, &payload, &limits()).unwrap();
        let message = MsgpackParser::encode(&packet).unwrap();
        let back = MsgpackParser::decode(&message, &limits()).unwrap();
        prop_assert_eq!(back.payload.deserialize_payload::<Vec<Value>>().unwrap(), payload);
        prop_assert_eq!(back, packet);
    }

    #[test]
    fn numbers_come_back_as_they_were(number in any::<f64>()) {
        let args = Args::from_serialize(Some("e"), &number).unwrap();
        let packet = Packet::event(Namespace::MAIN, args);
        let back = read(&MsgpackParser::encode(&packet).unwrap()).unwrap();
        let number = |packet: &Packet| packet.payload.get(0).unwrap().parse::<f64>();
        prop_assert_eq!(number(&back), number(&packet));
    }

    #[test]
    fn any_payload_is_read_or_refused(kind in 0..5_u8, bytes in any_bytes()) {
        if let Ok(packet) = read(&message(kind, &bytes)) {
            assert_sound(&packet);
        }
    }

    #[test]
    fn any_event_is_read_or_refused(len in 1..8_u8, bytes in any_bytes()) {
        let data = [&[0x90 | len][..], &hex("a165"), &bytes].concat();
        if let Ok(packet) = read(&message(2, &data)) {
            assert_sound(&packet);
        }
    }

    #[test]
    fn any_message_is_read_or_refused(bytes in any_bytes()) {
        if let Ok(packet) = read(&bytes) {
            assert_sound(&packet);
        }
    }

    #[test]
    fn a_message_with_a_changed_byte_is_read_or_refused(
        value in any_value(),
        place in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let args = Args::from_serialize(Some("e"), &(value,)).unwrap();
        let packet = Packet::event(Namespace::MAIN, args);
        let mut message = MsgpackParser::encode(&packet).unwrap().to_vec();
        let place = place.index(message.len());
        message[place] = byte;
        if let Ok(packet) = MsgpackParser::decode(&Bytes::from(message), &DecodeLimits::default()) {
            assert_sound(&packet);
        }
    }
}
