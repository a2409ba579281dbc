//! Messages between servers, in JSON and MessagePack.

#![cfg(feature = "msgpack")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests")]

use bytes::Bytes;
use proptest::prelude::*;
use socketio_proto::DecodeError::{
    EventNameTooLong, InvalidMsgpack, InvalidPayload, ReservedEvent, TooDeep, TooManyAttachments,
};
use socketio_proto::envelope::{EnvelopeValue, EnvelopeWriter};
use socketio_proto::{
    Args, DecodeError, DecodeLimits, MsgpackParser, Namespace, Packet, Value, is_reserved,
};

fn limits() -> DecodeLimits {
    DecodeLimits::default()
}

fn hex(digits: &str) -> Bytes {
    let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b' ').collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn written(mut writer: EnvelopeWriter, write: impl FnOnce(&mut EnvelopeWriter)) -> Bytes {
    write(&mut writer);
    writer.finish().unwrap()
}

/// Writes a message of every type of value.
fn write_all(writer: &mut EnvelopeWriter) {
    writer.open_map(7);
    writer.key("type");
    writer.unsigned(300);
    writer.key("é\"");
    writer.open_array(3);
    writer.text("a\n");
    writer.open_array(0);
    writer.close_array();
    writer.open_map(0);
    writer.close_map();
    writer.close_array();
    writer.key("yes");
    writer.bool(true);
    writer.key("nil");
    writer.nil();
    writer.key("no");
    writer.bool(false);
    writer.key("raw");
    writer.raw_json(r#"{"a":[1.5,-1]}"#);
    writer.key("bin");
    writer.binary(&[0, 255]);
    writer.close_map();
}

#[test]
fn json_has_the_form_of_stringify() {
    let expected = r#"{"type":300,"é\"":["a\n",[],{}],"yes":true,"nil":null,"no":false,"raw":{"a":[1.5,-1]},"bin":{"type":"Buffer","data":[0,255]}}"#;
    assert_eq!(written(EnvelopeWriter::json(), write_all), expected);
}

#[test]
fn msgpack_has_the_form_of_notepack() {
    let expected = hex(
        "87 a474797065 cd012c a3c3a922 93 a2610a 90 80 a3796573 c3 a36e696c c0 a26e6f c2 \
                        a3726177 81 a161 92 cb3ff8000000000000 ff a362696e c40200ff",
    );
    assert_eq!(written(EnvelopeWriter::msgpack(), write_all), expected);
}

#[test]
fn the_values_of_both_encodings_are_read_alike() {
    for writer in [EnvelopeWriter::json(), EnvelopeWriter::msgpack()] {
        let message = written(writer, write_all);
        let value = EnvelopeValue::parse(&message, &limits()).unwrap();
        let keys = ["é\"", "type", "yes", "nil", "no", "raw", "absent"];
        let [list, number, yes, nil, no, raw, absent] = value.members(keys).unwrap();
        assert_eq!(number.unwrap().as_unsigned(), Some(300));
        assert_eq!(
            (yes.unwrap().as_bool(), no.unwrap().as_bool()),
            (Some(true), Some(false))
        );
        assert!(nil.unwrap().is_nil() && !yes.unwrap().is_nil());
        assert!(absent.is_none());
        let elements: Vec<_> = list
            .unwrap()
            .elements()
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(elements.len(), 3);
        assert_eq!(elements[0].as_text().as_deref(), Some("a\n"));
        assert_eq!(elements[1].elements().unwrap().count(), 0);
        assert!(elements[2].members(["a"]).unwrap()[0].is_none());
        let raw: serde_json::Value = raw.unwrap().deserialize(&limits()).unwrap();
        assert_eq!(raw, serde_json::json!({"a": [1.5, -1]}));
        for scalar in [number, yes, nil, raw_text(&message, "type")]
            .into_iter()
            .flatten()
        {
            assert!(scalar.members(["a"]).is_err() && scalar.elements().is_err());
            assert!(scalar.as_text().is_none());
        }
    }
}

fn raw_text<'m>(message: &'m Bytes, key: &str) -> Option<EnvelopeValue<'m>> {
    EnvelopeValue::parse(message, &limits())
        .unwrap()
        .members([key])
        .unwrap()[0]
}

#[test]
fn arguments_are_encoded_as_in_a_packet() {
    let args = Args::from_serialize(
        Some("e"),
        &(
            1.0,
            Bytes::from_static(&[7]),
            serde_json::json!({"x": ["é", null]}),
            1e300,
        ),
    )
    .unwrap();
    let packet = MsgpackParser::encode(&Packet::event(Namespace::MAIN, args.clone())).unwrap();
    let message = written(EnvelopeWriter::msgpack(), |writer| {
        writer.open_map(3);
        writer.key("type");
        writer.unsigned(2);
        writer.key("data");
        writer.args(&args);
        writer.key("nsp");
        writer.text("/");
        writer.close_map();
    });
    assert_eq!(message, packet);
}

#[test]
fn an_event_shares_the_buffer_of_its_message() {
    let event = Args::from_serialize(Some("e"), &(Bytes::from_static(&[1; 100]),)).unwrap();
    for (writer, expected) in [
        (
            EnvelopeWriter::json(),
            Args::from_serialize(Some("e"), &("x",)).unwrap(),
        ),
        (EnvelopeWriter::msgpack(), event),
    ] {
        let message = written(writer, |writer| {
            writer.open_map(1);
            writer.key("data");
            writer.args(&expected);
            writer.close_map();
        });
        let read = raw_text(&message, "data")
            .unwrap()
            .event(&limits(), is_reserved)
            .unwrap();
        assert_eq!(read, expected);
        let shared = read
            .attachments()
            .first()
            .map_or(read.as_json().as_bytes(), |part| part);
        assert!(message.as_ptr_range().contains(&shared.as_ptr()));
    }
}

#[test]
fn the_list_of_an_event_begins_with_a_name() {
    let read = |message: &Bytes| {
        let list = raw_text(message, "a").unwrap();
        let [event, list] = [
            list.event(&limits(), is_reserved),
            list.event(&limits(), |_| false),
        ];
        assert!(list.is_ok() || event.is_err());
        event.map(|args| args.event_name().unwrap().into_owned())
    };
    let long = "e".repeat(limits().max_event_name_len);
    for (json, expected) in [
        (r#"["e"]"#, Ok("e".to_owned())),
        ("[12]", Ok("12".to_owned())),
        (&format!("[{long:?}]"), Ok(long.clone())),
        (
            &format!("[\"{long}x\"]"),
            Err(EventNameTooLong { limit: 256 }),
        ),
        (r#"["disconnect",1]"#, Err(ReservedEvent)),
        (r#"["\u0064isconnect",1]"#, Err(ReservedEvent)),
        ("[]", Err(InvalidPayload)),
        ("[null]", Err(InvalidPayload)),
        ("{}", Err(InvalidPayload)),
        (r#""e""#, Err(InvalidPayload)),
    ] {
        assert_eq!(
            read(&format!(r#"{{"a": {json} }}"#).into()),
            expected,
            "{json}"
        );
        let message = written(EnvelopeWriter::msgpack(), |writer| {
            writer.open_map(1);
            writer.key("a");
            writer.raw_json(json);
            writer.close_map();
        });
        assert_eq!(read(&message), expected, "{json}");
    }
}

#[test]
fn a_single_argument_can_be_of_any_type() {
    for (json, expected) in [
        ("1", "[1]"),
        ("[1,2]", "[[1,2]]"),
        ("[]", "[[]]"),
        (r#"{"a":null}"#, r#"[{"a":null}]"#),
        ("null", "[null]"),
        (r#""x""#, r#"["x"]"#),
    ] {
        for writer in [EnvelopeWriter::json(), EnvelopeWriter::msgpack()] {
            let message = written(writer, |writer| {
                writer.open_map(1);
                writer.key("a");
                writer.raw_json(json);
                writer.close_map();
            });
            let args = raw_text(&message, "a")
                .unwrap()
                .argument(&limits())
                .unwrap();
            assert_eq!(args.as_json(), expected);
            assert_eq!((args.len(), args.event_name()), (1, None));
            let again = written(EnvelopeWriter::json(), |writer| writer.argument(&args));
            assert_eq!(again, json);
        }
    }
    let none = written(EnvelopeWriter::json(), |writer| {
        writer.argument(&Args::default())
    });
    assert_eq!(none, "null");
}

#[test]
fn attachments_are_buffers_in_json() {
    let event = Args::from_serialize(Some("e"), &(Bytes::from_static(&[1, 255]), "x")).unwrap();
    let message = written(EnvelopeWriter::json(), |writer| {
        writer.open_map(1);
        writer.key("data");
        writer.args(&event);
        writer.close_map();
    });
    assert_eq!(
        message,
        r#"{"data":["e",{"type":"Buffer","data":[1,255]},"x"]}"#
    );
    let plain = raw_text(&message, "data").unwrap();
    assert!(
        plain
            .event(&limits(), is_reserved)
            .unwrap()
            .attachments()
            .is_empty()
    );
    let value = EnvelopeValue::parse(&message, &limits())
        .unwrap()
        .with_buffers();
    let [data] = value.members(["data"]).unwrap();
    assert_eq!(data.unwrap().event(&limits(), is_reserved).unwrap(), event);
    let argument = data.unwrap().argument(&limits()).unwrap();
    let ((_, bytes, _),): ((Value, Bytes, Value),) = argument.deserialize().unwrap();
    assert_eq!(bytes, [1, 255][..]);
}

#[test]
fn a_binary_value_is_deserialized_as_a_buffer() {
    let message = hex("81 a161 81 a162 c4020109");
    let value: serde_json::Value = raw_text(&message, "a")
        .unwrap()
        .deserialize(&limits())
        .unwrap();
    assert_eq!(
        value,
        serde_json::json!({"b": {"type": "Buffer", "data": [1, 9]}})
    );
}

#[test]
fn a_lone_surrogate_is_deserialized_as_a_replacement_character() {
    let message = Bytes::from_static(br#"{"a":{"b":"\ud800"}}"#);
    let value: Value = raw_text(&message, "a")
        .unwrap()
        .deserialize(&limits())
        .unwrap();
    assert_eq!(value.get("b"), Some(&Value::String("\u{fffd}".into())));
}

#[test]
fn the_last_of_equal_keys_counts() {
    let message = Bytes::from_static(br#"{"a":1,"b":0,"\u0061":2}"#);
    assert_eq!(raw_text(&message, "a").unwrap().as_unsigned(), Some(2));
    let message = hex("83 a161 01 c0 03 a161 02");
    assert_eq!(raw_text(&message, "a").unwrap().as_unsigned(), Some(2));
}

#[test]
fn whole_numbers_are_read_in_any_notation() {
    for (json, expected) in [
        ("0", Some(0)),
        ("1.0", Some(1)),
        ("1e2", Some(100)),
        ("18446744073709551615", Some(u64::MAX)),
        ("9007199254740992.0", None),
        ("-1", None),
        ("1.5", None),
        ("1e999", None),
        (r#""1""#, None),
    ] {
        let message = Bytes::from(format!(r#"{{"a":{json}}}"#));
        assert_eq!(
            raw_text(&message, "a").unwrap().as_unsigned(),
            expected,
            "{json}"
        );
    }
    for (bytes, expected) in [
        ("7f", Some(127)),
        ("d07f", Some(127)),
        ("cb3ff0000000000000", Some(1)),
        ("ff", None),
    ] {
        let message = hex(&format!("81a161{bytes}"));
        assert_eq!(
            raw_text(&message, "a").unwrap().as_unsigned(),
            expected,
            "{bytes}"
        );
    }
}

#[test]
fn malformed_messages_are_errors() {
    for json in [
        "{",
        r#"{"a"}"#,
        r#"{"a":1}}"#,
        r#"{"a":1} x"#,
        "{\"a\":\"\u{1}\"}",
        "{'a':1}",
    ] {
        let message = Bytes::from(json.to_owned());
        let error = EnvelopeValue::parse(&message, &limits()).map(drop);
        assert_eq!(error, Err(InvalidPayload), "{json}");
    }
    let not_utf8 = Bytes::from_static(b"{\"a\":\"\xff\"}");
    assert!(EnvelopeValue::parse(&not_utf8, &limits()).is_err());
    for bytes in [
        "",
        "80 00",
        "81 a161",
        "81 a161 ddffffffff",
        "81 90 00",
        "df ffffffff",
        "c1",
        "90",
        "81 a161 c1",
    ] {
        let message = hex(bytes);
        let members = EnvelopeValue::parse(&message, &limits())
            .unwrap()
            .members(["a"]);
        assert_eq!(members.map(drop), Err(InvalidMsgpack), "{bytes}");
    }
    for bytes in ["91 00 00", "dd ffffffff", "92 00", "dc 0001"] {
        let message = hex(bytes);
        let elements = EnvelopeValue::msgpack(&message).elements().unwrap();
        let errors: Vec<_> = elements.filter_map(Result::err).collect();
        assert_eq!(errors, [InvalidMsgpack], "{bytes}");
        let args = EnvelopeValue::msgpack(&message).argument(&limits());
        assert_eq!(args, Err(InvalidMsgpack), "{bytes}");
    }
}

#[test]
fn limits_apply_to_arguments() {
    let limits = limits().with_max_depth(3).with_max_attachments(1);
    let read = |json: &str, with_name: bool| -> [Result<Args, DecodeError>; 2] {
        [EnvelopeWriter::json(), EnvelopeWriter::msgpack()].map(|writer| {
            let message = written(writer, |writer| {
                writer.open_map(1);
                writer.key("a");
                writer.raw_json(json);
                writer.close_map();
            });
            let [value] = EnvelopeValue::parse(&message, &limits)
                .unwrap()
                .members(["a"])
                .unwrap();
            if with_name {
                value.unwrap().event(&limits, is_reserved)
            } else {
                value.unwrap().argument(&limits)
            }
        })
    };
    let too_deep = Err(TooDeep { limit: 3 });
    assert!(read(r#"["e",[[]]]"#, true).iter().all(Result::is_ok));
    assert!(
        read(r#"["e",[[[]]]]"#, true)
            .iter()
            .all(|result| *result == too_deep)
    );
    assert!(read("[[]]", false).iter().all(Result::is_ok));
    assert!(
        read("[[[]]]", false)
            .iter()
            .all(|result| *result == too_deep)
    );

    let nested = |depth: usize| {
        Bytes::from(format!(
            "{{\"a\":{}{}}}",
            "[".repeat(depth),
            "]".repeat(depth)
        ))
    };
    assert!(EnvelopeValue::parse(&nested(10), &limits).is_ok());
    assert_eq!(
        EnvelopeValue::parse(&nested(11), &limits).map(drop),
        Err(TooDeep { limit: 3 })
    );

    let two = hex("93 a165 c400 c400");
    assert_eq!(
        EnvelopeValue::msgpack(&two).event(&limits, is_reserved),
        Err(TooManyAttachments { limit: 1 })
    );
}

/// Reads everything in a value.
fn walk(value: EnvelopeValue<'_>, depth: usize) {
    let limits = limits();
    let _ = (
        value.is_nil(),
        value.as_text(),
        value.as_bool(),
        value.as_unsigned(),
    );
    let _ = value.event(&limits, is_reserved);
    if let Ok(args) = value.argument(&limits) {
        assert_eq!(args.len(), 1);
    }
    let _ = value.deserialize::<serde_json::Value>(&limits);
    if depth == 0 {
        return;
    }
    if let Ok(members) = value.members(["a", "type"]) {
        members
            .into_iter()
            .flatten()
            .for_each(|member| walk(member, depth - 1));
    }
    for element in value.elements().into_iter().flatten().flatten() {
        walk(element, depth - 1);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let message = Bytes::from(bytes);
        if let Ok(value) = EnvelopeValue::parse(&message, &limits()) {
            walk(value.with_buffers(), 3);
        }
        walk(EnvelopeValue::msgpack(&message), 3);
    }

    #[test]
    fn arbitrary_json_is_read_or_rejected(json in r#"\{("(a|type)":([0-9]|\[|\]|\{|\}|"e"|,|null){0,6},?){0,4}\}"#) {
        let message = Bytes::from(json.clone());
        let is_json = serde_json::from_str::<serde_json::Value>(&json).is_ok();
        let value = EnvelopeValue::parse(&message, &limits());
        prop_assert_eq!(value.is_ok(), is_json);
        if let Ok(value) = value {
            walk(value, 3);
        }
    }
}
