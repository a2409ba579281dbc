//! Packets from values, and payloads as values, for custom parsers.

#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use socketio_proto::{
    Args, DecodeError, DecodeLimits, JsonParser, Message, Namespace, Packet, PacketType, Parser,
    Value,
};

fn packet<T: Serialize + ?Sized>(kind: PacketType, payload: &T) -> Result<Packet, DecodeError> {
    let limits = DecodeLimits::default();
    Packet::from_serialize(kind, Namespace::MAIN, Some(1), payload, &limits)
        .map_err(|error| *error.downcast().unwrap())
}

#[test]
fn a_value_becomes_the_payload() {
    let event = packet(PacketType::Event, &("e", 1, Bytes::from("b"))).unwrap();
    assert_eq!(
        event.payload.as_json(),
        r#"["e",1,{"_placeholder":true,"num":0}]"#
    );
    assert_eq!(event.event_name().as_deref(), Some("e"));
    assert_eq!(
        event.payload.deserialize::<(u8, Bytes)>().unwrap(),
        (1, "b".into())
    );

    let ack = packet(PacketType::Ack, &Value::Array(Vec::new())).unwrap();
    assert_eq!((ack.payload.as_json(), ack.payload.len()), ("[]", 0));
    let connect = packet(PacketType::Connect, &json!({"a": 1})).unwrap();
    assert_eq!(connect.payload.as_json(), r#"{"a":1}"#);
    let error = packet(PacketType::ConnectError, "no").unwrap();
    assert_eq!(error.payload.as_json(), r#""no""#);
    for nothing in [
        packet(PacketType::Disconnect, &()),
        packet(PacketType::Connect, &Value::Null),
    ] {
        assert_eq!(nothing.unwrap().payload, Args::default());
    }
}

#[test]
fn a_value_is_checked_like_a_message() {
    let invalid = Err(DecodeError::InvalidPayload);
    assert_eq!(packet(PacketType::Event, "e"), invalid);
    assert_eq!(packet(PacketType::Event, &[true]), invalid);
    assert_eq!(packet(PacketType::Event, &()), invalid);
    assert_eq!(packet(PacketType::Connect, &[1]), invalid);
    assert_eq!(packet(PacketType::Disconnect, &[1]), invalid);
    assert_eq!(
        packet(PacketType::Event, &["connect"]),
        Err(DecodeError::ReservedEvent)
    );
    assert_eq!(
        packet(PacketType::Ack, &vec![Bytes::new(); 11]),
        Err(DecodeError::TooManyAttachments { limit: 10 })
    );
}

#[test]
fn a_payload_is_read_as_a_value() {
    let args = Args::from_serialize(Some("e"), &(1, Bytes::from("b"))).unwrap();
    let whole: Vec<Value> = args.deserialize_payload().unwrap();
    let [name, one, binary] = &whole[..] else {
        panic!("{whole:?}")
    };
    assert_eq!(name.as_str(), Some("e"));
    assert_eq!(one, &Value::Number(1.into()));
    assert_eq!(binary.as_binary().unwrap(), "b");
    assert!(args.deserialize_payload::<String>().is_err());

    let nothing = Args::default();
    assert_eq!(
        nothing.deserialize_payload::<Option<Value>>().unwrap(),
        None
    );
    assert!(
        nothing
            .deserialize_payload::<Value>()
            .unwrap_err()
            .is_missing()
    );
}

#[test]
fn packet_types_have_the_numbers_of_the_protocol() {
    for number in 0..=u8::MAX {
        let kind = PacketType::from_number(number);
        assert_eq!(kind.is_some(), number < 5);
        assert_eq!(kind.map_or(number, PacketType::number), number);
    }
}

#[test]
fn the_json_parser_is_the_encoding_of_the_specification() {
    let event = packet(PacketType::Event, &("e", Bytes::from("b"))).unwrap();
    let messages = JsonParser.encode(&event).unwrap();
    let text = r#"51-1["e",{"_placeholder":true,"num":0}]"#;
    assert_eq!(
        messages,
        [Message::Text(text.into()), Message::Binary("b".into())]
    );

    let mut decoder = JsonParser.decoder(DecodeLimits::default().into());
    let [text, binary] = messages.try_into().unwrap();
    assert_eq!(decoder.decode(text.clone()).unwrap(), None);
    assert!(decoder.is_waiting());
    assert_eq!(decoder.decode(binary).unwrap(), Some(event));
    assert!(!decoder.is_waiting());
    decoder.decode(text.clone()).unwrap();
    assert!(decoder.decode(text).is_err());
}

#[test]
fn an_object_that_looks_like_a_placeholder_stays_data() {
    let lookalike = json!({"_placeholder": true, "num": 0});
    let args = Args::from_serialize(Some("e"), &(&lookalike, Bytes::from("b"))).unwrap();
    let (object, binary): (Value, Value) = args.deserialize().unwrap();
    assert_eq!(object.get("_placeholder"), Some(&Value::Bool(true)));
    assert_eq!(binary.as_binary().unwrap(), "b");
    let text = args.get(0).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(text).unwrap(),
        lookalike
    );
}
