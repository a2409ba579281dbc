//! Compares MessagePack with Node's parser: each side decodes generated packets of the other.

use std::process::{Output, Stdio};

use bytes::Bytes;
use e2e::clients::msgpack_script;
use serde_json::Value;
use socketio::parser::{DecodeLimits, MsgpackParser};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const PACKETS: &str = "1000";

/// A packet in the output of the script.
struct Line<'a> {
    bytes: Bytes,
    json: &'a str,
    attachments: Vec<Bytes>,
    /// Whether all its values have only one encoding.
    is_exact: bool,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let columns: Vec<&str> = line.split('\t').collect();
        let [bytes, json, attachments, is_exact] = columns[..] else {
            panic!("expected four columns: {line}");
        };
        let count = json.matches(r#"{"_placeholder":true,"#).count();
        Self {
            bytes: bytes_of(bytes),
            json,
            attachments: attachments.split(',').take(count).map(bytes_of).collect(),
            is_exact: is_exact == "true",
        }
    }
}

#[tokio::test]
async fn packets_are_decoded_and_encoded_as_in_node() {
    let Some(script) = msgpack_script("notepack.mjs") else {
        return;
    };
    let node = || {
        let mut node = Command::new("node");
        node.arg(&script).kill_on_drop(true);
        node
    };
    // The script sends more attachments than the default limit allows.
    let limits = DecodeLimits::default().with_max_attachments(1000);
    let mut written = String::new();
    for seed in ["1", "2", "3"] {
        let mut generate = node();
        let generated = generate.args(["generate", PACKETS, seed]).output().await;
        for line in text(generated).lines() {
            let expected = Line::read(line);
            let packet = MsgpackParser::decode(&expected.bytes, &limits)
                .unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_same(packet.payload.as_json(), expected.json);
            assert_eq!(packet.payload.attachments(), expected.attachments, "{line}");

            let bytes = MsgpackParser::encode(&packet).expect("a small packet");
            if expected.is_exact {
                assert_eq!(bytes, expected.bytes, "{line}");
            }
            let attachments: Vec<String> = expected.attachments.iter().map(hex).collect();
            let columns = [hex(&bytes), expected.json.to_owned(), attachments.join(",")];
            written.push_str(&columns.join("\t"));
            written.push('\n');
        }
    }

    let mut check = node();
    check.arg("check");
    check
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut check = check.spawn().expect("node is installed");
    let mut stdin = check.stdin.take().expect("stdin is piped");
    let feed = async move {
        stdin.write_all(written.as_bytes()).await.ok();
    };
    let (checked, ()) = tokio::join!(check.wait_with_output(), feed);
    assert_eq!(text(checked), "ok 3000\n");
}

fn text(output: std::io::Result<Output>) -> String {
    let output = output.expect("node is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{errors}{}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

/// Asserts that JSON values are equal, comparing numbers by value.
fn assert_same(ours: &str, node: &str) {
    let parse = |json: &str| serde_json::from_str::<Value>(json).expect("JSON");
    assert!(
        is_same(&parse(ours), &parse(node)),
        "Node decodes {node} instead of {ours}"
    );
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| is_same(one, other)))
        }
        _ => one == other,
    }
}

fn hex(bytes: &Bytes) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(hex: &str) -> Bytes {
    let digits: Vec<u32> = hex.chars().filter_map(|char| char.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits are a byte"))
        .collect()
}
