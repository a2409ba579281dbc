//! Serialization and deserialization of bytes at any depth.

#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use socketio_proto::{Args, DecodeLimits, Namespace, Packet, PacketType};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct File {
    name: String,
    content: Bytes,
    thumbnail: Option<Bytes>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Wrapper(Bytes);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Pair(u8, Bytes);

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
enum External {
    Unit,
    Newtype(Bytes),
    Tuple(u8, Bytes),
    Struct { data: Bytes },
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "type")]
enum Internal {
    Empty,
    Struct { data: Bytes, list: Vec<Bytes> },
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "type", content = "content")]
enum Adjacent {
    Newtype(Bytes),
    Struct { data: Bytes },
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
enum Untagged {
    Number(u32),
    Data(Bytes),
    Deep { inner: Vec<Bytes> },
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    rest: Inner,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Inner {
    data: Bytes,
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn placeholder(num: usize) -> String {
    format!(r#"{{"_placeholder":true,"num":{num}}}"#)
}

/// Creates arguments from a text in which `#0` is replaced by a placeholder. Attachment n contains `n`.
fn args(json: &str, count: usize) -> Args {
    let numbers = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let mut json = json.to_owned();
    for (num, number) in numbers.iter().enumerate() {
        json = json.replace(&format!("#{number}"), &placeholder(num));
    }
    let attachments = numbers
        .iter()
        .take(count)
        .map(|number| bytes(number))
        .collect();
    let limits = DecodeLimits::default();
    Packet::from_parts(
        PacketType::Event,
        Namespace::MAIN,
        None,
        json.into(),
        attachments,
        &limits,
    )
    .unwrap()
    .payload
}

fn take<T: DeserializeOwned>(args: &Args) -> T {
    args.deserialize()
        .unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

/// Writes a value as one argument, checks the text, and reads the value back.
#[track_caller]
fn round_trip<T>(value: T, json: &str, attachments: &[&'static str])
where
    T: Clone + Debug + DeserializeOwned + PartialEq + Serialize,
{
    let written = Args::from_serialize(Some("e"), &(7, value.clone())).unwrap();
    let expected = args(&format!(r#"["e",7,{json}]"#), 10);
    assert_eq!(written.as_json(), expected.as_json());
    assert_eq!(written.attachments(), attachments);
    assert_eq!(take::<(u8, T)>(&written), (7, value));
}

#[test]
fn bytes_are_attachments_in_every_type() {
    round_trip(bytes("a"), "#0", &["a"]);
    round_trip(bytes(""), "#0", &[""]);
    round_trip(Some(bytes("a")), "#0", &["a"]);
    round_trip(None::<Bytes>, "null", &[]);
    round_trip((bytes("a"), 1, bytes("b")), "[#0,1,#1]", &["a", "b"]);
    round_trip([bytes("a"), bytes("b")], "[#0,#1]", &["a", "b"]);
    round_trip(
        vec![vec![bytes("a")], vec![], vec![bytes("b")]],
        "[[#0],[],[#1]]",
        &["a", "b"],
    );
    round_trip(Wrapper(bytes("a")), "#0", &["a"]);
    round_trip(Pair(1, bytes("a")), "[1,#0]", &["a"]);
    let map = BTreeMap::from([("x".to_owned(), bytes("a")), ("y".to_owned(), bytes("b"))]);
    round_trip(map, r#"{"x":#0,"y":#1}"#, &["a", "b"]);
    round_trip(
        BTreeMap::from([(-1_i32, bytes("a"))]),
        r#"{"-1":#0}"#,
        &["a"],
    );
    round_trip(
        BTreeMap::from([(true, bytes("a"))]),
        r#"{"true":#0}"#,
        &["a"],
    );
    round_trip(
        BTreeMap::from([('ä', Some(bytes("a")))]),
        r#"{"ä":#0}"#,
        &["a"],
    );
    let file = |thumbnail| File {
        name: "\"n\"\n".into(),
        content: bytes("c"),
        thumbnail,
    };
    round_trip(
        file(Some(bytes("t"))),
        r#"{"name":"\"n\"\n","content":#0,"thumbnail":#1}"#,
        &["c", "t"],
    );
    round_trip(
        vec![file(None)],
        r#"[{"name":"\"n\"\n","content":#0,"thumbnail":null}]"#,
        &["c"],
    );
}

#[test]
fn bytes_are_attachments_in_enums_of_every_representation() {
    round_trip((External::Unit, bytes("x")), r#"["Unit",#0]"#, &["x"]);
    round_trip(External::Newtype(bytes("a")), r#"{"Newtype":#0}"#, &["a"]);
    round_trip(
        External::Tuple(1, bytes("a")),
        r#"{"Tuple":[1,#0]}"#,
        &["a"],
    );
    round_trip(
        External::Struct { data: bytes("a") },
        r#"{"Struct":{"data":#0}}"#,
        &["a"],
    );

    round_trip(
        (Internal::Empty, bytes("x")),
        r#"[{"type":"Empty"},#0]"#,
        &["x"],
    );
    round_trip(
        Internal::Struct {
            data: bytes("a"),
            list: vec![bytes("b")],
        },
        r#"{"type":"Struct","data":#0,"list":[#1]}"#,
        &["a", "b"],
    );

    round_trip(
        Adjacent::Newtype(bytes("a")),
        r#"{"type":"Newtype","content":#0}"#,
        &["a"],
    );
    round_trip(
        Adjacent::Struct { data: bytes("a") },
        r#"{"type":"Struct","content":{"data":#0}}"#,
        &["a"],
    );
    let content_first = args(r#"["e",{"content":#0,"type":"Newtype"}]"#, 1);
    assert_eq!(
        take::<Adjacent>(&content_first),
        Adjacent::Newtype(bytes("0"))
    );

    round_trip(
        vec![Untagged::Number(1), Untagged::Data(bytes("b"))],
        "[1,#0]",
        &["b"],
    );
    round_trip(
        Untagged::Deep {
            inner: vec![bytes("a"), bytes("b")],
        },
        r#"{"inner":[#0,#1]}"#,
        &["a", "b"],
    );

    round_trip(
        Flat {
            id: 1,
            rest: Inner { data: bytes("a") },
        },
        r#"{"id":1,"data":#0}"#,
        &["a"],
    );
}

#[test]
fn several_arguments_share_the_numbering() {
    let written = Args::from_serialize(Some("e"), &(bytes("a"), vec![bytes("b")], 1, bytes("c")));
    let written = written.unwrap();
    assert_eq!(
        written.as_json(),
        args(r#"["e",#0,[#1],1,#2]"#, 3).as_json()
    );
    assert_eq!(written.attachments(), ["a", "b", "c"]);

    let written = Args::from_serialize(None, &bytes("a")).unwrap();
    assert_eq!(written.as_json(), format!("[{}]", placeholder(0)));

    let more = written.with_appended(&bytes("b")).unwrap();
    assert_eq!(
        more.as_json(),
        format!("[{},{}]", placeholder(0), placeholder(1))
    );
    assert_eq!(more.attachments(), ["a", "b"]);
}

#[test]
fn placeholders_can_be_in_any_order() {
    let args = args(
        r#"["e",#1,{"num":0,"_placeholder":true},{ "_placeholder" : true , "num" : 1 }]"#,
        3,
    );
    assert_eq!(take::<Bytes>(&args), "1");
    assert_eq!(
        take::<(Bytes, Bytes, Bytes)>(&args),
        (bytes("1"), bytes("0"), bytes("1"))
    );
    assert_eq!(args.len(), 3);
}

#[test]
fn bytes_can_be_borrowed() {
    let args = args(r#"["e",#0]"#, 1);
    let borrowed: &[u8] = args.deserialize().unwrap();
    assert_eq!(borrowed.as_ptr(), args.attachments()[0].as_ptr());
}

#[test]
fn a_type_that_accepts_any_json_keeps_the_placeholder() {
    let args = args(r#"["e",{"a":[#0]},#1]"#, 2);
    let kept = json!({"_placeholder": true, "num": 0});
    assert_eq!(take::<Value>(&args), json!({"a": [kept]}));
    assert_eq!(take::<HashMap<String, Value>>(&args)["a"], json!([kept]));
    assert_eq!(take::<(Value, Bytes)>(&args).1, "1");
    assert_eq!(
        take::<Box<RawValue>>(&args).get(),
        format!(r#"{{"a":[{}]}}"#, placeholder(0))
    );
    assert_eq!(args.get(1), Some(&*placeholder(1)));
    let maps: (IgnoredAny, HashMap<String, u8>) = match args.deserialize() {
        Ok(maps) => maps,
        Err(error) => return assert!(error.to_string().contains("boolean"), "{error}"),
    };
    panic!("{maps:?}");
}

#[test]
fn without_attachments_a_placeholder_is_data() {
    let args = args(r#"["e",#0]"#, 0);
    assert_eq!(
        take::<Value>(&args),
        json!({"_placeholder": true, "num": 0})
    );
    assert!(args.deserialize::<Bytes>().is_err());
}

#[test]
fn other_values_are_read_as_usual_beside_attachments() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Everything<'a> {
        bool: bool,
        int: i64,
        float: f64,
        char: char,
        text: String,
        #[serde(borrow)]
        borrowed: &'a str,
        unit: (),
        option: Option<u8>,
        none: Option<u8>,
        tuple: (u8, u8),
        from_list: Pair,
        map: HashMap<u8, Vec<u8>>,
        list_as_bytes: Bytes,
        text_as_bytes: Bytes,
        #[serde(default)]
        absent: u8,
        big: u128,
    }

    let text = r#"["e",{"ignored":[{"x":"]}"}], "bool":true,"int":-5,"float":1.5e3,"char":"é",
        "text":"a\n\u00e9","borrowed":"b","unit":null,"option":1,"none":null,"tuple":[1,2],
        "from_list":[1,#0],"map":{"1":[2]},"list_as_bytes":[1,2],"text_as_bytes":"ab",
        "big":340282366920938463463374607431768211455}]"#;
    let args = args(text, 1);
    let read: Everything<'_> = args.deserialize().unwrap();
    assert_eq!(
        read,
        Everything {
            bool: true,
            int: -5,
            float: 1500.0,
            char: 'é',
            text: "a\né".into(),
            borrowed: "b",
            unit: (),
            option: Some(1),
            none: None,
            tuple: (1, 2),
            from_list: Pair(1, bytes("0")),
            map: HashMap::from([(1, vec![2])]),
            list_as_bytes: Bytes::from_static(&[1, 2]),
            text_as_bytes: bytes("ab"),
            absent: 0,
            big: u128::MAX,
        }
    );
}

#[test]
fn other_values_are_checked_beside_attachments() {
    let refuse = |json: &str| {
        args(json, 1)
            .deserialize::<(Bytes, Inner, u8)>()
            .unwrap_err()
    };
    let error = refuse(r##"["e",#0,{"data":1},1]"##);
    assert_eq!(error.argument(), Some(1));
    assert!(
        refuse(r##"["e",#0,{},1]"##)
            .to_string()
            .contains("missing field `data`")
    );
    assert!(refuse(r##"["e",#0,{"data":#0}]"##).is_missing());
    assert!(
        refuse(r##"["e",#0,{"data":#0},"1"]"##)
            .to_string()
            .contains("string \"1\"")
    );
    assert!(
        refuse(r##"["e",#0,{"data":#0},#0]"##)
            .to_string()
            .contains("map")
    );
    assert!(
        refuse(r##"["e",#0,[#0,1],1]"##)
            .to_string()
            .contains("more elements")
    );
    let two = args(r##"["e",[1,2,3],#0]"##, 1);
    assert!(two.deserialize::<((u8, u8), Bytes)>().is_err());
    assert!(two.deserialize::<(External, Bytes)>().is_err());
    let keys = args(r##"["e",{"a":1," 1":1},#0]"##, 1);
    assert!(keys.deserialize::<HashMap<u8, u8>>().is_err());
    let two_variants = args(r##"["e",{"Newtype":#0,"Unit":null}]"##, 1);
    assert!(two_variants.deserialize::<External>().is_err());
}

#[test]
fn reading_has_a_recursion_limit() {
    #[derive(Debug, Deserialize)]
    struct Nested(#[expect(dead_code, reason = "only its depth matters")] Vec<Nested>);

    let nested = |levels: usize| {
        let json = format!(r##"["e",{}{},#0]"##, "[".repeat(levels), "]".repeat(levels));
        let limits = DecodeLimits::default().with_max_depth(usize::MAX);
        let json = json.replace("#0", &placeholder(0)).into();
        let parts = vec![bytes("a")];
        Packet::from_parts(
            PacketType::Event,
            Namespace::MAIN,
            None,
            json,
            parts,
            &limits,
        )
        .unwrap()
        .payload
    };
    assert!(nested(127).deserialize::<Nested>().is_ok());
    assert!(nested(128).deserialize::<Nested>().is_err());
    assert!(nested(500_000).deserialize::<Nested>().is_err());
    assert!(nested(500_000).deserialize::<Value>().is_err());
    assert_eq!(
        nested(500_000)
            .deserialize::<(IgnoredAny, Bytes)>()
            .unwrap()
            .1,
        "a"
    );
}

fn any_file() -> impl Strategy<Value = File> {
    let data = || vec(any::<u8>(), 0..40).prop_map(Bytes::from);
    (any::<String>(), data(), proptest::option::of(data())).prop_map(
        |(name, content, thumbnail)| File {
            name,
            content,
            thumbnail,
        },
    )
}

proptest! {
    #[test]
    fn written_files_are_read_back(
        files in vec(any_file(), 0..5),
        map in proptest::collection::btree_map(any::<String>(), any_file(), 0..3),
        text: String,
    ) {
        let value = (files, text, map);
        let written = Args::from_serialize(Some("e"), &value).unwrap();
        prop_assert_eq!(take::<(Vec<File>, String, BTreeMap<String, File>)>(&written), value);
    }

    /// Arguments with attachments use a different reader, which must read JSON as serde_json does.
    #[test]
    fn attachments_do_not_change_how_json_is_read(
        json in r#"(\[|\]|\{"k":|\{"1":|\}|,|"a"|"\\u00e9"|-?[0-9]{1,2}|[0-9]\.5|true|null| ){0,10}"#,
    ) {
        let limits = DecodeLimits::default();
        let plain = format!(r#"["e",{json}]"#);
        let binary = format!(r#"["e",{json}]"#);
        let read = |json: String, parts| {
            Packet::from_parts(PacketType::Event, Namespace::MAIN, None, json.into(), parts, &limits)
        };
        let (Ok(plain), Ok(binary)) = (read(plain, vec![]), read(binary, vec![bytes("x")])) else {
            return Ok(());
        };
        let (plain, binary) = (plain.payload, binary.payload);
        macro_rules! same {
            ($($type:ty),*) => {$(
                prop_assert_eq!(
                    plain.deserialize::<$type>().map_err(|error| error.argument()),
                    binary.deserialize::<$type>().map_err(|error| error.argument())
                );
            )*};
        }
        same!(
            Value, (Value, Value), Option<Value>, Vec<Value>, HashMap<String, Value>, String, f64,
            HashMap<u8, Option<u8>>, Vec<Vec<u8>>, (u8, String), bool, (), External, Untagged, Flat,
            Pair, Wrapper, Bytes
        );
    }
}
