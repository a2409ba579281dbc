//! Malformed messages.

use socketio_proto::DecodeError::{
    self, InvalidId, InvalidMsgpack, InvalidNamespace, InvalidPayload, InvalidType, ReservedEvent,
};
use socketio_proto::PacketType;

use super::{argument, hex, message, read};

#[track_caller]
fn assert_rejected(bytes: &str, error: DecodeError) {
    assert_eq!(read(&hex(bytes)), Err(error), "{bytes}");
}

#[test]
fn a_message_is_one_map() {
    for bytes in ["", "c0", "90", "01", "a161", "c1", "d40000"] {
        assert_rejected(bytes, InvalidMsgpack);
    }
    assert_rejected("82a47479706501a36e7370a12f 00", InvalidMsgpack);
    assert_rejected("82a47479706501a36e7370a12f c0", InvalidMsgpack);
}

#[test]
fn inputs_that_crashed_other_parsers_are_errors() {
    for bytes in [
        "81d9ff",
        "c9ffffffff00",
        "df00ffffff",
        "dfffffffff",
        "ddffffffff",
    ] {
        assert_rejected(bytes, InvalidMsgpack);
    }
    for value in [
        "c9ffffffff00",
        "c6ffffffff",
        "dbffffffff",
        "ddffffffff",
        "dfffffffff",
        "ddffffffff00",
    ] {
        assert_eq!(argument(&hex(value)), Err(InvalidMsgpack), "{value}");
    }
}

#[test]
fn a_truncated_message_is_an_error() {
    let value = hex(
        "8f a0 00 a161 c4 02 0102 a162 c7 01 00 05 a163 cb3ff8000000000000 a164 d9 01 78 \
         a165 dc 0001 c2 a166 de 0001 a0 c0 a167 d7 00 0000000000000000 a168 d4 00 00 a169 cd 0100 \
         a16a d1 8000 a16b d5 01 0000 a16c ca 00000000 a16d d3 0000000000000000 a16e e0",
    );
    let whole = message(2, &[&hex("92 a165")[..], &value].concat());
    assert!(read(&whole).is_ok(), "{:?}", read(&whole));
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "{end}");
    }
}

#[test]
fn the_type_is_a_number_from_0_to_4() {
    for kind in [
        "05",
        "06",
        "ff",
        "c0",
        "a132",
        "cb4000000000000000",
        "d40000",
        "cd0102",
        "d0ff",
        "d10102",
        "d3ffffffffffffffff",
    ] {
        assert_rejected(&format!("82a474797065{kind}a36e7370a12f"), InvalidType);
    }
    assert_rejected("81a36e7370a12f", InvalidType);
}

#[test]
fn the_namespace_must_be_a_valid_name() {
    for name in [
        "c0",
        "01",
        "d40000",
        "a0",
        "a161",
        "a3612f62",
        "a42f612c62",
        "c4012f",
    ] {
        assert_rejected(&format!("82a47479706501a36e7370{name}"), InvalidNamespace);
    }
    assert_rejected("81a47479706501", InvalidNamespace);
}

#[test]
fn the_id_is_a_safe_integer() {
    let with_id = |id: &str| format!("84a47479706502a46461746191a165a26964{id}a36e7370a12f");
    for id in [
        "c0",
        "ff",
        "a130",
        "cb3ff8000000000000",
        "cf0020000000000000",
        "90",
        "c3",
        "d0ff",
        "d2ffffffff",
        "d30020000000000000",
    ] {
        assert_rejected(&with_id(id), InvalidId);
    }
    let id = |id: &str| read(&hex(&with_id(id))).unwrap().id;
    assert_eq!(id("cf001fffffffffffff"), Some((1 << 53) - 1));
    assert_eq!(id("00"), Some(0));
    assert_eq!(id("d40000"), None, "undefined");
}

/// Some encoders write all integers in a signed format. Node's parser accepts these too.
#[test]
fn integers_can_have_a_signed_format() {
    let ack = read(&hex("84a47479706503a46461746190a2696407a36e7370a12f")).unwrap();
    assert_eq!((ack.kind, ack.id), (PacketType::Ack, Some(7)));
    for [kind, id] in [
        ["d003", "d007"],
        ["d10003", "d10007"],
        ["d200000003", "d200000007"],
        ["d30000000000000003", "d30000000000000007"],
    ] {
        let message = format!("84a474797065{kind}a46461746190a26964{id}a36e7370a12f");
        assert_eq!(read(&hex(&message)).as_ref(), Ok(&ack), "{message}");
    }
}

#[test]
fn duplicate_members_are_rejected_and_unknown_ones_ignored() {
    assert_rejected("83a47479706501a47479706501a36e7370a12f", InvalidMsgpack);
    assert_rejected("83a47479706501a36e7370a12fa36e7370a12f", InvalidMsgpack);
    assert_rejected(
        "84a47479706502a46461746191a165a46461746191a165a36e7370a12f",
        InvalidMsgpack,
    );
    assert_rejected("83a47479706501a36e7370a12f0100", InvalidMsgpack);
    let known = read(&hex("82a47479706501a36e7370a12f"));
    let more = "83a47479706501a36e7370a12fa178";
    for value in [
        "c0",
        "9202 9103",
        "82 a161 c0 9101 82a0c0a0c0",
        "c40101",
        "d40000",
    ] {
        assert_eq!(read(&hex(&format!("{more}{value}"))), known, "{value}");
    }
    for value in [
        "92",
        "dfffffffff",
        "ddffffffff",
        "82 a161",
        "c1",
        "a1ff",
        "91dc",
    ] {
        assert_rejected(&format!("{more}{value}"), InvalidMsgpack);
    }
}

/// The rules are the same as for JSON.
#[test]
fn each_packet_type_requires_its_payload() {
    let valid = |kind: u8, data: &str| {
        let read = read(&message(kind, &hex(data)));
        assert!(
            matches!(read, Ok(_) | Err(InvalidPayload)),
            "{kind} {data}: {read:?}"
        );
        read.is_ok()
    };
    for (data, kinds) in [
        ("d40000", &[0, 1][..]),
        ("c0", &[0, 1]),
        ("80", &[0, 4]),
        ("81a16101", &[0, 4]),
        ("a161", &[4]),
        ("a0", &[4]),
        ("90", &[3]),
        ("9101", &[2, 3]),
        ("91ff", &[2, 3]),
        ("91cb3ff8000000000000", &[2, 3]),
        ("91a165", &[2, 3]),
        ("91a0", &[2, 3]),
        ("91c0", &[3]),
        ("91d40000", &[3]),
        ("91c3", &[3]),
        ("9190", &[3]),
        ("9180", &[3]),
        ("91c40101", &[3]),
        ("91cb7ff8000000000000", &[3]),
        ("91d7000000000000000000", &[3]),
        ("00", &[]),
        ("c3", &[]),
        ("cb3ff8000000000000", &[]),
        ("c40101", &[]),
        ("c7010001", &[]),
        ("d40101", &[]),
        ("d7000000000000000000", &[]),
    ] {
        let accepted: Vec<u8> = (0..5).filter(|&kind| valid(kind, data)).collect();
        assert_eq!(accepted, kinds, "{data}");
    }
    for (kind, is_valid) in [(0, true), (1, true), (2, false), (3, false), (4, false)] {
        let absent = read(&hex(&format!("82a4747970650{kind}a36e7370a12f")));
        assert_eq!(absent.is_ok(), is_valid, "{kind}");
    }
}

#[test]
fn the_members_of_a_packet_can_be_in_any_order() {
    let expected = read(&hex("84a47479706502a46461746191a165a2696407a36e7370a12f")).unwrap();
    for bytes in [
        "84a46461746191a165a36e7370a12fa2696407a47479706502",
        "84a36e7370a12fa2696407a47479706502a46461746191a165",
    ] {
        assert_eq!(read(&hex(bytes)).as_ref(), Ok(&expected));
    }
}

#[test]
fn reserved_names_are_rejected() {
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        let mut data = vec![0x91, 0xa0 | u8::try_from(name.len()).unwrap()];
        data.extend(name.bytes());
        assert_eq!(read(&message(2, &data)), Err(ReservedEvent), "{name}");
        assert!(
            read(&message(3, &data)).is_ok(),
            "an acknowledgement has no name"
        );
    }
}

#[test]
fn a_string_must_be_utf_8() {
    for value in ["a1ff", "a2c3 28", "a3eda080", "d901 80", "81 a1ff 00"] {
        assert_eq!(argument(&hex(value)), Err(InvalidMsgpack), "{value}");
    }
    assert_rejected("82a47479706501a36e7370a22fff", InvalidMsgpack);
    assert_rejected("83a47479706501a36e7370a12fa1ffc0", InvalidMsgpack);
}

#[test]
fn an_unsupported_key_is_an_error() {
    for key in [
        "90",
        "80",
        "c40161",
        "cb3ff8000000000000",
        "d40000",
        "d40161",
        "c1",
    ] {
        let value = hex(&format!("81 {key} 00"));
        assert_eq!(argument(&value), Err(InvalidMsgpack), "{key}");
    }
}

/// Checks that no memory is allocated for announced lengths.
#[cfg(target_os = "linux")]
#[test]
fn announced_lengths_do_not_allocate() {
    // The requested address space counts, whether it is touched or not.
    let peak = || -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmPeak:"));
        line.unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    };
    let before = peak();
    for value in ["c6", "c9", "db", "dd", "df"] {
        let announced = hex(&format!("{value} ffffffff 00 00"));
        assert_eq!(argument(&announced), Err(InvalidMsgpack), "{value}");
        assert_eq!(read(&announced), Err(InvalidMsgpack), "{value}");
    }
    let grown = peak() - before;
    // Other tests run concurrently.
    assert!(
        grown < 2 << 20,
        "{grown} kB for lengths that were announced"
    );
}
