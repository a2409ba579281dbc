use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;

const PLAIN: ScanLimits = ScanLimits {
    depth: usize::MAX,
    attachments: 0,
};

fn scan(text: &str) -> Result<(), ScanError> {
    scan_value(text, PLAIN).map(drop)
}

#[test]
fn json_is_accepted() {
    for text in [
        "0",
        "-0",
        "-0.0e-0",
        "12.50E+007",
        "1e999",
        "true",
        "false",
        "null",
        r#""""#,
        r#""\"\\\/\b\f\n\r\t\u00Ff""#,
        r#""\ud800 alone""#,
        "\"\u{7f}é😀\"",
        "[]",
        "{}",
        "[ ]\t",
        "[1 , [ ] ,{ } ]\r\n",
        r#"{"a":1,"a":{"b":[null]}}"#,
        "{ \"\" :\n\"x\" }",
    ] {
        assert_eq!(scan(text), Ok(()), "{text}");
    }
}

#[test]
fn invalid_json_is_rejected() {
    for text in [
        "",
        " ",
        " 1",
        "\t[]",
        "1 2",
        "01",
        "-",
        "-a",
        "1.",
        ".1",
        "1e",
        "1e+",
        "+1",
        "0x1",
        "tru",
        "truee",
        "True",
        "nul",
        "NaN",
        "\"",
        "\"a",
        "\"\\\"",
        r#""\x""#,
        r#""\u12g4""#,
        r#""\u123"#,
        "\"\n\"",
        "\"\0\"",
        "'a'",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 1]",
        "]",
        "[}",
        "[1}",
        "{",
        "{1:1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1,1}",
        "{\"a\" 1}",
        "{,}",
        "{]",
        "{\"a\":1]",
        "[]]",
        "{}}",
        "\u{feff}1",
        "\u{a0}1",
        "// 1",
    ] {
        assert_eq!(scan(text), Err(ScanError::Syntax), "{text:?}");
    }
}

#[test]
fn control_characters_are_rejected_at_every_position_of_a_string() {
    for place in 0..100 {
        let mut text = "x".repeat(100);
        text.replace_range(place..=place, "\u{1f}");
        assert_eq!(
            scan(&format!("\"{text}\"")),
            Err(ScanError::Syntax),
            "at {place}"
        );
        text.replace_range(place..=place, "\"");
        assert_eq!(
            scan(&format!("\"{text}\"")),
            Err(ScanError::Syntax),
            "at {place}"
        );
        text.replace_range(place..=place, " ");
        assert_eq!(scan(&format!("\"{text}\"")), Ok(()), "at {place}");
    }
}

#[test]
fn the_depth_limit_is_exact() {
    for depth in [1, 2, 63, 64, 65, 127, 128, 129, 200] {
        let limits = ScanLimits { depth, ..PLAIN };
        let nested = |levels: usize| {
            let (mut open, mut close) = (String::new(), String::new());
            for level in 0..levels {
                open.push_str(if level % 3 == 0 { "{\"k\":" } else { "[" });
                close.insert(0, if level % 3 == 0 { '}' } else { ']' });
            }
            format!("{open}1{close}")
        };
        assert!(scan_value(&nested(depth), limits).is_ok(), "{depth}");
        assert_eq!(
            scan_value(&nested(depth + 1), limits),
            Err(ScanError::TooDeep),
            "{depth}"
        );
        // Siblings are not nested.
        let wide = format!("[{}1]", "[],{},".repeat(1000));
        assert_eq!(scan_value(&wide, limits).is_ok(), depth > 1, "{depth}");
    }
}

#[test]
fn deep_nesting_does_not_recurse() {
    let levels = 1_000_000;
    let text = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(scan(&text), Ok(()));
    assert_eq!(scan(&text[1..]), Err(ScanError::Syntax));
}

#[test]
fn the_event_name_is_found() {
    let name = |text: &'static str| {
        let name = scan_event(text, PLAIN)?.name.unwrap();
        Ok((&text[..name.end], name.is_plain))
    };
    assert_eq!(name(r#"["a",1]"#), Ok((r#"["a""#, true)));
    assert_eq!(name(r#"[ "a",1]"#), Ok((r#"[ "a""#, false)));
    assert_eq!(name(r#"[ "a\"]" ]"#), Ok((r#"[ "a\"]""#, false)));
    assert_eq!(name("[-1.5e3 ,{}]"), Ok(("[-1.5e3", false)));
    for text in [
        "",
        "[",
        "[]",
        "[null]",
        "[true]",
        "[[\"a\"]]",
        "[{}]",
        "{}",
        "\"a\"",
        "[\"a\"",
        "[\"a\",]",
        "[\"a\"]]",
        "[\"a\" 1]",
        " [\"a\"]",
        "[\"a\",1}",
    ] {
        assert_eq!(name(text), Err(ScanError::Syntax), "{text}");
    }
}

#[test]
fn the_end_of_a_plain_first_argument_is_found() {
    let args = |array: &'static str| {
        scan_args(array, PLAIN)
            .unwrap()
            .plain_end
            .map(|end| &array[..end])
    };
    assert_eq!(args(r#"["a"]"#), Some(r#"["a""#));
    assert_eq!(args(r#"["" ,"b"]"#), Some(r#"["""#));
    assert_eq!(args(r#"["é", "b\n"]"#), Some(r#"["é""#));
    for other in ["[]", r#"["a\n"]"#, r#"[1,"a"]"#, r#"[["a"]]"#, r#"[ "a"]"#] {
        assert_eq!(args(other), None, "{other}");
    }
    let event = |array: &'static str| {
        scan_event(array, PLAIN)
            .unwrap()
            .plain_end
            .map(|end| &array[..end])
    };
    assert_eq!(event(r#"["e","a"]"#), Some(r#"["e","a""#));
    assert_eq!(event(r#"[ 7,"a" ,1]"#), Some(r#"[ 7,"a""#));
    for other in [
        r#"["e"]"#,
        r#"["e" ,"a"]"#,
        r#"["e", "a"]"#,
        r#"["e","\n"]"#,
        r#"["e",1,"a"]"#,
    ] {
        assert_eq!(event(other), None, "{other}");
    }
}

#[test]
fn arguments_must_be_an_array() {
    for text in [
        "", "[", "[]]", "[],", "{}", "\"a\"", " []", "[,]", "[\"a\",]", "[\"a\"}", "[1",
    ] {
        assert_eq!(scan_args(text, PLAIN), Err(ScanError::Syntax), "{text}");
    }
}

#[test]
fn placeholders_are_checked_only_with_attachments() {
    let two = ScanLimits {
        depth: 3,
        attachments: 2,
    };
    for (json, among_two) in [
        (r#"[{"_placeholder":true,"num":1}]"#, Ok(())),
        (
            r#"[{"num":0,"_placeholder":true},{"_placeholder":true,"num":0}]"#,
            Ok(()),
        ),
        (
            r#"[{"_placeholder":true,"num":2}]"#,
            Err(ScanError::Placeholder),
        ),
        (
            r#"[{"_placeholder":true,"num":-1}]"#,
            Err(ScanError::Placeholder),
        ),
        (
            r#"[{"_placeholder":true,"num":0.0}]"#,
            Err(ScanError::Placeholder),
        ),
        (
            r#"[{"_placeholder":true,"num":"splice"}]"#,
            Err(ScanError::Placeholder),
        ),
        (r#"[{"_placeholder":true}]"#, Err(ScanError::Placeholder)),
        (
            r#"[{"a":1,"_placeholder" : true}]"#,
            Err(ScanError::Placeholder),
        ),
        (r#"[{"_placeholder":false,"num":9}]"#, Ok(())),
        (r#"[{"_placeholder":"true","num":9}]"#, Ok(())),
        (r#"[{"num":9}]"#, Ok(())),
        (r#"["_placeholder",true]"#, Ok(())),
    ] {
        assert_eq!(scan_value(json, two).map(drop), among_two, "{json}");
        assert_eq!(scan(json), Ok(()), "{json}");
    }
    let deep = r#"[[[{"_placeholder":true,"num":0}]]]"#;
    assert_eq!(scan_value(deep, two), Err(ScanError::TooDeep));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(serde_json::json!({"_placeholder": true, "num": 0})),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Whether serde_json accepts a text without leading white space.
fn is_json(text: &str) -> bool {
    !text.starts_with([' ', '\t', '\n', '\r']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn output_of_serde_json_is_accepted(value in any_json()) {
        prop_assert_eq!(scan(&value.to_string()), Ok(()));
        prop_assert_eq!(scan(&serde_json::to_string_pretty(&value).unwrap()), Ok(()));
    }

    #[test]
    fn mutated_json_is_accepted_if_serde_json_accepts_it(
        value in any_json(),
        changes in vec((any::<prop::sample::Index>(), r#"[\[\]{},:"\\0-9eE+.\-trufalsn \n\x01é]{0,2}"#), 1..4),
    ) {
        let mut chars: Vec<String> = value.to_string().chars().map(String::from).collect();
        for (place, change) in changes {
            let place = place.index(chars.len());
            chars[place] = change;
        }
        let text = chars.concat();
        prop_assert_eq!(scan(&text).is_ok(), is_json(&text), "{}", text);
    }

    #[test]
    fn any_text_is_accepted_if_serde_json_accepts_it(
        text in r#"([\[\]{},:]|"a"|"\\u?[0-9a-f"]{0,5}|-?[0-9]{1,2}|[.eE+-]|true|null|[ \n\x01é]){0,12}"#,
    ) {
        prop_assert_eq!(scan(&text).is_ok(), is_json(&text), "{}", text);
        let array = format!("[{text}]");
        prop_assert_eq!(scan_args(&array, PLAIN).is_ok(), is_json(&array), "{}", array);
        let event = format!("[1,{text}]");
        prop_assert_eq!(scan_event(&event, PLAIN).is_ok(), is_json(&event), "{}", event);
    }
}
