//! The format of encoded messages.

#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

use std::collections::HashMap;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::value::to_raw_value;
use socketio_proto::{
    Args, Attachments, DecodeLimits, Decoder, Namespace, Packet, PacketType, encode_ack,
    encode_connect, encode_connect_error, encode_disconnect, encode_event, encode_packet,
};

fn written<R>(write: impl FnOnce(&mut String) -> R) -> String {
    let mut text = String::from("4");
    write(&mut text);
    text
}

#[test]
fn the_main_namespace_and_a_missing_id_are_omitted() {
    let event = |namespace, id, event| {
        written(|text| encode_event(text, namespace, id, event, &1).unwrap())
    };
    assert_eq!(event("/", None, "e"), r#"42["e",1]"#);
    assert_eq!(event("/", Some(0), "e"), r#"420["e",1]"#);
    assert_eq!(event("/a", None, "e"), r#"42/a,["e",1]"#);
    assert_eq!(
        event("/a", Some(1234567890), "e"),
        r#"42/a,1234567890["e",1]"#
    );
    assert_eq!(
        event("/", Some(u64::MAX), "e"),
        r#"4218446744073709551615["e",1]"#
    );
    assert_eq!(event("/", None, "a\"\n"), r#"42["a\"\n",1]"#);
}

#[test]
fn acknowledgements_have_an_id() {
    assert_eq!(
        written(|text| encode_ack(text, "/", 7, &(1, "a")).unwrap()),
        r#"437[1,"a"]"#
    );
    assert_eq!(
        written(|text| encode_ack(text, "/a", 10, &()).unwrap()),
        "43/a,10[]"
    );
}

#[test]
fn attachments_change_the_type_and_add_their_number() {
    let mut text = String::from("4");
    let data = Bytes::from("x");
    let attachments = encode_event(&mut text, "/a", Some(5), "e", &(&data, 1, [&data])).unwrap();
    assert_eq!(
        text,
        r#"452-/a,5["e",{"_placeholder":true,"num":0},1,[{"_placeholder":true,"num":1}]]"#
    );
    assert_eq!(*attachments, ["x", "x"]);

    let mut text = String::from("4");
    let attachments = encode_ack(&mut text, "/", 5, &vec![data; 12]).unwrap();
    assert!(
        text.starts_with(r#"4612-5[[{"_placeholder":true,"num":0},"#),
        "{text}"
    );
    assert_eq!(attachments.len(), 12);
}

#[test]
fn a_value_without_json_form_leaves_the_text_unchanged() {
    let mut text = String::from("4");
    let keys_are_lists = HashMap::from([(vec![1], 2)]);
    assert!(encode_event(&mut text, "/a", None, "e", &(1, keys_are_lists)).is_err());
    assert_eq!(text, "4");
}

#[test]
fn control_packets_have_the_format_of_node() {
    assert_eq!(
        written(|text| encode_connect(text, "/", "a-_1", None)),
        r#"40{"sid":"a-_1"}"#
    );
    assert_eq!(
        written(|text| encode_connect(text, "/a", "s\"", Some("p"))),
        r#"40/a,{"sid":"s\"","pid":"p"}"#
    );
    assert_eq!(
        written(|text| encode_connect_error(text, "/unknown", "Invalid namespace", None)),
        r#"44/unknown,{"message":"Invalid namespace"}"#
    );
    let data = to_raw_value(&(1, "a")).unwrap();
    assert_eq!(
        written(|text| encode_connect_error(text, "/", "a\nb", Some(&data))),
        r#"44{"message":"a\nb","data":[1,"a"]}"#
    );
    assert_eq!(written(|text| encode_disconnect(text, "/")), "41");
    assert_eq!(
        written(|text| encode_disconnect(text, "/admin")),
        "41/admin,"
    );
}

#[test]
fn encoded_packets_are_written_unchanged() {
    let write = |packet: &Packet| {
        let mut text = String::from("4");
        let attachments = encode_packet(&mut text, packet).to_vec();
        (text, attachments)
    };
    let event = Packet::event(
        Namespace::new("/a").unwrap(),
        Args::from_serialize(Some("e"), &(Bytes::from("x"), 1)).unwrap(),
    );
    let (text, attachments) = write(&event);
    assert_eq!(text, r#"451-/a,["e",{"_placeholder":true,"num":0},1]"#);
    assert_eq!(attachments, ["x"]);

    // A CONNECT without payload, as revision 3 of the protocol has it.
    let connect = Packet::new(PacketType::Connect, Namespace::MAIN, Args::default());
    assert_eq!(write(&connect).0, "40");
}

fn any_args() -> impl Strategy<Value = (i64, Vec<Bytes>, Option<String>)> {
    let data = vec(any::<u8>(), 0..10).prop_map(Bytes::from);
    (any::<i64>(), vec(data, 0..10), any::<Option<String>>())
}

fn decode(text: String, attachments: Attachments) -> Packet {
    let mut decoder = Decoder::new(DecodeLimits::default());
    let mut packet = decoder.decode_text(text.into()).unwrap();
    for attachment in attachments {
        assert!(decoder.is_waiting());
        packet = decoder.decode_binary(attachment).unwrap();
    }
    packet.unwrap()
}

proptest! {
    #[test]
    fn written_messages_are_decoded(
        namespace in prop_oneof![Just("/".to_owned()), "/[^,]{0,60}"],
        id in proptest::option::of(0..1_u64 << 53),
        event in "[^a-z]{0,40}",
        args in any_args(),
    ) {
        let mut text = String::new();
        let attachments = encode_event(&mut text, &namespace, id, &event, &args).unwrap();
        let packet = decode(text.clone(), attachments);
        prop_assert_eq!(packet.kind, PacketType::Event);
        prop_assert_eq!(&*packet.namespace, &*namespace);
        prop_assert_eq!(packet.id, id);
        let name = packet.event_name();
        prop_assert_eq!(name.as_deref(), Some(&*event));
        prop_assert_eq!(&packet.payload.deserialize::<(i64, Vec<Bytes>, Option<String>)>().unwrap(), &args);

        let mut again = String::new();
        prop_assert_eq!(encode_packet(&mut again, &packet), packet.payload.attachments());
        prop_assert_eq!(again, text);

        let mut text = String::new();
        let attachments = encode_ack(&mut text, &namespace, id.unwrap_or(0), &args).unwrap();
        let packet = decode(text, attachments);
        prop_assert_eq!(packet.kind, PacketType::Ack);
        prop_assert_eq!(packet.payload.deserialize::<(i64, Vec<Bytes>, Option<String>)>().unwrap(), args);
    }
}
