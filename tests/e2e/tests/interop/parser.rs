//! Compares the decoder with Node's parser, with generated texts: blanks, ids and payloads.

use std::process::Stdio;

use bytes::Bytes;
use e2e::clients::parser_script;
use serde_json::{Value, json};
use socketio::parser::{DecodeLimits, JsonParser, Message, Packet, Parser as _};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// The number of compared texts.
const TEXTS: usize = 20_000;

const BLANKS: &[&str] = &[
    "", "", "", " ", "\t", "\r\n", "\n", "  ", "\u{b}", "\u{a0}", "\u{feff}", "\u{2028}", "\u{85}",
    "\0",
];
const KINDS: &[&str] = &["0", "1", "2", "3", "4", "51-", "61-", "7", "8"];
const NAMESPACES: &[&str] = &["", "", "/a,", "/a", "/,"];
const IDS: &[&str] = &["", "", "7", "007", "1 2", "-1", "9007199254740991"];
const PAYLOADS: &[&str] = &[
    "",
    r#"["x"]"#,
    r#"["x"]"#,
    r#"[ "x" ,{"a" :1}] "#,
    r#"{"a":1}"#,
    r#" { "a" : [] }"#,
    r#""text""#,
    r#""\ud83d""#,
    r#"["\ud83d",{"\udc00":"\ud83d\ude00"}]"#,
    "[]",
    "[ ]",
    "[1]",
    "null",
    "[null]",
    r#"["connect"]"#,
    r#"["x""#,
    r#"["x"]]"#,
];

/// A generator of indices, so that the texts are the same in each run.
struct Generator(u64);

impl Generator {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        // The constants are those of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        let index = usize::try_from(self.0 >> 33).expect("31 bits") % from.len();
        from[index]
    }
}

#[tokio::test]
async fn texts_are_decoded_as_in_node() {
    let Some(script) = parser_script("parser.mjs") else {
        return;
    };
    let mut random = Generator(1);
    let texts: Vec<String> = (0..TEXTS)
        .map(|_| {
            [
                random.pick(KINDS),
                random.pick(NAMESPACES),
                random.pick(BLANKS),
                random.pick(IDS),
                random.pick(BLANKS),
                random.pick(PAYLOADS),
                random.pick(BLANKS),
            ]
            .concat()
        })
        .collect();
    let lines: String = texts
        .iter()
        .map(|text| json!(text).to_string() + "\n")
        .collect();

    let mut node = Command::new("node");
    node.arg(script).kill_on_drop(true);
    node.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().expect("node is installed");
    let mut stdin = node.stdin.take().expect("stdin is piped");
    let feed = async move { stdin.write_all(lines.as_bytes()).await.ok() };
    let (output, _) = tokio::join!(node.wait_with_output(), feed);
    let output = String::from_utf8(output.expect("an output").stdout).expect("text");
    let answers: Vec<&str> = output.lines().collect();
    assert_eq!(answers.len(), TEXTS);

    let mut accepted = 0;
    for (text, node) in texts.iter().zip(answers) {
        let ours = decode(text);
        if node == "error" {
            assert!(ours.is_err(), "{text:?} is accepted: {ours:?}");
            continue;
        }
        let node: Value = serde_json::from_str(&replace_surrogates(node)).expect("JSON");
        if node["id"] == Value::Null && node.get("id").is_some() {
            // An id that is not a number: the deviation "ack id with a blank between digits".
            assert!(ours.is_err(), "{text:?} is accepted: {ours:?}");
            continue;
        }
        let ours = ours.unwrap_or_else(|error| panic!("{text:?} is rejected: {error}"));
        accepted += 1;
        match (node["type"].as_u64(), node.get("data"), ours) {
            // Without a payload, there is nothing to deliver.
            (Some(2 | 3 | 5 | 6), None, None) => {}
            (_, _, Some(packet)) => assert_eq!(describe(&packet, &node), node, "{text:?}"),
            (_, _, None) => panic!("{text:?} is ignored"),
        }
    }
    assert!(accepted > TEXTS / 20, "only {accepted} texts are valid");
}

/// Decodes a text, and the attachments that the packet announces.
fn decode(text: &str) -> Result<Option<Packet>, String> {
    let mut decoder = JsonParser.decoder(DecodeLimits::default().into());
    let message = Message::Text(text.to_owned().into());
    let mut decoded = decoder.decode(message);
    while decoder.is_waiting() && decoded.is_ok() {
        decoded = decoder.decode(Message::Binary(Bytes::from_static(b"1")));
    }
    decoded.map_err(|error| error.to_string())
}

/// Describes a packet like Node's parser. `node` has the type, which differs for packets with attachments.
fn describe(packet: &Packet, node: &Value) -> Value {
    let kind = match node["type"].as_u64() {
        Some(5) => 2,
        Some(6) => 3,
        kind => kind.unwrap_or_default(),
    };
    assert_eq!(u64::from(packet.kind.number()), kind);
    let mut described = json!({ "type": node["type"], "nsp": packet.namespace.as_str() });
    if let Some(id) = packet.id {
        described["id"] = id.into();
    }
    if !packet.payload.as_json().is_empty() {
        let data = packet.payload.deserialize_payload::<Value>();
        described["data"] = data.expect("any value");
    }
    described
}

/// Replaces the escapes of lone surrogates, which `JSON.stringify` writes in lower case.
fn replace_surrogates(json: &str) -> String {
    // JSON contains no NUL, so it can stand for an escaped backslash meanwhile.
    json.replace(r"\\", "\0")
        .replace(r"\ud83d", r"\ufffd")
        .replace(r"\udc00", r"\ufffd")
        .replace('\0', r"\\")
}
