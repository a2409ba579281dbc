//! The observed behavior of Node's server for single messages (socket.io-parser 4.2.7).
//!
//! It closed the connection, ignored the message, or delivered the packet.

#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

use bytes::Bytes;
use socketio_proto::{DecodeLimits, Decoder, Packet};

#[derive(Debug, PartialEq)]
enum Outcome {
    Closed,
    Ignored,
    Delivered,
}
use Outcome::{Closed, Delivered, Ignored};

/// Decodes a text and the announced number of attachments, and returns the outcome.
fn send(text: &str) -> (Outcome, Option<Packet>) {
    let mut decoder = Decoder::new(DecodeLimits::default());
    let mut read = decoder.decode_text(text.to_owned().into());
    while decoder.is_waiting() && read.is_ok() {
        read = decoder.decode_binary(Bytes::from_static(&[1]));
    }
    match read {
        Err(_) => (Closed, None),
        Ok(None) => (Ignored, None),
        Ok(Some(packet)) => (Delivered, Some(packet)),
    }
}

#[test]
fn each_message_has_the_same_outcome_as_with_node() {
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    for (case, text, outcome) in [
        ("CONNECT", "0", Delivered),
        ("CONNECT /unknown", "0/unknown,", Delivered),
        ("CONNECT with array payload", "0[]", Closed),
        ("CONNECT with string payload", "0\"a\"", Closed),
        ("CONNECT with null payload", "0null", Closed),
        ("DISCONNECT with payload", "1{}", Closed),
        // The parser accepts it. The server closes the connection, because a client must not send it.
        ("client CONNECT_ERROR", r#"4{"message":"x"}"#, Delivered),
        ("unknown type 7", "7", Closed),
        ("EVENT w/o payload", "2", Ignored),
        ("EVENT []", "2[]", Closed),
        ("EVENT number name", "2[1]", Delivered),
        ("EVENT null name", "2[null]", Closed),
        ("EVENT reserved 'connect'", r#"2["connect"]"#, Closed),
        (
            "EVENT reserved 'disconnecting'",
            r#"2["disconnecting"]"#,
            Closed,
        ),
        ("EVENT 'error' name", r#"2["error"]"#, Delivered),
        ("EVENT 'connection' name", r#"2["connection"]"#, Delivered),
        ("ACK unknown id", "3999[]", Delivered),
        ("ACK w/o id", "3[]", Delivered),
        ("ACK w/o payload", "31", Ignored),
        ("BINARY 0 attachments", r#"50-["echo",1]"#, Closed),
        ("BINARY 10 attachments", r#"510-["echo",1]"#, Delivered),
        ("BINARY 11 attachments", r#"511-["echo",1]"#, Closed),
        ("BINARY no dash", r#"51["echo",1]"#, Closed),
        ("BINARY 1.5", r#"51.5-["echo",1]"#, Closed),
        ("BINARY -1", r#"5-1-["echo",1]"#, Closed),
        ("BINARY empty count", r#"5-["echo",1]"#, Closed),
        (
            "BINARY bad num",
            r#"51-["echo",{"_placeholder":true,"num":1}]"#,
            Closed,
        ),
        (
            "BINARY str num",
            r#"51-["echo",{"_placeholder":true,"num":"splice"}]"#,
            Closed,
        ),
        (
            "BINARY same placeholder twice",
            &format!(r#"51-["echo",{placeholder},{placeholder}]"#),
            Delivered,
        ),
        ("BINARY none placeholder", r#"51-["echo","x"]"#, Delivered),
        (
            "EVENT w/ placeholder no binary",
            &format!(r#"2["echo",{placeholder}]"#),
            Delivered,
        ),
        ("nsp with query", "0/?a=b,", Delivered),
        ("nsp w/o comma", "0/", Delivered),
        (
            "__proto__ key",
            r#"2["echo",{"__proto__":{"a":1},"constructor":1}]"#,
            Delivered,
        ),
        ("ack id leading zeros", r#"20001["echo",1]"#, Delivered),
        (
            "JSON dup keys/float",
            r#"2["echo",{"a":1,"a":2},1.0,1e3,-0,1e400]"#,
            Delivered,
        ),
        ("JSON lone surrogate", r#"2["echo","\ud800"]"#, Delivered),
        ("JSON nul char", r#"2["echo","\u0000a"]"#, Delivered),
    ] {
        assert_eq!(send(text).0, outcome, "{case}");
    }
}

#[test]
fn numbers_that_only_javascript_accepts_are_rejected() {
    // Node reads the first two as one attachment, the id of the third as NaN, and rounds the last.
    for text in [
        r#"5 1-["echo",1]"#,
        r#"51e0-["echo",1]"#,
        r#"21 2["echo",1]"#,
        r#"2123456789012345678901["echo",1]"#,
    ] {
        assert_eq!(send(text).0, Closed, "{text}");
    }
}

#[test]
fn numbers_in_payloads_are_relayed_as_written() {
    for json in [
        r#"["echo",{"__proto__":{"a":1},"constructor":1}]"#,
        r#"["echo",{"a":1,"a":2},1.0,1e3,-0,12345678901234567890]"#,
        r#"["echo","\ud800"]"#,
    ] {
        let packet = send(&format!("2{json}")).1.unwrap();
        let mut text = String::new();
        socketio_proto::encode_packet(&mut text, &packet);
        assert_eq!(text, format!("2{json}"));
    }
}

/// Node's parser counts blanks to the id: `Number(" ")` is 0. Those after the payload are JSON.
#[test]
fn blanks_around_the_id_and_the_payload_are_read_as_in_node() {
    for (text, id) in [
        (r#"2 ["echo"]"#, Some(0)),
        ("2\r\n[\"echo\"]\n", Some(0)),
        ("2\u{feff}[\"echo\"]", Some(0)),
        (r#"2 1["echo"]"#, Some(1)),
        (r#"21 ["echo"] "#, Some(1)),
        (r#"2/chat, 1 ["echo"]"#, Some(1)),
        (r#"2["echo"] "#, None),
        (r#"2[ "echo" ]"#, None),
        ("3 1 [ ]\n", Some(1)),
        ("3 []", Some(0)),
        (r#"51- ["echo"]"#, Some(0)),
        (r#"61-/chat,7 ["echo"]"#, Some(7)),
        (r#"0 {"a":1}"#, Some(0)),
        (r#"0/chat, {"a":1} "#, Some(0)),
        ("0\n", Some(0)),
        ("0/chat,\r\n", Some(0)),
        ("1\n", Some(0)),
        (r#"4 "text""#, Some(0)),
    ] {
        let (outcome, packet) = send(text);
        assert_eq!(outcome, Delivered, "{text:?}");
        let packet = packet.unwrap();
        assert_eq!(packet.id, id, "{text:?}");
        assert!(!packet.payload.as_json().starts_with(' '), "{text:?}");
    }
    for text in ["2 ", "2\n", "31 ", "2/chat, 1 "] {
        assert_eq!(send(text).0, Ignored, "{text:?}");
    }
    for text in [
        // Only blanks of JSON may follow the payload.
        "2[\"echo\"]\u{b}",
        "2[\"echo\"]\u{a0}",
        // No blank for JavaScript.
        "2\u{85}[\"echo\"]",
        "1 {}",
        "0 []",
        " 2[\"echo\"]",
        r#"2 /chat,["echo"]"#,
        r#"2 9007199254740992["echo"]"#,
    ] {
        assert_eq!(send(text).0, Closed, "{text:?}");
    }
}
