//! Serialization and deserialization of arguments without attachments.

#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

use std::collections::HashMap;
use std::fmt;

use proptest::prelude::*;
use serde::de::{self, DeserializeOwned, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use socketio_proto::{Args, DecodeLimits, Decoder, Namespace, Packet, PacketType};

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Pair(i32, String);

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Wrapper<T>(T);

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Nothing;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
enum Shape {
    Dot,
    Circle(u8),
    Line(u8, u8),
    Box { w: u8 },
}

fn event(json: &str) -> Args {
    let limits = DecodeLimits::default();
    let json = json.to_owned().into();
    Packet::from_parts(
        PacketType::Event,
        Namespace::MAIN,
        None,
        json,
        vec![],
        &limits,
    )
    .unwrap()
    .payload
}

fn ack(json: &str) -> Args {
    let limits = DecodeLimits::default();
    let json = json.to_owned().into();
    Packet::from_parts(
        PacketType::Ack,
        Namespace::MAIN,
        None,
        json,
        vec![],
        &limits,
    )
    .unwrap()
    .payload
}

fn take<T: DeserializeOwned>(args: &Args) -> T {
    args.deserialize()
        .unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

fn refuse<T: DeserializeOwned>(args: &Args) -> String {
    match args.deserialize::<T>() {
        Ok(_) => panic!("{args:?} was taken"),
        Err(error) => error.to_string(),
    }
}

fn written<T: Serialize + ?Sized>(args: &T) -> String {
    let event = Args::from_serialize(Some("e"), args).unwrap();
    let ack = Args::from_serialize(None, args).unwrap();
    assert_eq!(
        event.iter().collect::<Vec<_>>(),
        ack.iter().collect::<Vec<_>>()
    );
    assert_eq!(event.event_name().as_deref(), Some("e"));
    assert_eq!(ack.event_name(), None);
    event.as_json().to_owned()
}

#[test]
fn the_event_name_is_not_an_argument() {
    for (json, texts) in [
        (r#"["e"]"#, vec![]),
        (r#"[ "e" ]"#, vec![]),
        (r#"["e",1]"#, vec!["1"]),
        ("[7,1]", vec!["1"]),
        (
            r#"[ "e" , {"a":[1,"]"]} , "b\",c" ,-2 ]"#,
            vec![r#"{"a":[1,"]"]}"#, r#""b\",c""#, "-2"],
        ),
    ] {
        let args = event(json);
        assert_eq!(args.iter().collect::<Vec<_>>(), texts, "{json}");
        assert_eq!(args.len(), texts.len(), "{json}");
        assert_eq!(args.is_empty(), texts.is_empty(), "{json}");
        assert_eq!(args.get(0), texts.first().copied(), "{json}");
        assert_eq!(args.get(texts.len()), None, "{json}");
    }
    assert_eq!(
        ack(r#"["e",1]"#).iter().collect::<Vec<_>>(),
        [r#""e""#, "1"]
    );
    assert!(ack("[ ]").is_empty());
    assert_eq!(Args::default().len(), 0);
}

#[test]
fn a_tuple_reads_several_arguments() {
    let args = event(r#"["e",1,"two",[3],{"x":4,"y":5},null]"#);
    assert_eq!(take::<(i32,)>(&args), (1,));
    assert_eq!(take::<(i32, String)>(&args), (1, "two".into()));
    let all: (i32, String, Vec<u8>, Point, Option<i32>) = take(&args);
    assert_eq!(all, (1, "two".into(), vec![3], Point { x: 4, y: 5 }, None));
    assert_eq!(take::<[i32; 2]>(&event(r#"["e",1,2,3]"#)), [1, 2]);
    assert_eq!(take::<Box<(i32, IgnoredAny, Value)>>(&args).2, json!([3]));
}

#[test]
fn any_other_type_reads_the_first_argument() {
    assert_eq!(take::<i32>(&event(r#"["e",1,2]"#)), 1);
    assert_eq!(take::<String>(&event(r#"["e","a\nb"]"#)), "a\nb");
    assert_eq!(take::<Vec<i32>>(&event(r#"["e",[1,2],3]"#)), [1, 2]);
    assert_eq!(
        take::<Pair>(&event(r#"["e",[1,"a"],3]"#)),
        Pair(1, "a".into())
    );
    assert_eq!(take::<Wrapper<i32>>(&event(r#"["e",1]"#)), Wrapper(1));
    assert_eq!(
        take::<Wrapper<(i32, i32)>>(&event(r#"["e",[1,2]]"#)),
        Wrapper((1, 2))
    );
    assert_eq!(
        take::<Option<(i32, i32)>>(&event(r#"["e",[1,2]]"#)),
        Some((1, 2))
    );
    assert_eq!(take::<Option<i32>>(&event(r#"["e",null]"#)), None);
    assert_eq!(
        take::<Point>(&event(r#"["e",{"x":1,"y":2}]"#)),
        Point { x: 1, y: 2 }
    );
    assert_eq!(take::<Value>(&event(r#"["e",{"x":1}]"#)), json!({"x": 1}));
    assert_eq!(take::<Nothing>(&event(r#"["e",null]"#)), Nothing);
    assert_eq!(
        take::<HashMap<u8, bool>>(&event(r#"["e",{"1":true}]"#)),
        HashMap::from([(1, true)])
    );
    assert_eq!(take::<Shape>(&event(r#"["e","Dot"]"#)), Shape::Dot);
    assert_eq!(
        take::<Shape>(&event(r#"["e",{"Line":[1,2]}]"#)),
        Shape::Line(1, 2)
    );
    assert_eq!(take::<f64>(&ack("[1.5]")), 1.5);
    assert_eq!(
        take::<Box<RawValue>>(&event(r#"["e", {"a" : 1.0} ,2]"#)).get(),
        r#"{"a" : 1.0}"#
    );
    let args = event(r#"["e","borrowed"]"#);
    assert_eq!(args.deserialize::<&str>().unwrap(), "borrowed");
}

#[test]
fn the_unit_type_reads_no_argument() {
    take::<()>(&event(r#"["e"]"#));
    take::<()>(&event(r#"["e",1,2]"#));
    take::<()>(&ack("[]"));
    take::<IgnoredAny>(&ack("[]"));
}

#[test]
fn the_payload_of_a_connect_is_one_argument() {
    let payload = |kind, json: &'static str| {
        let limits = DecodeLimits::default();
        Packet::from_parts(kind, Namespace::MAIN, None, json.into(), vec![], &limits)
            .unwrap()
            .payload
    };
    let args = payload(PacketType::Connect, r#"{"x":1,"y":2} "#);
    assert_eq!(args.len(), 1);
    assert_eq!(args.get(0), Some(r#"{"x":1,"y":2}"#));
    assert_eq!(take::<Point>(&args), Point { x: 1, y: 2 });
    assert_eq!(take::<(Point,)>(&args), (Point { x: 1, y: 2 },));
    assert_eq!(
        take::<Option<Point>>(&payload(PacketType::Connect, "")),
        None
    );
    assert_eq!(
        take::<String>(&payload(PacketType::ConnectError, r#""[1]""#)),
        "[1]"
    );
}

#[test]
fn a_missing_argument_is_none_or_unit_or_an_error() {
    let none = event(r#"["e"]"#);
    assert_eq!(take::<Option<i32>>(&none), None);
    assert_eq!(
        take::<(Option<i32>, (), Wrapper<Option<u8>>)>(&none),
        (None, (), Wrapper(None))
    );
    assert_eq!(take::<Nothing>(&none), Nothing);

    let error = none.deserialize::<i32>().unwrap_err();
    assert!(error.is_missing());
    assert_eq!(error.argument(), Some(0));
    assert_eq!(
        error.to_string(),
        "argument 1 of 1 is missing: send it, or take it as an `Option`"
    );
    assert_eq!(
        refuse::<(i32, Option<i32>, String, i32)>(&event(r#"["e",1,2]"#)),
        "argument 3 of 4 is missing: send it, or take it as an `Option`"
    );
    assert!(refuse::<Value>(&none).contains("missing"));
    assert!(refuse::<Vec<i32>>(&none).contains("missing"));
    assert!(refuse::<Point>(&none).contains("missing"));
    assert!(refuse::<Shape>(&none).contains("missing"));
}

#[test]
fn an_invalid_argument_is_reported_by_number() {
    let args = event(r#"["e",1,"two"]"#);
    let error = args.deserialize::<(i32, i32)>().unwrap_err();
    assert!(!error.is_missing());
    assert_eq!(error.argument(), Some(1));
    let text = error.to_string();
    assert!(
        text.starts_with("argument 2 does not fit: invalid type: string \"two\""),
        "{text}"
    );
    assert!(text.ends_with("take what is sent"), "{text}");
    assert!(refuse::<String>(&args).starts_with("argument 1 does not fit: invalid type"));
    assert!(refuse::<(u8,)>(&event(r#"["e",256]"#)).contains("256"));
    assert!(refuse::<f64>(&event(r#"["e",1e999]"#)).contains("out of range"));
    assert!(refuse::<(i32, i32)>(&event(r#"["e",[1,2]]"#)).contains("argument 1"));
}

/// The documentation of `Data` has a table of these.
#[test]
fn arrays_are_read_by_structs_and_tuple_structs() {
    #[derive(Debug, Deserialize)]
    struct OnlyObject {
        #[serde(rename = "x")]
        _x: i32,
        #[serde(flatten)]
        _others: HashMap<String, IgnoredAny>,
    }

    let several = event(r#"["e",1,2]"#);
    assert_eq!(several.deserialize::<(i32, i32)>().unwrap(), (1, 2));
    assert_eq!(several.deserialize::<[i32; 2]>().unwrap(), [1, 2]);
    assert_eq!(several.deserialize::<()>().unwrap(), ());
    let array = event(r#"["e",[1,2]]"#);
    assert_eq!(array.deserialize::<Vec<i32>>().unwrap(), [1, 2]);
    assert_eq!(array.deserialize::<((i32, i32),)>().unwrap(), ((1, 2),));
    assert_eq!(array.deserialize::<Point>().unwrap(), Point { x: 1, y: 2 });
    let pair = event(r#"["e",[1,"a"]]"#);
    assert_eq!(pair.deserialize::<Pair>().unwrap(), Pair(1, "a".into()));
    let wrapped = event(r#"["e",1]"#);
    assert_eq!(wrapped.deserialize::<Wrapper<i32>>().unwrap(), Wrapper(1));
    assert!(
        event(r#"["e",{"x":1}]"#)
            .deserialize::<OnlyObject>()
            .is_ok()
    );
    assert!(refuse::<OnlyObject>(&array).contains("argument 1"));
}

#[test]
fn a_tuple_is_written_as_several_arguments() {
    assert_eq!(written(&(1, "a", [2])), r#"["e",1,"a",[2]]"#);
    assert_eq!(written(&((1, 2),)), r#"["e",[1,2]]"#);
    assert_eq!(written(&[1, 2]), r#"["e",1,2]"#);
    assert_eq!(written(&()), r#"["e"]"#);
    assert_eq!(written(&((),)), r#"["e",null]"#);
    assert_eq!(written(&Box::new((1, None::<i32>))), r#"["e",1,null]"#);
    let no_args: [u8; 0] = [];
    assert_eq!(
        Args::from_serialize(None, &no_args).unwrap().as_json(),
        "[]"
    );
}

#[test]
fn null_is_an_argument_and_a_unit_is_none() {
    #[derive(serde::Serialize)]
    #[serde(untagged)]
    enum Untagged {
        Nothing,
        #[expect(dead_code, reason = "it gives the type a size")]
        Number(u8),
    }

    assert_eq!(written(&Value::Null), r#"["e",null]"#);
    assert_eq!(written(&Some(Value::Null)), r#"["e",null]"#);
    assert_eq!(written(&Box::new(Value::Null)), r#"["e",null]"#);
    assert_eq!(written(&Untagged::Nothing), r#"["e",null]"#);
    assert_eq!(written(&None::<()>), r#"["e",null]"#);
    let args = Args::from_serialize(None, &Value::Null).unwrap();
    assert_eq!(args.as_json(), "[null]");
    let appended = args.with_appended(&Value::Null).unwrap();
    assert_eq!(appended.as_json(), "[null,null]");
    assert_eq!(args.with_appended(&()).unwrap().as_json(), "[null]");
}

#[test]
fn any_other_type_is_written_as_one_argument() {
    assert_eq!(written("text"), r#"["e","text"]"#);
    assert_eq!(written(&'c'), r#"["e","c"]"#);
    assert_eq!(written(&true), r#"["e",true]"#);
    assert_eq!(written(&-1_i8), r#"["e",-1]"#);
    assert_eq!(written(&u64::MAX), r#"["e",18446744073709551615]"#);
    assert_eq!(written(&i128::MIN), format!(r#"["e",{}]"#, i128::MIN));
    assert_eq!(written(&0.5), r#"["e",0.5]"#);
    assert_eq!(written(&f64::NAN), r#"["e",null]"#);
    assert_eq!(written(&[f32::INFINITY][..]), r#"["e",[null]]"#);
    assert_eq!(written(&None::<i32>), r#"["e",null]"#);
    assert_eq!(written(&Some((1, 2))), r#"["e",[1,2]]"#);
    assert_eq!(written(&vec![1, 2]), r#"["e",[1,2]]"#);
    assert_eq!(written(&Point { x: 1, y: 2 }), r#"["e",{"x":1,"y":2}]"#);
    assert_eq!(written(&Pair(1, "a".into())), r#"["e",[1,"a"]]"#);
    assert_eq!(written(&Wrapper((1, 2))), r#"["e",[1,2]]"#);
    assert_eq!(written(&Nothing), r#"["e",null]"#);
    assert_eq!(written(&Shape::Dot), r#"["e","Dot"]"#);
    assert_eq!(written(&Shape::Circle(1)), r#"["e",{"Circle":1}]"#);
    assert_eq!(written(&Shape::Line(1, 2)), r#"["e",{"Line":[1,2]}]"#);
    assert_eq!(written(&Shape::Box { w: 1 }), r#"["e",{"Box":{"w":1}}]"#);
    assert_eq!(written(&HashMap::from([(1, 2)])), r#"["e",{"1":2}]"#);
    assert_eq!(written(&json!([1, {"a": null}])), r#"["e",[1,{"a":null}]]"#);
    assert_eq!(written(&format_args!("{}-{}", 1, 2)), r#"["e","1-2"]"#);
    let raw = RawValue::from_string("{\"a\" : 1}".into()).unwrap();
    assert_eq!(written(&raw), r#"["e",{"a" : 1}]"#);
}

#[test]
fn a_value_without_json_form_is_an_error() {
    let keys_are_lists = HashMap::from([(vec![1], 2)]);
    let error = Args::from_serialize(Some("e"), &keys_are_lists).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("key must be a string"), "{text}");
    assert!(
        text.ends_with("use strings or numbers as keys of maps"),
        "{text}"
    );
}

#[test]
fn an_argument_can_be_appended() {
    let add = |args: &Args| args.with_appended("x").unwrap();
    let named = |args: &Args| args.event_name().map(|name| name.into_owned());

    let args = add(&event(r#"["a\"b", 1 ] "#));
    assert_eq!(args.as_json(), r#"["a\"b", 1 ,"x"]"#);
    assert_eq!(named(&args).as_deref(), Some("a\"b"));
    assert_eq!(take::<(i32, String)>(&args), (1, "x".into()));

    assert_eq!(add(&event(r#"["e"]"#)).as_json(), r#"["e","x"]"#);
    assert_eq!(named(&add(&event(r#"["e"]"#))).as_deref(), Some("e"));
    assert_eq!(add(&ack("[]")).as_json(), r#"["x"]"#);
    assert_eq!(add(&ack("[1]")).as_json(), r#"[1,"x"]"#);
    assert_eq!(add(&Args::default()).as_json(), r#"["x"]"#);

    // The position of the name is adjusted if the text has a prefix.
    let mut decoder = Decoder::default();
    let packet = decoder
        .decode_text(r#"2/admin,17["e",1]"#.into())
        .unwrap()
        .unwrap();
    let args = add(&packet.payload);
    assert_eq!(args.as_json(), r#"["e",1,"x"]"#);
    assert_eq!(named(&args).as_deref(), Some("e"));
    assert_eq!(args, event(r#"["e",1,"x"]"#));
}

/// Reads a JSON value as the only and as one of several arguments of packets of all types, and compares
/// the result with that of `serde_json`.
fn read_everywhere<T: DeserializeOwned + fmt::Debug + PartialEq>(json: &str) {
    let expected = serde_json::from_str::<T>(json).map_err(|error| error.to_string());
    let read = |message: &str| {
        let mut decoder = Decoder::default();
        let packet = decoder.decode_text_from(message.into(), 1).unwrap();
        let args = packet.unwrap().payload;
        let one = args.deserialize::<T>().map_err(|error| error.to_string());
        let pair = args.deserialize::<(T, Option<IgnoredAny>)>();
        let pair = pair
            .map(|(value, _)| value)
            .map_err(|error| error.to_string());
        let appended = args.with_appended(&1).unwrap();
        for args in [args.detach(), appended] {
            let again = args.deserialize::<T>().map_err(|error| error.to_string());
            assert_eq!(again, one, "{message}");
        }
        for read in [one, pair] {
            match (&read, &expected) {
                (Ok(value), Ok(expected)) => assert_eq!(value, expected, "{message}"),
                (Err(error), Err(expected)) => {
                    // Errors are cut, and escape what they quote.
                    let is_plain = |char: &char| char.is_ascii() && !char.is_control();
                    let plain: String = expected.chars().take_while(is_plain).take(200).collect();
                    let expected = format!("argument 1 does not fit: {plain}");
                    assert!(
                        error.starts_with(&expected),
                        "{message}: {error} / {expected}"
                    );
                }
                _ => panic!("{message}: {read:?} / {expected:?}"),
            }
        }
    };
    read(&format!(r#"42["e",{json}]"#));
    read(&format!("42/a,1[ 7 , {json} , [1] ]"));
    read(&format!("431[{json}]"));
    read(&format!("43/a,1[ {json} ,{json} ] "));
}

#[test]
fn strings_are_read_as_serde_json_reads_them() {
    for json in [
        r#""""#,
        r#""a""#,
        r#""é""#,
        r#""Dot""#,
        r#""127.0.0.1""#,
        r#""no escapes in a string that is longer than a few words""#,
        r#""a\nb""#,
        r#""\u0044ot""#,
        r#""[\"]""#,
        "1",
        "null",
        "[\"a\"]",
        "{\"Circle\":1}",
        "{\"x\":1,\"y\":2}",
    ] {
        read_everywhere::<String>(json);
        read_everywhere::<Option<String>>(json);
        read_everywhere::<Wrapper<String>>(json);
        read_everywhere::<char>(json);
        read_everywhere::<Value>(json);
        read_everywhere::<Option<u8>>(json);
        read_everywhere::<Shape>(json);
        read_everywhere::<Point>(json);
        read_everywhere::<Vec<String>>(json);
        read_everywhere::<std::net::IpAddr>(json);
    }
    let args = event(r#"["e", "raw" ,1]"#);
    assert_eq!(take::<Box<RawValue>>(&args).get(), r#""raw""#);
    assert_eq!(take::<Untagged>(&args), Untagged::Text("raw".into()));
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Text(String),
}

proptest! {
    #[test]
    fn written_arguments_are_read_back(
        name: String,
        args: (i64, String, Vec<Option<bool>>, HashMap<String, u8>, [char; 3]),
    ) {
        let encoded = Args::from_serialize(Some(&name), &args).unwrap();
        let encoded_name = encoded.event_name().unwrap();
        prop_assert_eq!(&*encoded_name, &name);
        prop_assert_eq!(encoded.len(), 5);
        prop_assert_eq!(take::<(i64, String, Vec<Option<bool>>, HashMap<String, u8>, [char; 3])>(&encoded), args);
    }
}

#[test]
fn an_error_keeps_its_position() {
    /// JSON inside a string.
    #[derive(Debug)]
    struct Inner;

    impl Visitor<'_> for Inner {
        type Value = Self;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("JSON in a text")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self, E> {
            let inner: Result<Value, _> = serde_json::from_str(text);
            inner.map(|_| self).map_err(E::custom)
        }
    }

    impl<'de> Deserialize<'de> for Inner {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_str(Self)
        }
    }

    let plain = serde_json::from_str::<Inner>(r#""{x""#).unwrap_err();
    let error = refuse::<Inner>(&event(r#"["e","{x"]"#));
    assert!(error.contains(&plain.to_string()), "{error}");
    assert_eq!(error.matches("at line").count(), 1, "{error}");
}

#[test]
fn an_error_quotes_a_peer_escaped_and_cut() {
    #[derive(Debug, Deserialize)]
    enum Kind {
        Known,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Empty {}

    assert!(matches!(
        take::<Kind>(&event(r#"["e","Known"]"#)),
        Kind::Known
    ));
    let hostile = format!(
        r"x\r\nERROR forged\u001b[2J\u009b31m\u202e\u2028\u0007{}",
        "y".repeat(100_000)
    );
    let named = event(&format!(r#"["e","{hostile}"]"#));
    let keyed = event(&format!(r#"["e",{{"{hostile}":1}}]"#));
    for error in [
        named.deserialize::<Kind>().unwrap_err(),
        named.deserialize::<(Kind,)>().unwrap_err(),
        keyed.deserialize::<Empty>().unwrap_err(),
        named.deserialize_payload::<[Kind; 2]>().unwrap_err(),
        de::Error::custom(serde_json::from_str::<String>(&format!("\"{hostile}\"")).unwrap()),
    ] {
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(text.len() < 700, "{} bytes", text.len());
            let is_unsafe = |c: char| c.is_control() || "\u{202e}\u{2028}".contains(c);
            assert!(!text.contains(is_unsafe), "{text:?}");
        }
    }
}
