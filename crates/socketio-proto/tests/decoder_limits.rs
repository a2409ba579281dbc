//! The limits of a decoder.

#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

use bytes::Bytes;
use socketio_proto::{DecodeError, DecodeLimits, Decoder, Namespace, Packet, PacketType};

fn with(change: impl FnOnce(&mut DecodeLimits)) -> Decoder {
    let mut limits = DecodeLimits::default();
    change(&mut limits);
    Decoder::new(limits)
}

fn text(text: &str) -> Result<Option<Packet>, DecodeError> {
    Decoder::default().decode_text(text.to_owned().into())
}

fn packet(message: &str) -> Packet {
    text(message)
        .unwrap()
        .unwrap_or_else(|| panic!("{message} is ignored"))
}

#[test]
fn ten_attachments_are_accepted_by_default() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.decode_text(r#"510-["b"]"#.into()), Ok(None));
    for _ in 1..10 {
        assert_eq!(decoder.decode_binary(Bytes::new()), Ok(None));
    }
    let read = decoder.decode_binary(Bytes::new()).unwrap().unwrap();
    assert_eq!(read.payload.attachments().len(), 10);
    let refused = Err(DecodeError::TooManyAttachments { limit: 10 });
    for count in ["11", "1000000000", "99999999999999999999999999"] {
        assert_eq!(text(&format!(r#"5{count}-["b"]"#)), refused, "{count}");
        assert_eq!(text(&format!("6{count}-[]")), refused, "{count}");
    }
    let refused = Err(DecodeError::TooManyAttachments { limit: 0 });
    assert_eq!(
        with(|l| l.max_attachments = 0).decode_text(r#"51-["b"]"#.into()),
        refused
    );
}

#[test]
fn the_total_size_of_attachments_is_limited() {
    let mut decoder = with(|l| l.max_attachment_bytes = 10);
    assert_eq!(decoder.decode_text(r#"53-["b"]"#.into()), Ok(None));
    assert_eq!(decoder.decode_binary(vec![0; 4].into()), Ok(None));
    assert_eq!(decoder.decode_binary(vec![0; 6].into()), Ok(None));
    assert!(
        decoder
            .clone()
            .decode_binary(Bytes::new())
            .unwrap()
            .is_some()
    );
    let refused = Err(DecodeError::AttachmentsTooLarge { limit: 10 });
    assert_eq!(decoder.decode_binary(vec![0; 1].into()), refused);
    assert!(!decoder.is_waiting());

    assert_eq!(DecodeLimits::default().max_attachment_bytes, 10_000_000);
}

#[test]
fn names_are_limited_in_bytes() {
    let namespace = format!("/{}", "é".repeat(127));
    assert_eq!(namespace.len(), 255);
    assert_eq!(
        packet(&format!("0{namespace}a,")).namespace,
        *format!("{namespace}a")
    );
    let refused = Err(DecodeError::NamespaceTooLong { limit: 256 });
    assert_eq!(text(&format!("0{namespace}ab,")), refused);
    assert_eq!(text(&format!("0{namespace}ab")), refused);

    let event = "x".repeat(256);
    assert_eq!(
        packet(&format!(r#"2["{event}"]"#)).event_name().as_deref(),
        Some(&*event)
    );
    assert!(text(&format!(r#"2["{}"]"#, r"\u0078".repeat(256))).is_ok());
    assert!(text(&format!("2[{}]", "1".repeat(256))).is_ok());
    let refused = Err(DecodeError::EventNameTooLong { limit: 256 });
    assert_eq!(text(&format!(r#"2["{event}x"]"#)), refused);
    assert_eq!(text(&format!(r#"2["{event}\n"]"#)), refused);
    assert_eq!(text(&format!(r#"2["{}"]"#, r"\u0078".repeat(257))), refused);
    assert_eq!(text(&format!("2[{}]", "1".repeat(257))), refused);
}

#[test]
fn nesting_is_limited() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let refused = Err(DecodeError::TooDeep { limit: 128 });
    // The array of arguments is one level.
    let read = packet(&format!(r#"2["a",{}]"#, nested(127)));
    assert!(read.payload.deserialize::<serde_json::Value>().is_ok());
    assert_eq!(text(&format!(r#"2["a",{}]"#, nested(128))), refused);
    assert!(text(&format!("3[{}]", nested(127))).is_ok());
    assert_eq!(text(&format!("3[{}]", nested(128))), refused);
    let read = packet(&format!(r#"0{{"a":{}}}"#, nested(126)));
    assert!(read.payload.deserialize::<serde_json::Value>().is_ok());
    assert_eq!(text(&format!(r#"0{{"a":{}}}"#, nested(127))), refused);
    assert_eq!(
        text(&format!(r#"2["a",{}"#, "[".repeat(1_000_000))),
        refused
    );
}

#[test]
fn parts_are_checked_like_messages() {
    let limits = DecodeLimits::default();
    let parts = |kind, json: &'static str, attachments| {
        Packet::from_parts(
            kind,
            Namespace::MAIN,
            Some(1),
            json.into(),
            attachments,
            &limits,
        )
    };
    let one = || vec![Bytes::from("x")];
    let json = r#"["a",{"_placeholder":true,"num":0}]"#;
    let made = parts(PacketType::Event, json, one()).unwrap();
    assert_eq!(made.event_name().as_deref(), Some("a"));
    assert_eq!(made.payload.deserialize::<Bytes>().unwrap(), "x");
    assert_eq!(
        parts(PacketType::ConnectError, r#""no""#, vec![])
            .unwrap()
            .payload
            .len(),
        1
    );

    for (kind, json, attachments, error) in [
        (PacketType::Event, "[]", vec![], DecodeError::InvalidPayload),
        (PacketType::Event, "", vec![], DecodeError::InvalidPayload),
        (PacketType::Ack, "", vec![], DecodeError::InvalidPayload),
        (
            PacketType::Event,
            r#"["connect"]"#,
            vec![],
            DecodeError::ReservedEvent,
        ),
        (
            PacketType::Connect,
            "{}",
            one(),
            DecodeError::IllegalAttachments,
        ),
        (
            PacketType::Ack,
            r#"[{"_placeholder":true,"num":1}]"#,
            one(),
            DecodeError::IllegalAttachments,
        ),
        (
            PacketType::Ack,
            "[]",
            vec![Bytes::new(); 11],
            DecodeError::TooManyAttachments { limit: 10 },
        ),
        (
            PacketType::Ack,
            "[]",
            vec![vec![0; 10_000_001].into()],
            DecodeError::AttachmentsTooLarge { limit: 10_000_000 },
        ),
    ] {
        assert_eq!(parts(kind, json, attachments), Err(error), "{json}");
    }
    let long = Namespace::new(format!("/{}", "x".repeat(256))).unwrap();
    assert_eq!(
        Packet::from_parts(PacketType::Connect, long, None, "".into(), vec![], &limits),
        Err(DecodeError::NamespaceTooLong { limit: 256 })
    );
    let id = Some(u64::MAX);
    assert_eq!(
        Packet::from_parts(
            PacketType::Ack,
            Namespace::MAIN,
            id,
            "[]".into(),
            vec![],
            &limits
        ),
        Err(DecodeError::InvalidId)
    );
}

#[test]
fn errors_end_with_the_remedy() {
    for error in [
        DecodeError::InvalidType,
        DecodeError::IllegalAttachments,
        DecodeError::TooManyAttachments { limit: 10 },
        DecodeError::AttachmentsTooLarge { limit: 10 },
        DecodeError::NamespaceTooLong { limit: 10 },
        DecodeError::InvalidId,
        DecodeError::InvalidPayload,
        DecodeError::TooDeep { limit: 10 },
        DecodeError::ReservedEvent,
        DecodeError::EventNameTooLong { limit: 10 },
        DecodeError::UnexpectedBinary,
        DecodeError::UnexpectedText,
    ] {
        let text = error.to_string();
        let (_, remedy) = text.split_once(": ").unwrap();
        let begins_with_a_verb = ["announce", "begin", "send", "use"]
            .iter()
            .any(|verb| remedy.starts_with(verb));
        assert!(begins_with_a_verb, "{text}");
    }
}
