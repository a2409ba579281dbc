//! The JSON of arguments equals that of `serde_json` byte by byte.

#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

use std::collections::BTreeMap;
use std::fmt;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use socketio_proto::{Args, EncodeError};

/// Returns the JSON of a value as the only argument.
fn written<T: Serialize + ?Sized>(value: &T) -> Result<String, EncodeError> {
    let args = Args::from_serialize(None, &(value,))?;
    Ok(args.get(0).unwrap().to_owned())
}

fn assert_same<T: Serialize + ?Sized>(value: &T) {
    match (written(value), serde_json::to_string(value)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
        (Err(ours), Err(theirs)) => {
            let (ours, theirs) = (ours.to_string(), theirs.to_string());
            assert!(ours.contains(&theirs), "{ours} / {theirs}");
        }
        (ours, theirs) => panic!("{ours:?} / {theirs:?}"),
    }
}

#[derive(Clone, Debug, Serialize)]
struct Unit;

#[derive(Clone, Debug, Serialize)]
struct Newtype(Vec<Any>);

#[derive(Clone, Debug, Serialize)]
struct Pair(Box<Any>, u8);

#[derive(Clone, Debug, Serialize)]
struct Nothing();

#[derive(Clone, Debug, Serialize)]
struct Empty {}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
enum Kind {
    A,
    #[serde(rename = "b\"\n")]
    B,
}

/// A value of every serde type except bytes.
#[derive(Clone, Debug, Serialize)]
enum Any {
    Unit,
    Nothing(Nothing),
    Empty(Empty),
    Bool(bool),
    Signed(i8, i16, i32, i64, i128),
    Unsigned(u8, u16, u32, u64, u128),
    Floats {
        single: f32,
        double: f64,
    },
    Char(char),
    Text(String),
    Shown(Shown),
    Option(Option<Box<Any>>),
    UnitStruct(Unit),
    Newtype(Newtype),
    Pair(Pair),
    Kind(Kind),
    Texts(BTreeMap<String, Any>),
    Numbers(BTreeMap<i64, Kind>),
    Kinds(BTreeMap<Kind, ()>),
    Struct {
        #[serde(rename = "né\\")]
        first: Box<Any>,
        #[serde(skip_serializing_if = "Option::is_none")]
        second: Option<u8>,
    },
}

/// A value that displays its pieces one by one.
#[derive(Clone, Debug)]
struct Shown(Vec<String>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| f.write_str(piece))
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Short and long strings, with and without characters that must be escaped.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,40}",
        "[ -~é€😀]{0,20}",
        "(.|[\"\\\\\u{0}-\u{20}\u{7f}]){0,40}",
    ]
}

fn any_value() -> impl Strategy<Value = Any> {
    let kind = || prop_oneof![Just(Kind::A), Just(Kind::B)];
    let leaf = prop_oneof![
        Just(Any::Unit),
        Just(Any::UnitStruct(Unit)),
        Just(Any::Nothing(Nothing())),
        Just(Any::Empty(Empty {})),
        any::<bool>().prop_map(Any::Bool),
        any::<(i8, i16, i32, i64, i128)>().prop_map(|(a, b, c, d, e)| Any::Signed(a, b, c, d, e)),
        any::<(u8, u16, u32, u64, u128)>().prop_map(|(a, b, c, d, e)| Any::Unsigned(a, b, c, d, e)),
        (
            proptest::num::f32::ANY,
            prop_oneof![proptest::num::f64::ANY, any::<i32>().prop_map(f64::from)]
        )
            .prop_map(|(single, double)| Any::Floats { single, double }),
        any::<char>().prop_map(Any::Char),
        text().prop_map(Any::Text),
        vec(text(), 0..4).prop_map(|pieces| Any::Shown(Shown(pieces))),
        kind().prop_map(Any::Kind),
        btree_map(any::<i64>(), kind(), 0..3).prop_map(Any::Numbers),
        btree_map(kind(), Just(()), 0..3).prop_map(Any::Kinds),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            proptest::option::of(boxed()).prop_map(Any::Option),
            vec(inner.clone(), 0..5).prop_map(|values| Any::Newtype(Newtype(values))),
            (boxed(), any::<u8>()).prop_map(|(value, number)| Any::Pair(Pair(value, number))),
            btree_map(text(), inner.clone(), 0..4).prop_map(Any::Texts),
            (boxed(), any::<Option<u8>>())
                .prop_map(|(first, second)| Any::Struct { first, second }),
        ]
    })
}

proptest! {
    #[test]
    fn json_equals_that_of_serde_json(value in any_value()) {
        assert_same(&value);
        // `serde_json::Value` cannot represent some integers.
        if let Ok(value) = serde_json::to_value(&value) {
            assert_same(&value);
            assert_same(&to_raw_value(&value).unwrap());
        }
    }
}

#[test]
fn keys_are_strings_numbers_or_booleans() {
    assert_same(&BTreeMap::from([(true, 1), (false, 2)]));
    assert_same(&BTreeMap::from([(u128::MAX, 1)]));
    assert_same(&BTreeMap::from([(Some('"'), 1)]));
    for number in [1.0, -0.25, 1e300, f64::NAN, f64::INFINITY] {
        assert_same(&MapWithKey(number));
        assert_same(&MapWithKey(number as f32));
    }
    assert_same(&MapWithKey(Shown(vec!["a\"".into(), "\\".into()])));
    assert_same(&MapWithKey(Some(Kind::B)));

    // These types are invalid keys.
    assert_same(&MapWithKey(()));
    assert_same(&MapWithKey(Unit));
    assert_same(&MapWithKey(None::<String>));
    assert_same(&MapWithKey([1]));
    assert_same(&MapWithKey(vec![1]));
    assert_same(&MapWithKey(Empty {}));
    assert_same(&MapWithKey(Nothing()));
    assert_same(&MapWithKey(json!({})));
    assert_same(&MapWithKey(Any::Char('a')));
    assert_same(&MapWithKey(Any::Signed(1, 1, 1, 1, 1)));
    assert_same(&MapWithKey(Any::Struct {
        first: Box::new(Any::Unit),
        second: None,
    }));
    assert!(written(&MapWithKey(bytes::Bytes::new())).is_err());
}

/// A map with one key.
struct MapWithKey<K>(K);

impl<K: Serialize> Serialize for MapWithKey<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.0, 1)])
    }
}

#[test]
fn raw_json_is_written_unchanged() {
    let raw = RawValue::from_string(r#"{ "a" : [1.0e0, "\u0041"] }"#.into()).unwrap();
    assert_eq!(written(&raw).unwrap(), raw.get());
    assert_eq!(written(&vec![&raw]).unwrap(), format!("[{}]", raw.get()));
}

#[test]
fn a_display_error_is_an_error() {
    struct Failing;

    impl fmt::Display for Failing {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    assert!(written(&Failing).is_err());
}

#[test]
fn a_string_that_equals_the_placeholder_key_is_escaped() {
    for likeness in [
        json!({"_placeholder": true, "num": 0}),
        json!(["_placeholder"]),
    ] {
        let text = written(&likeness).unwrap();
        assert!(!text.contains("_placeholder"), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            likeness
        );
    }
    let shown = MapWithKey(Shown(vec!["_place".into(), "holder".into()]));
    assert_eq!(written(&shown).unwrap(), r#"{"\u005fplaceholder":1}"#);
}
