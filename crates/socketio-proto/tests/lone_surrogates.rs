//! Unpaired surrogates: JavaScript sends half of an emoji as one, and Rust strings cannot hold it.

#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use socketio_proto::{Args, Decoder, Packet, Value};

const HALF: &str = r"\ud83d";

fn decode(payload: &str) -> Packet {
    let text = format!("2{payload}");
    let packet = Decoder::default().decode_text(text.into()).unwrap();
    packet.unwrap()
}

fn decode_with_attachment(payload: &str) -> Packet {
    let mut decoder = Decoder::default();
    decoder.decode_text(format!("51-{payload}").into()).unwrap();
    let packet = decoder.decode_binary(Bytes::from_static(b"1")).unwrap();
    packet.unwrap()
}

#[derive(Debug, Deserialize, PartialEq)]
struct Message {
    text: String,
    #[serde(default)]
    list: Vec<String>,
    kind: Option<Kind>,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Kind {
    Plain,
    Named(String),
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(u32),
    Text { text: String },
}

#[test]
fn texts_have_a_replacement_character_in_any_place() {
    let args = decode(r#"["x","a\ud83d","\udc00b",{"\ud83d":["\uD83D\uDE00\ud83d"]}]"#).payload;
    let expected = json!({ "\u{fffd}": ["😀\u{fffd}"] });
    assert_eq!(
        args.deserialize::<(String, char, Json)>()
            .unwrap_err()
            .argument(),
        Some(1)
    );
    let (one, two, three): (String, String, Json) = args.deserialize().unwrap();
    assert_eq!((&*one, &*two), ("a\u{fffd}", "\u{fffd}b"));
    assert_eq!(three, expected);
    assert_eq!(args.deserialize::<String>().unwrap(), "a\u{fffd}");
    assert_eq!(args.deserialize::<Json>().unwrap(), json!("a\u{fffd}"));
    assert_eq!(
        args.deserialize::<Value>().unwrap(),
        Value::String("a\u{fffd}".into())
    );
    assert_eq!(args.deserialize::<Bytes>().unwrap(), "a\u{fffd}");
    let payload: Json = args.deserialize_payload().unwrap();
    assert_eq!(payload, json!(["x", "a\u{fffd}", "\u{fffd}b", expected]));
}

#[test]
fn fields_keys_and_enums_are_read() {
    let text = format!(r#"{{"text":"{HALF}","list":["{HALF}","b"],"kind":{{"Named":"{HALF}"}}}}"#);
    let args = decode(&format!(r#"["x",{text}]"#)).payload;
    let expected = Message {
        text: "\u{fffd}".into(),
        list: vec!["\u{fffd}".into(), "b".into()],
        kind: Some(Kind::Named("\u{fffd}".into())),
    };
    assert_eq!(args.deserialize::<Message>().unwrap(), expected);
    assert!(args.deserialize::<Untagged>().unwrap() != Untagged::Number(1));

    let args = decode(&format!(r#"["x",{{"{HALF}":1}},"{HALF}"]"#)).payload;
    let (map, kind): (BTreeMap<String, u8>, Kind) = args.deserialize().unwrap();
    assert_eq!(map, BTreeMap::from([("\u{fffd}".into(), 1)]));
    assert_eq!(kind, Kind::Other);
    assert_eq!(
        decode(r#"["x","\udfff"]"#)
            .payload
            .deserialize::<char>()
            .unwrap(),
        '\u{fffd}'
    );
    assert_eq!(decode(r#"["\udfff"]"#).event_name().unwrap(), "\u{fffd}");
}

#[test]
fn attachments_make_no_difference() {
    let args = decode_with_attachment(&format!(
        r#"["x",{{"{HALF}":"{HALF}","b":{{"_placeholder":true,"num":0}}}}]"#
    ));
    let value: Value = args.payload.deserialize().unwrap();
    assert_eq!(
        value.get("\u{fffd}").and_then(Value::as_str),
        Some("\u{fffd}")
    );
    assert_eq!(value.get("b").and_then(Value::as_binary).unwrap(), "1");
}

#[test]
fn payloads_of_connect_and_answers_are_read() {
    let mut decoder = Decoder::default();
    for text in [
        format!(r#"0{{"token":"{HALF}"}}"#),
        format!(r#"31[{{"token":"{HALF}"}}]"#),
        format!(r#"4{{"token":"{HALF}"}}"#),
    ] {
        let packet = decoder.decode_text(text.into()).unwrap().unwrap();
        let value: Json = packet.payload.deserialize().unwrap();
        assert_eq!(value, json!({ "token": "\u{fffd}" }));
        assert_eq!(
            packet.payload.detach().deserialize::<Json>().unwrap(),
            value
        );
    }
}

#[test]
fn relays_keep_the_text_and_can_be_read() {
    let payload = format!(r#"["x","{HALF}",["{HALF}"]]"#);
    let args = decode(&payload).payload;
    assert_eq!(args.as_json(), payload);
    let (raw, _): (&RawValue, Json) = args.deserialize().unwrap();
    assert_eq!(raw.get(), format!("\"{HALF}\""));
    let relayed = Args::from_serialize(Some("x"), &args).unwrap();
    assert_eq!(relayed.as_json(), payload);
    for args in [
        relayed,
        args.with_appended(&1).unwrap(),
        Args::from_serialize(Some("x"), &raw).unwrap(),
    ] {
        assert_eq!(args.deserialize::<String>().unwrap(), "\u{fffd}");
    }
}

#[test]
fn other_errors_stay_errors() {
    for payload in [
        r#"["x","\ud83"]"#,
        r#"["x","\ud83d\u"]"#,
        r#"["x","\ud83d\udc0g"]"#,
    ] {
        let text = format!("2{payload}");
        assert!(
            Decoder::default().decode_text(text.into()).is_err(),
            "{payload}"
        );
    }
    let args = decode(&format!(r#"["x","{HALF}"]"#)).payload;
    assert!(args.deserialize::<u32>().is_err());
    assert!(args.deserialize::<Vec<u8>>().is_err());
}
