//! Sequences of messages to a decoder.

#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use socketio_proto::{
    Args, DecodeError, DecodeLimits, Decoder, Namespace, Packet, PacketType, encode_packet,
};

fn decoder() -> Decoder {
    Decoder::new(DecodeLimits::default())
}

fn text(text: &str) -> Result<Option<Packet>, DecodeError> {
    let mut decoder = decoder();
    let packet = decoder.decode_text(text.to_owned().into());
    assert!(!decoder.is_waiting(), "{text}");
    packet
}

fn packet(message: &str) -> Packet {
    text(message)
        .unwrap()
        .unwrap_or_else(|| panic!("{message} is ignored"))
}

/// Decodes a text and attachments of one byte each: 0, 1, 2, ...
fn binary(text: &str, count: u8) -> Result<Option<Packet>, DecodeError> {
    let mut decoder = decoder();
    assert_eq!(decoder.decode_text(text.to_owned().into())?, None, "{text}");
    for byte in 0..count {
        assert!(decoder.is_waiting(), "{text}");
        let packet = decoder.decode_binary(vec![byte].into())?;
        if packet.is_some() || byte + 1 == count {
            assert!(!decoder.is_waiting(), "{text}");
            return Ok(packet);
        }
    }
    Ok(None)
}

#[test]
fn every_part_of_a_packet_is_decoded() {
    let read = packet(r#"2/admin,456["project:delete",123]"#);
    assert_eq!(read.kind, PacketType::Event);
    assert_eq!(read.namespace, "/admin");
    assert_eq!(read.id, Some(456));
    assert_eq!(read.event_name().as_deref(), Some("project:delete"));
    assert_eq!(read.payload.as_json(), r#"["project:delete",123]"#);
    assert_eq!(read.payload.deserialize::<u32>().unwrap(), 123);

    let read = packet(r#"0{"token":"x"}"#);
    assert_eq!(
        (read.kind, read.namespace.as_str()),
        (PacketType::Connect, "/")
    );
    assert_eq!(read.payload.get(0), Some(r#"{"token":"x"}"#));
    assert_eq!(read.event_name(), None);

    let read = packet("0/admin,");
    assert_eq!(read.namespace, "/admin");
    assert!(read.payload.is_empty());

    let read = packet("1/admin,");
    assert_eq!(
        (read.kind, read.namespace.as_str()),
        (PacketType::Disconnect, "/admin")
    );

    let read = packet(r#"3/admin,0["a",[1]]"#);
    assert_eq!((read.kind, read.id), (PacketType::Ack, Some(0)));
    assert_eq!(read.payload.iter().collect::<Vec<_>>(), [r#""a""#, "[1]"]);
    assert_eq!(read.event_name(), None);

    let read = packet(r#"4{"message":"no"}"#);
    assert_eq!(read.kind, PacketType::ConnectError);
    assert_eq!(
        packet(r#"4"no""#).payload.deserialize::<String>().unwrap(),
        "no"
    );
    assert!(packet("4").payload.is_empty());
}

#[test]
fn a_namespace_ends_at_a_comma_or_with_the_text() {
    for (message, namespace) in [
        ("0", "/"),
        ("0/", "/"),
        ("0/,", "/"),
        ("0/a", "/a"),
        ("0/a,", "/a"),
        ("0/a?b=c,", "/a?b=c"),
        ("0/a/b c,{}", "/a/b c"),
        ("0/é,{}", "/é"),
        ("0/12,34{}", "/12"),
    ] {
        assert_eq!(packet(message).namespace, namespace, "{message}");
    }
    // Without a comma, the payload is part of the name.
    assert_eq!(text(r#"2/a["b"]"#), Ok(None));
}

#[test]
fn an_id_is_a_number_up_to_the_largest_safe_integer() {
    assert_eq!(packet(r#"2["a"]"#).id, None);
    assert_eq!(packet(r#"20["a"]"#).id, Some(0));
    assert_eq!(packet(r#"20007["a"]"#).id, Some(7));
    assert_eq!(
        packet(r#"29007199254740991["a"]"#).id,
        Some(9_007_199_254_740_991)
    );
    for id in [
        "9007199254740992",
        "18446744073709551616",
        &"9".repeat(1000),
    ] {
        assert_eq!(
            text(&format!(r#"2{id}["a"]"#)),
            Err(DecodeError::InvalidId),
            "{id}"
        );
        assert_eq!(
            text(&format!("3/a,{id}[]")),
            Err(DecodeError::InvalidId),
            "{id}"
        );
    }
    // JavaScript ignores blanks around a number.
    assert_eq!(packet(r#"2 1 ["a"]"#).id, Some(1));
    assert_eq!(packet(r#"2 ["a"]"#).id, Some(0));
    assert_eq!(text(r#"21 1["a"]"#), Err(DecodeError::InvalidId));
    assert_eq!(text(r#"2-1["a"]"#), Err(DecodeError::InvalidPayload));
}

#[test]
fn event_names_can_have_escapes_or_be_numbers() {
    for (payload, name) in [
        (r#"["a\"b\\c"]"#, "a\"b\\c"),
        (r#"["\u0061\ud83d\ude00",1]"#, "a😀"),
        (r#"[ "a b" ]"#, "a b"),
        (r#"["é"]"#, "é"),
        (r#"[""]"#, ""),
        (r#"["\ud800"]"#, "\u{fffd}"),
        ("[1]", "1"),
        ("[-1.50 ,2]", "-1.50"),
        (r#"["error"]"#, "error"),
        (r#"["connection"]"#, "connection"),
        (r#"["__proto__",{"__proto__":{}}]"#, "__proto__"),
    ] {
        let read = packet(&format!("2{payload}"));
        assert_eq!(read.event_name().as_deref(), Some(name), "{payload}");
    }
}

#[test]
fn reserved_names_are_rejected_in_every_spelling() {
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
        r"conn\u0065ct",
    ] {
        assert_eq!(
            text(&format!(r#"2["{name}"]"#)),
            Err(DecodeError::ReservedEvent),
            "{name}"
        );
        let with_attachment = format!(r#"51-["{name}",1]"#);
        assert_eq!(
            text(&with_attachment),
            Err(DecodeError::ReservedEvent),
            "{name}"
        );
        assert!(text(&format!(r#"3["{name}"]"#)).is_ok(), "{name}");
    }
}

#[test]
fn each_packet_type_requires_its_payload() {
    for message in [
        "0[]",
        r#"0"a""#,
        "0null",
        "01null",
        "0true",
        "0{",
        "0{}x",
        "1{}",
        "1[]",
        "1null",
        "1x",
        "2{}",
        r#"2"a""#,
        "2null",
        "2[]",
        "2[null]",
        "2[true]",
        "2[[]]",
        "2[{}]",
        r#"2["a"]]"#,
        "3{}",
        "3null",
        r#"3"a""#,
        "3[",
        "4[]",
        "4null",
        "4true",
        "4x",
    ] {
        assert_eq!(text(message), Err(DecodeError::InvalidPayload), "{message}");
    }
    for message in ["", "7", "9[]", "a", "-1", " 2[\"a\"]", "é", "b"] {
        assert_eq!(text(message), Err(DecodeError::InvalidType), "{message}");
    }
}

#[test]
fn events_and_acknowledgements_without_payload_are_ignored() {
    for message in ["2", "21", "2/a,", "3", "31", "3/a,1"] {
        assert_eq!(text(message), Ok(None), "{message}");
    }
    assert_eq!(binary("52-", 2), Ok(None));
    assert_eq!(binary("61-/a,1", 1), Ok(None));
}

#[test]
fn attachments_complete_a_packet() {
    let read = binary(
        r#"52-/a,3["b",{"_placeholder":true,"num":1},{"x":{"num":0,"_placeholder":true}}]"#,
        2,
    );
    let read = read.unwrap().unwrap();
    assert_eq!(
        (read.kind, read.namespace.as_str(), read.id),
        (PacketType::Event, "/a", Some(3))
    );
    assert_eq!(
        read.payload.attachments(),
        [Bytes::from(vec![0]), Bytes::from(vec![1])]
    );
    assert_eq!(read.payload.deserialize::<Bytes>().unwrap(), [1][..]);

    let read = binary(r#"61-7[{"_placeholder":true,"num":0}]"#, 1)
        .unwrap()
        .unwrap();
    assert_eq!((read.kind, read.id), (PacketType::Ack, Some(7)));
}

#[test]
fn a_decoder_decodes_successive_packets() {
    let mut decoder = decoder();
    for round in 0..3 {
        assert!(decoder.decode_text(r#"2["a"]"#.into()).unwrap().is_some());
        assert_eq!(decoder.decode_text(r#"51-["b",1]"#.into()), Ok(None));
        let read = decoder.decode_binary(vec![round].into()).unwrap().unwrap();
        assert_eq!(read.payload.attachments(), [Bytes::from(vec![round])]);
    }
}

#[test]
fn messages_out_of_order_are_rejected() {
    let mut decoder = decoder();
    let unexpected = decoder.decode_binary(Bytes::new());
    assert_eq!(unexpected, Err(DecodeError::UnexpectedBinary));

    assert_eq!(decoder.decode_text(r#"52-["b"]"#.into()), Ok(None));
    assert_eq!(decoder.decode_binary(Bytes::new()), Ok(None));
    assert_eq!(
        decoder.decode_text(r#"2["a"]"#.into()),
        Err(DecodeError::UnexpectedText)
    );
    // After an error, the decoder is in its initial state.
    assert!(!decoder.is_waiting());
    assert_eq!(
        decoder.decode_binary(Bytes::new()),
        Err(DecodeError::UnexpectedBinary)
    );
    assert!(decoder.decode_text(r#"2["a"]"#.into()).unwrap().is_some());
}

#[test]
fn the_number_of_attachments_is_digits_and_a_dash() {
    for count in [
        "", "-", "0-", "00-", "1", "1.5-", "-1-", "+1-", " 1-", "1 -", "1e0-", "0x1-", "a-",
    ] {
        let message = format!(r#"5{count}["b",1]"#);
        assert_eq!(
            text(&message),
            Err(DecodeError::IllegalAttachments),
            "{count}"
        );
        let message = format!("6{count}[1]");
        assert_eq!(
            text(&message),
            Err(DecodeError::IllegalAttachments),
            "{count}"
        );
    }
    assert!(binary(r#"501-["b"]"#, 1).unwrap().is_some());
}

#[test]
fn a_packet_can_begin_at_an_offset() {
    let read = |text: &'static str, start| {
        Decoder::default()
            .decode_text_from(text.into(), start)
            .map(|packet| packet.map(|packet| packet.payload.detach()))
    };
    for json in [
        r#"["e"]"#,
        r#"["e","a","b"]"#,
        r#"["e\"",{"a":"b"}]"#,
        r#"[ "e" , "a" ]"#,
        r#"[7,"a"]"#,
    ] {
        let alone = Decoder::default().decode_text(format!("2{json}").into());
        let alone = alone.unwrap().unwrap().payload;
        assert_eq!(alone.as_json(), json);
        let mut decoder = Decoder::default();
        let within = decoder.decode_text_from(format!("é2/a,12{json}").into(), 2);
        let within = within.unwrap().unwrap();
        assert_eq!((&*within.namespace, within.id), ("/a", Some(12)));
        let within = within.payload;
        assert_eq!(within, alone);
        assert_eq!(within.event_name(), alone.event_name());
        assert_eq!(
            within.iter().collect::<Vec<_>>(),
            alone.iter().collect::<Vec<_>>()
        );
        assert_eq!(
            within.deserialize::<Option<serde_json::Value>>().unwrap(),
            alone.deserialize::<Option<serde_json::Value>>().unwrap()
        );
    }
    // An offset at or after the end, or inside a character, yields an empty message.
    for start in [1, 5, 6, usize::MAX] {
        assert_eq!(read("é2[1]", start), Err(DecodeError::InvalidType));
    }
}

#[test]
fn placeholders_must_refer_to_an_attachment() {
    for num in [
        "1",
        "-1",
        "0.5",
        "1e0",
        r#""0""#,
        r#""splice""#,
        "null",
        "true",
        "{}",
    ] {
        let message = format!(r#"51-["b",{{"_placeholder":true,"num":{num}}}]"#);
        assert_eq!(
            text(&message),
            Err(DecodeError::IllegalAttachments),
            "{num}"
        );
    }
    for fine in [
        r#"51-["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
        r#"51-["b","no placeholder"]"#,
        r#"51-["b",{"_placeholder":false,"num":9}]"#,
    ] {
        assert!(binary(fine, 1).unwrap().is_some(), "{fine}");
    }
    let plain = r#"["b",{"_placeholder":true,"num":9}]"#;
    assert_eq!(packet(&format!("2{plain}")).payload.as_json(), plain);
}

#[test]
fn decoders_and_packets_are_small() {
    assert!(size_of::<Decoder>() <= 16, "{}", size_of::<Decoder>());
    assert!(size_of::<Namespace>() <= 24, "{}", size_of::<Namespace>());
    assert!(size_of::<Args>() <= 64, "{}", size_of::<Args>());
    assert!(size_of::<Packet>() <= 112, "{}", size_of::<Packet>());
    assert!(
        size_of::<DecodeError>() <= 16,
        "{}",
        size_of::<DecodeError>()
    );
}

/// A message to a decoder.
#[derive(Clone, Debug)]
enum Message {
    Text(String),
    Binary(Vec<u8>),
}

fn any_message() -> impl Strategy<Value = Message> {
    let placeholder = r#"\{("_placeholder":true|"num":[0-9]|,|"x":\[\]){0,3}\}"#;
    let value =
        format!(r#"("a"|"\\u?[0-9a-f"]{{0,4}}|[0-9]|\[|\]|\{{|\}}|,|{placeholder}){{0,6}}"#);
    let text =
        format!(r#"[0-7]([0-9]{{1,2}}-)?(/[a-zé?]{{0,3}},?)?[0-9]{{0,3}}(\["a",{value}\])?"#);
    prop_oneof![
        4 => proptest::string::string_regex(&text).unwrap().prop_map(Message::Text),
        1 => any::<String>().prop_map(Message::Text),
        4 => vec(any::<u8>(), 0..20).prop_map(Message::Binary),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_sequence_of_messages_is_decoded_or_rejected(messages in vec(any_message(), 0..20)) {
        let mut decoder = decoder();
        for message in messages {
            let was_waiting = decoder.is_waiting();
            let read = match message {
                Message::Text(text) => decoder.decode_text(text.into()),
                Message::Binary(bytes) => decoder.decode_binary(bytes.into()),
            };
            prop_assert!(!(read.is_err() && decoder.is_waiting()));
            let Ok(Some(packet)) = read else { continue };
            prop_assert!(!decoder.is_waiting());
            prop_assert_eq!(was_waiting, !packet.payload.attachments().is_empty());

            // Every accepted packet can be read and encoded again.
            let _ = packet.event_name();
            let _ = packet.payload.deserialize::<(serde_json::Value, Bytes, Option<String>)>();
            let mut text = String::new();
            let attachments = encode_packet(&mut text, &packet);
            let mut next = Decoder::default();
            let mut again = next.decode_text(text.into()).unwrap();
            for attachment in attachments {
                again = next.decode_binary(attachment.clone()).unwrap();
            }
            prop_assert_eq!(again, Some(packet));
        }
    }
}
