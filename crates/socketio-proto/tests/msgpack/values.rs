//! The encoding and decoding of each type of value.

use bytes::Bytes;
use serde::Serialize;
use socketio_proto::{Args, DecodeLimits, MsgpackParser, Namespace, Packet, PacketType, Value};

use super::{argument, hex, json, read};

/// Returns the encoded value of the argument of an event `e`.
fn written(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    written_args(Args::from_serialize(Some("e"), &(value,)).unwrap())
}

fn written_json(json: &str) -> Vec<u8> {
    let packet = Packet::from_parts(
        PacketType::Event,
        Namespace::MAIN,
        None,
        format!(r#"["e",{json}]"#).into(),
        Vec::new(),
        &DecodeLimits::default(),
    );
    written_args(packet.unwrap().payload)
}

fn written_args(args: Args) -> Vec<u8> {
    let message = MsgpackParser::encode(&Packet::event(Namespace::MAIN, args)).unwrap();
    let value = message
        .strip_prefix(&hex("83a47479706502a464617461 92a165")[..])
        .and_then(|rest| rest.strip_suffix(&hex("a36e7370a12f")[..]));
    value.unwrap().to_vec()
}

#[test]
fn integers_have_their_shortest_form() {
    for (number, expected) in [
        ("0", "00"),
        ("127", "7f"),
        ("128", "cc80"),
        ("255", "ccff"),
        ("256", "cd0100"),
        ("65535", "cdffff"),
        ("65536", "ce00010000"),
        ("4294967295", "ceffffffff"),
        ("4294967296", "cf0000000100000000"),
        ("18446744073709551615", "cfffffffffffffffff"),
        ("-1", "ff"),
        ("-32", "e0"),
        ("-33", "d0df"),
        ("-128", "d080"),
        ("-129", "d1ff7f"),
        ("-32768", "d18000"),
        ("-32769", "d2ffff7fff"),
        ("-2147483648", "d280000000"),
        ("-2147483649", "d3ffffffff7fffffff"),
        ("-9223372036854775808", "d38000000000000000"),
    ] {
        assert_eq!(written_json(number), hex(expected), "{number}");
        assert_eq!(json(&hex(expected)), number);
    }
}

/// As in Node's parser, except for numbers that it writes as 0.
#[test]
fn an_integral_number_is_written_as_an_integer() {
    for (number, expected) in [
        ("1.0", "01"),
        ("-0", "00"),
        ("-0.0", "00"),
        ("1e2", "64"),
        ("-1e2", "d09c"),
        ("0.1", "cb3fb999999999999a"),
        ("-1.5", "cbbff8000000000000"),
        ("1e19", "cf8ac7230489e80000"),
        ("9223372036854775808.0", "cf8000000000000000"),
        ("-9223372036854775808.0", "d38000000000000000"),
        ("1e300", "cb7e37e43c8800759c"),
        ("-1e300", "cbfe37e43c8800759c"),
        ("18446744073709551616", "cb43f0000000000000"),
        ("-9223372036854775809", "d38000000000000000"),
        ("1e999", "cb7ff0000000000000"),
    ] {
        assert_eq!(written_json(number), hex(expected), "{number}");
    }
}

#[test]
fn numbers_are_read_in_every_format() {
    for (bytes, expected) in [
        ("d07f", "127"),
        ("d0ff", "-1"),
        ("cc01", "1"),
        ("cd0001", "1"),
        ("ce00000001", "1"),
        ("cf0000000000000001", "1"),
        ("d10001", "1"),
        ("d200000001", "1"),
        ("d30000000000000001", "1"),
        ("ca3fc00000", "1.5"),
        ("ca3dcccccd", "0.10000000149011612"),
        ("cb3ff8000000000000", "1.5"),
        ("cb3ff0000000000000", "1.0"),
        ("cb7e37e43c8800759c", "1e+300"),
    ] {
        assert_eq!(json(&hex(bytes)), expected, "{bytes}");
    }
    for bytes in [
        "ca7fc00000",
        "ca7f800000",
        "caff800000",
        "cb7ff8000000000000",
        "cb7ff0000000000000",
        "cbfff0000000000000",
    ] {
        assert_eq!(json(&hex(bytes)), "null", "not a JSON number: {bytes}");
    }
}

#[test]
fn nil_and_booleans_are_read_and_written() {
    for (bytes, text) in [("c0", "null"), ("c2", "false"), ("c3", "true")] {
        assert_eq!(json(&hex(bytes)), text);
        assert_eq!(written_json(text), hex(bytes));
    }
}

#[test]
fn strings_have_their_shortest_form_and_are_read_in_every_format() {
    for (len, head) in [
        (0, "a0"),
        (31, "bf"),
        (32, "d920"),
        (255, "d9ff"),
        (256, "da0100"),
        (65_535, "daffff"),
        (65_536, "db00010000"),
    ] {
        let text = "x".repeat(len);
        let bytes = [hex(head), text.clone().into_bytes()].concat();
        assert_eq!(written(&text), bytes, "{len}");
        assert_eq!(json(&bytes), format!("\"{text}\""));
    }
    for head in ["d902", "da0002", "db00000002"] {
        assert_eq!(json(&[hex(head), b"ab".to_vec()].concat()), r#""ab""#);
    }
}

#[test]
fn characters_that_json_escapes_are_escaped_and_unescaped() {
    let text = "\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}é😀";
    let bytes = written(text);
    assert_eq!(json(&bytes), serde_json::to_string(text).unwrap());
    assert_eq!(
        written_json(r#""\u0061\u00e9\ud83d\ude00\/""#),
        [hex("a8"), "aé😀/".into()].concat()
    );
    assert_eq!(
        written_json(r#""\ud800""#),
        hex("a3efbfbd"),
        "half a pair is replaced"
    );
}

#[test]
fn containers_have_their_shortest_form_and_are_read_in_every_format() {
    for (len, head) in [
        (0, "90"),
        (15, "9f"),
        (16, "dc0010"),
        (65_536, "dd00010000"),
    ] {
        let list = vec![1_u8; len];
        let bytes = [hex(head), list.clone()].concat();
        assert_eq!(
            written(&Value::Array(vec![Value::Number(1.into()); len])),
            bytes,
            "{len}"
        );
        assert_eq!(json(&bytes), serde_json::to_string(&list).unwrap());
    }
    for (len, head) in [
        (0_u32, "80"),
        (15, "8f"),
        (16, "de0010"),
        (65_536, "df00010000"),
    ] {
        let members = (0..len).map(|key| (format!("{key:05}"), Value::Bool(true)));
        let object = Value::Object(members.collect());
        let mut bytes = hex(head);
        for key in 0..len {
            bytes.extend(hex("a5"));
            bytes.extend(format!("{key:05}").into_bytes());
            bytes.extend(hex("c3"));
        }
        assert_eq!(written(&object), bytes, "{len}");
        assert_eq!(
            argument(&bytes).unwrap().deserialize::<Value>().unwrap(),
            object
        );
    }
    for (bytes, expected) in [
        ("dc0001 05", "[5]"),
        ("dd00000001 05", "[5]"),
        ("de0001 a161 05", r#"{"a":5}"#),
        ("df00000001 a161 05", r#"{"a":5}"#),
    ] {
        assert_eq!(json(&hex(bytes)), expected);
    }
}

#[test]
fn binary_is_an_attachment() {
    for (len, head) in [
        (0_usize, "c400"),
        (1, "c401"),
        (255, "c4ff"),
        (256, "c50100"),
        (65_535, "c5ffff"),
        (65_536, "c600010000"),
    ] {
        let binary = Bytes::from(vec![7; len]);
        let bytes = [hex(head), binary.to_vec()].concat();
        assert_eq!(written(&binary), bytes, "{len}");
        assert_eq!(
            argument(&bytes).unwrap().deserialize::<Bytes>().unwrap(),
            binary
        );
    }
    for head in ["c50002", "c600000002", "c70200", "c8000200", "c90000000200"] {
        let args = argument(&[hex(head), vec![1, 2]].concat()).unwrap();
        assert_eq!(args.attachments(), [&[1_u8, 2][..]], "{head}");
        assert_eq!(args.get(0), Some(r#"{"_placeholder":true,"num":0}"#));
    }
}

#[test]
fn an_array_buffer_of_eight_bytes_is_not_a_date() {
    let args = argument(&hex("c70800 0000011f71fb04cb")).unwrap();
    assert_eq!(args.attachments(), [&hex("0000011f71fb04cb")[..]]);
    assert_eq!(
        json(&hex("d700 0000011f71fb04cb")),
        r#""2009-02-13T23:31:30.123Z""#
    );
    assert_eq!(json(&hex("d700 7fffffffffffffff")), "null", "not a date");
}

#[test]
fn undefined_is_null_in_a_list_and_omitted_in_an_object() {
    assert_eq!(json(&hex("93 01 d40000 d400ff")), "[1,null,null]");
    assert_eq!(json(&hex("d40000")), "null");
    assert_eq!(
        json(&hex("83 a161 d40000 a162 01 a163 d40000")),
        r#"{"b":1}"#
    );
    assert_eq!(json(&hex("82 a161 d40000 a162 d40000")), "{}");
    assert_eq!(json(&hex("92 82 a161 01 a162 d40000 02")), r#"[{"a":1},2]"#);
}

#[test]
fn other_extensions_are_lists_as_in_node() {
    for (bytes, kind, binary) in [
        ("d401 aa", 1, "aa"),
        ("d500 aabb", 0, "aabb"),
        ("d6fe aabbccdd", -2, "aabbccdd"),
        ("d77f 0102030405060708", 127, "0102030405060708"),
        (
            "d880 000102030405060708090a0b0c0d0e0f",
            -128,
            "000102030405060708090a0b0c0d0e0f",
        ),
        ("c70105 aa", 5, "aa"),
        ("c8000105 aa", 5, "aa"),
        ("c90000000105 aa", 5, "aa"),
    ] {
        let args = argument(&hex(bytes)).unwrap();
        let placeholder = r#"{"_placeholder":true,"num":0}"#;
        assert_eq!(
            args.get(0),
            Some(&*format!("[{kind},{placeholder}]")),
            "{bytes}"
        );
        assert_eq!(args.attachments(), [hex(binary)], "{bytes}");
    }
}

#[test]
fn keys_of_other_types_are_read_as_strings() {
    assert_eq!(
        json(&hex("85 01 00 ff 00 c0 00 c3 00 cd1000 00")),
        r#"{"1":0,"-1":0,"null":0,"true":0,"4096":0}"#
    );
}

#[test]
fn duplicate_keys_are_kept() {
    assert_eq!(json(&hex("82 a161 01 a161 02")), r#"{"a":1,"a":2}"#);
}

#[test]
fn an_object_that_looks_like_a_placeholder_stays_data() {
    let likeness = hex("82 ac5f706c616365686f6c646572 c3 a36e756d 00");
    let data = [&hex("93 a165")[..], &likeness, &hex("c401aa")].concat();
    let packet = read(&super::message(2, &data)).unwrap();
    let (object, binary): (Value, Value) = packet.payload.deserialize().unwrap();
    assert_eq!(binary, Value::Binary(Bytes::from_static(&[0xaa])));
    assert_eq!(object.get("_placeholder"), Some(&Value::Bool(true)));
    assert_eq!(object.get("num"), Some(&Value::Number(0.into())));

    // It stays data when it is relayed, as arguments or as a value.
    let sent = super::message(2, &data);
    assert_eq!(MsgpackParser::encode(&packet).unwrap(), sent);
    let args = Args::from_serialize(Some("e"), &(object, binary)).unwrap();
    let again = Packet::event(Namespace::MAIN, args);
    assert_eq!(MsgpackParser::encode(&again).unwrap(), sent);

    // And when another server creates the packet from its parts.
    let parts = Packet::from_parts(
        PacketType::Event,
        Namespace::MAIN,
        None,
        packet.payload.as_json().into(),
        packet.payload.attachments().to_vec(),
        &DecodeLimits::default(),
    );
    assert_eq!(parts.as_ref(), Ok(&packet));
}

/// The expected strings are the output of `JSON.stringify` in Node for what `notepack.io` decodes.
#[test]
fn a_timestamp_is_read_as_the_text_of_a_date() {
    for (bytes, expected) in [
        ("d6ff 00000000", r#""1970-01-01T00:00:00.000Z""#),
        ("d6ff ffffffff", r#""2106-02-07T06:28:15.000Z""#),
        ("d7ff 1d5a65c0499602d2", r#""2009-02-13T23:31:30.123Z""#),
        ("d7ff 0000000100000000", r#""2106-02-07T06:28:16.000Z""#),
        // A nanosecond is less than a millisecond.
        ("d7ff 0000000400000001", r#""1970-01-01T00:00:01.000Z""#),
        (
            "c70cff 3b8b87c0 ffffffffffffffff",
            r#""1969-12-31T23:59:59.999Z""#,
        ),
        (
            "c70cff 0007a120 ffffffffffffffff",
            r#""1969-12-31T23:59:59.001Z""#,
        ),
        (
            "c70cff 00000000 0000000400000000",
            r#""2514-05-30T01:53:04.000Z""#,
        ),
        ("c70cff 00000000 7fffffffffffffff", "null"),
        ("c70cff ffffffff 8000000000000000", "null"),
    ] {
        assert_eq!(json(&hex(bytes)), expected, "{bytes}");
    }
}

#[test]
fn a_timestamp_of_another_length_is_an_extension() {
    for bytes in ["d4ff00", "d5ff0000", "c705ff0000000000", "c80000ff"] {
        let args = argument(&hex(bytes)).unwrap();
        assert_eq!(
            args.get(0),
            Some(r#"[-1,{"_placeholder":true,"num":0}]"#),
            "{bytes}"
        );
    }
}
