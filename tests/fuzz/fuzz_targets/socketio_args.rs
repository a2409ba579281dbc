//! Parses arbitrary arguments. Only JSON is accepted, and accepted arguments can be deserialized to any type without a
//! panic.

#![no_main]

use std::collections::HashMap;

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use socketio_proto::{Args, DecodeError, DecodeLimits, Namespace, Packet, PacketType};

#[derive(Arbitrary, Debug)]
struct Input {
    json: String,
    attachments: Vec<Vec<u8>>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Fields {
    a: Option<Bytes>,
    #[serde(flatten)]
    rest: HashMap<String, Union>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Union {
    Data(Bytes),
    Number(f64),
    List(Vec<Union>),
    Map(HashMap<String, Union>),
}

#[derive(Debug, Deserialize, PartialEq)]
enum Variants {
    A,
    B(Bytes),
    C(u8, Bytes),
    D { d: Bytes },
}

fuzz_target!(|input: Input| {
    let Input { json, attachments } = input;
    let limits = DecodeLimits::default();
    let read = |parts| {
        let json = json.clone().into();
        Packet::from_parts(PacketType::Ack, Namespace::MAIN, None, json, parts, &limits)
    };

    let plain = read(Vec::new());
    let elements = serde_json::from_str::<Vec<&RawValue>>(&json);
    match (&plain, &elements) {
        (Ok(packet), Ok(elements)) => {
            let elements = elements.iter().map(|element| element.get());
            assert!(packet.payload.iter().eq(elements));
        }
        (Err(DecodeError::TooDeep { .. }), _) => {}
        // A packet, unlike JSON, has no white space in front of its payload.
        (Err(_), Ok(_)) => assert!(!json.starts_with('[')),
        (Ok(_), Err(error)) => panic!("{json:?} is not JSON: {error}"),
        (Err(_), Err(_)) => {}
    }

    let Ok(binary) = read(attachments.into_iter().map(Bytes::from).collect()) else {
        return;
    };
    ask_everything(&binary.payload);
    if !json.contains("_placeholder")
        && let Ok(plain) = plain
    {
        // Attachments have no effect without a placeholder.
        same::<Value>(&plain.payload, &binary.payload);
        same::<Fields>(&plain.payload, &binary.payload);
        same::<(Variants, Option<Union>)>(&plain.payload, &binary.payload);
    }
});

fn ask_everything(args: &Args) {
    assert_eq!(args.len(), args.iter().count());
    let _ = args.deserialize::<()>();
    let _ = args.deserialize::<Bytes>();
    let _ = args.deserialize::<&[u8]>();
    let _ = args.deserialize::<(String, Value, Option<Bytes>)>();
    let _ = args.deserialize::<Fields>();
    let _ = args.deserialize::<(Variants, Variants, Union)>();
    let _ = args.deserialize::<HashMap<u32, Vec<Bytes>>>();
    let _ = args.deserialize::<&RawValue>();
    let more = args
        .with_appended(&Bytes::from_static(b"x"))
        .expect("bytes can be serialized");
    assert_eq!(more.len(), args.len() + 1);
    assert_eq!(more.attachments().len(), args.attachments().len() + 1);
}

fn same<T: DeserializeOwned + PartialEq + std::fmt::Debug>(one: &Args, other: &Args) {
    let read = |args: &Args| args.deserialize::<T>().map_err(|error| error.argument());
    assert_eq!(read(one), read(other));
}
