//! Every limit, reached and exceeded.

use bytes::Bytes;
use socketio_proto::{DecodeError, DecodeLimits, MsgpackParser, Packet};

use super::{hex, message};

fn read(message: Vec<u8>, limits: &DecodeLimits) -> Result<Packet, DecodeError> {
    MsgpackParser::decode(&message.into(), limits)
}

fn event(args: &[Vec<u8>]) -> Vec<u8> {
    let len = u8::try_from(args.len() + 1).unwrap();
    message(2, &[vec![0x90 | len], hex("a165"), args.concat()].concat())
}

#[test]
fn the_number_of_attachments_is_limited() {
    let limits = DecodeLimits::default().with_max_attachments(2);
    let error = DecodeError::TooManyAttachments { limit: 2 };
    for binary in [hex("c400"), hex("c70000"), hex("d401 00")] {
        let two = event(&vec![binary.clone(); 2]);
        assert!(read(two, &limits).is_ok());
        let three = event(&vec![binary.clone(); 3]);
        assert_eq!(read(three, &limits), Err(error));
    }
    assert_eq!(
        read(
            message(0, &hex("83 a161 c400 a162 c400 a163 c400")),
            &limits
        ),
        Err(error)
    );
}

#[test]
fn the_total_size_of_attachments_is_limited() {
    let limits = DecodeLimits::default().with_max_attachment_bytes(3);
    let error = DecodeError::AttachmentsTooLarge { limit: 3 };
    assert!(read(event(&[hex("c40101"), hex("c7020001 02")]), &limits).is_ok());
    assert_eq!(
        read(event(&[hex("c40201 02"), hex("c7020001 02")]), &limits),
        Err(error)
    );
    assert_eq!(read(event(&[hex("d601 01020304")]), &limits), Err(error));
}

#[test]
fn nesting_is_counted_as_in_json() {
    let limits = DecodeLimits::default().with_max_depth(3);
    let error = DecodeError::TooDeep { limit: 3 };
    for (arg, fits) in [
        ("91 90", true),
        ("91 91 00", true),
        ("91 91 90", false),
        ("81 a161 80", true),
        ("81 a161 81 a162 80", false),
        // The placeholder of an attachment is an object in JSON.
        ("91 c400", true),
        ("91 91 c400", false),
        // An extension is a list in JSON.
        ("d401 00", true),
        ("91 d401 00", false),
    ] {
        let result = read(event(&[hex(arg)]), &limits).map(drop);
        assert_eq!(result, if fits { Ok(()) } else { Err(error) }, "{arg}");
    }
    // A payload other than a list counts as one argument.
    assert!(read(message(0, &hex("81 a161 80")), &limits).is_ok());
    assert_eq!(
        read(message(0, &hex("81 a161 81 a162 80")), &limits),
        Err(error)
    );
    assert_eq!(
        read(message(0, &hex("81 a161 81 a162 c400")), &limits),
        Err(error)
    );
    assert!(read(message(4, &hex("a161")), &limits).is_ok());
}

#[test]
fn deep_nesting_does_not_recurse() {
    let deep = vec![0x91; 900_000];
    let error = DecodeError::TooDeep { limit: 128 };
    assert_eq!(
        read(message(2, &deep), &DecodeLimits::default()),
        Err(error)
    );

    let limits = DecodeLimits::default().with_max_depth(usize::MAX);
    let deep = [hex("92 a165"), deep, hex("90")].concat();
    let packet = read(message(2, &deep), &limits).unwrap();
    assert_eq!(MsgpackParser::encode(&packet).unwrap(), message(2, &deep));

    // An ignored member is skipped, and its nesting is not limited.
    let mut ignored = hex("83a47479706501a36e7370a12fa178");
    ignored.extend(vec![0x91; 900_000]);
    ignored.extend(hex("90"));
    assert!(read(ignored, &DecodeLimits::default()).is_ok());
}

#[test]
fn the_length_of_names_is_limited() {
    let limits = DecodeLimits::default()
        .with_max_event_name_len(3)
        .with_max_namespace_len(4);
    assert!(read(message(2, &hex("91 a3 61c3a9")), &limits).is_ok());
    for name in ["a4 61626364", "a4 c3a9c3a9", "cd 03e9"] {
        assert_eq!(
            read(message(2, &hex(&format!("91 {name}"))), &limits),
            Err(DecodeError::EventNameTooLong { limit: 3 }),
            "{name}"
        );
    }
    assert!(
        read(message(2, &hex("91 a3 01 0a 22")), &limits).is_ok(),
        "escapes do not count"
    );
    let namespace = |name: &str| [hex("82a47479706501a36e7370"), hex(name)].concat();
    assert!(read(namespace("a4 2f616263"), &limits).is_ok());
    assert_eq!(
        read(namespace("a5 2f61626364"), &limits),
        Err(DecodeError::NamespaceTooLong { limit: 4 })
    );
}

#[test]
fn json_has_at_most_seven_times_the_size() {
    for arg in [
        [hex("da4000"), vec![1; 0x4000]].concat(),
        [hex("dc4000"), vec![0xc0; 0x4000]].concat(),
        [hex("dc4000"), vec![0xc2; 0x4000]].concat(),
        [hex("dc4000"), vec![0xe0; 0x4000]].concat(),
        [hex("dc4000"), hex("ca00800001").repeat(0x4000)].concat(),
        [hex("dc4000"), hex("cb8010000000000001").repeat(0x4000)].concat(),
        [hex("de4000"), vec![0xc0; 0x8000]].concat(),
        [hex("de4000"), vec![0xc2; 0x8000]].concat(),
    ] {
        let sent = Bytes::from(event(&[arg]));
        let packet = MsgpackParser::decode(&sent, &DecodeLimits::default()).unwrap();
        let len = packet.payload.as_json().len();
        assert!(len <= 7 * sent.len(), "{} of {}", len, sent.len());
    }
}
