//! Malformed and hostile messages are errors.

use socketio_cluster::{DecodeError, Format};
use socketio_proto::DecodeError::{InvalidMsgpack, InvalidPayload, ReservedEvent};

use super::{
    NAMESPACE_CHANNEL, REQUEST_CHANNEL, RESPONSE_CHANNEL, classic, decoded, enveloped, hex,
    request, response, sharded,
};
use DecodeError::{InvalidMember, Malformed, UnknownChannel, UnknownType};

#[track_caller]
fn assert_broadcast(bytes: &str, expected: DecodeError) {
    let read = decoded(&classic(), NAMESPACE_CHANNEL, bytes);
    assert_eq!(read, Err(expected), "{bytes}");
}

#[test]
fn a_channel_belongs_to_the_format() {
    for channel in [
        "",
        "socket.io#/x#",
        "other#/#",
        "socket.io-request#/#x#",
        "socket.io-response#/x#",
    ] {
        assert_eq!(
            decoded(&classic(), channel, "90"),
            Err(UnknownChannel),
            "{channel}"
        );
        let read = decoded(&sharded(), channel, r#"{"type":2,"uid":"x"}"#);
        assert_eq!(read, Err(UnknownChannel), "{channel}");
    }
}

/// The whole message is `["x",{type:2,data:["e"],nsp:"/"},{rooms:[],except:[],flags:{}}]`.
#[test]
fn a_broadcast_is_a_list_of_sender_packet_and_options() {
    let whole = "93a17883a47479706502a46461746191a165a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380";
    assert!(decoded(&classic(), NAMESPACE_CHANNEL, whole).is_ok());
    assert_broadcast(&format!("{whole}c0"), Malformed(InvalidMsgpack));
    let bytes = hex(whole);
    for end in 0..bytes.len() {
        let cut = bytes.slice(..end);
        assert!(classic().decode(NAMESPACE_CHANNEL, &cut).is_err(), "{end}");
    }
    // A fourth element is ignored, as in Node.
    let longer = format!("94{}c0", &whole[2..]);
    assert!(decoded(&classic(), NAMESPACE_CHANNEL, &longer).is_ok());
    for (bytes, expected) in [
        ("80", Malformed(InvalidMsgpack)),
        ("a178", Malformed(InvalidMsgpack)),
        ("c1", Malformed(InvalidMsgpack)),
        ("ddffffffff", Malformed(InvalidMsgpack)),
        ("90", InvalidMember("packet")),
        ("91a178", InvalidMember("packet")),
        ("92a17881a47479706502", InvalidMember("data")),
        (
            "92a17882a47479706502a46461746191a165",
            InvalidMember("opts"),
        ),
        ("9301c080", InvalidMember("uid")),
        ("93a0c080", InvalidMember("uid")),
        ("93a3612362c080", InvalidMember("uid")),
        ("93a178c080", InvalidMember("packet")),
        ("93a1789080", Malformed(InvalidMsgpack)),
        ("93a17881a46461746191a16580", InvalidMember("packet")),
        (
            "93a17882a47479706503a46461746191a16580",
            InvalidMember("packet"),
        ),
        (
            "93a17883a47479706502a46461746191a165a36e73700180",
            InvalidMember("nsp"),
        ),
        (
            "93a17883a47479706502a46461746191a165a36e7370a16180",
            InvalidMember("nsp"),
        ),
        (
            "93a17882a47479706502a46461746191a16590",
            Malformed(InvalidMsgpack),
        ),
    ] {
        assert_broadcast(bytes, expected);
    }
}

#[test]
fn an_event_has_a_name_that_is_not_reserved() {
    for (data, expected) in [
        ("90", Malformed(InvalidPayload)),
        ("91c0", Malformed(InvalidPayload)),
        ("9190", Malformed(InvalidPayload)),
        ("80", Malformed(InvalidPayload)),
        ("a165", Malformed(InvalidPayload)),
        ("c0", InvalidMember("data")),
        ("91a7636f6e6e656374", Malformed(ReservedEvent)),
        ("91ad646973636f6e6e656374696e67", Malformed(ReservedEvent)),
    ] {
        assert_broadcast(&format!("93a17882a47479706502a464617461{data}80"), expected);
    }
    for name in ["connect", "connection", "new_namespace"] {
        let reserved = Err(Malformed(ReservedEvent));
        assert_eq!(
            request(&format!(r#"{{"type":6,"data":["{name}"]}}"#)),
            reserved
        );
        let text = format!(r#"{{"type":9,"data":{{"packet":["{name}"]}},"uid":"x"}}"#);
        assert_eq!(enveloped(&text), reserved);
    }
    // Servers may use it, because it is reserved only between server and client.
    assert!(request(r#"{"type":6,"data":["disconnect"]}"#).is_ok());
    for data in ["[]", "{}", "[null]", "1"] {
        let malformed = Err(Malformed(InvalidPayload));
        assert_eq!(
            request(&format!(r#"{{"type":6,"data":{data}}}"#)),
            malformed,
            "{data}"
        );
    }
}

#[test]
fn a_list_of_rooms_contains_names() {
    let join = |rooms: &str| {
        request(&format!(
            r#"{{"type":2,"opts":{{"rooms":{rooms}}},"rooms":["a"]}}"#
        ))
    };
    assert!(join("[]").is_ok() && join("null").is_ok() && join(r#"["a",null]"#).is_ok());
    for (rooms, expected) in [
        (r#""a""#, Malformed(InvalidPayload)),
        ("{}", Malformed(InvalidPayload)),
        ("[[]]", InvalidMember("rooms")),
        (r#"["a",{}]"#, InvalidMember("rooms")),
        // Otherwise the list would be empty and target every socket.
        ("[null]", InvalidMember("rooms")),
        ("[true,false]", InvalidMember("rooms")),
    ] {
        assert_eq!(join(rooms), Err(expected), "{rooms}");
    }
}

#[test]
fn requests_have_the_members_of_their_type() {
    for (text, expected) in [
        ("{}", InvalidMember("type")),
        (r#"{"type":null}"#, InvalidMember("type")),
        (r#"{"type":8}"#, UnknownType),
        (r#"{"type":10}"#, UnknownType),
        (r#"{"type":-1}"#, UnknownType),
        (r#"{"type":1.5}"#, UnknownType),
        (r#"{"type":"1"}"#, UnknownType),
        (r#"{"type":1}"#, InvalidMember("requestId")),
        (r#"{"type":1,"requestId":5}"#, InvalidMember("requestId")),
        (r#"{"type":1,"requestId":""}"#, InvalidMember("requestId")),
        (r#"{"type":0,"rooms":[]}"#, InvalidMember("requestId")),
        (r#"{"type":2,"opts":{}}"#, InvalidMember("rooms")),
        (r#"{"type":2,"rooms":[]}"#, InvalidMember("opts")),
        (r#"{"type":2,"sid":5,"room":"a"}"#, InvalidMember("sid")),
        (r#"{"type":2,"sid":"s"}"#, InvalidMember("rooms")),
        (
            r#"{"type":3,"opts":[],"rooms":[]}"#,
            Malformed(InvalidPayload),
        ),
        (r#"{"type":4}"#, InvalidMember("opts")),
        (r#"{"type":5,"opts":{}}"#, InvalidMember("requestId")),
        (r#"{"type":5,"requestId":"r"}"#, InvalidMember("opts")),
        (r#"{"type":6}"#, InvalidMember("data")),
        (
            r#"{"type":7,"requestId":"r","opts":{}}"#,
            InvalidMember("packet"),
        ),
        (
            r#"{"type":7,"opts":{},"packet":{"type":2,"data":["e"]}}"#,
            InvalidMember("requestId"),
        ),
        (r#"{"type":1,"requestId":"r"} x"#, Malformed(InvalidPayload)),
        (r#"{"type":1,"requestId":"r""#, Malformed(InvalidPayload)),
        ("90", Malformed(InvalidMsgpack)),
        ("81a47479706501c0", Malformed(InvalidMsgpack)),
        ("dfffffffff", Malformed(InvalidMsgpack)),
    ] {
        assert_eq!(request(text), Err(expected), "{text}");
    }
}

#[test]
fn answers_have_the_members_of_their_type() {
    for (text, expected) in [
        ("{}", InvalidMember("requestId")),
        (r#"{"requestId":"r"}"#, InvalidMember("type")),
        (r#"{"requestId":"r","type":5}"#, UnknownType),
        (r#"{"requestId":"r","type":99}"#, UnknownType),
        (
            r#"{"requestId":"r","type":8}"#,
            InvalidMember("clientCount"),
        ),
        (
            r#"{"requestId":"r","type":8,"clientCount":-1}"#,
            InvalidMember("clientCount"),
        ),
        (
            r#"{"requestId":"r","type":8,"clientCount":1.5}"#,
            InvalidMember("clientCount"),
        ),
        (
            r#"{"requestId":"r","type":8,"clientCount":1e300}"#,
            InvalidMember("clientCount"),
        ),
        (
            r#"{"requestId":"r","type":8,"clientCount":"1"}"#,
            InvalidMember("clientCount"),
        ),
        (
            r#"{"requestId":"r","sockets":{}}"#,
            Malformed(InvalidPayload),
        ),
        (
            r#"{"requestId":"r","sockets":[1]}"#,
            Malformed(InvalidPayload),
        ),
        (r#"{"requestId":"r","sockets":[{}]}"#, InvalidMember("id")),
        (
            r#"{"requestId":"r","sockets":[{"id":""}]}"#,
            InvalidMember("id"),
        ),
        (
            r#"{"requestId":"r","sockets":[{"id":"s","rooms":1}]}"#,
            Malformed(InvalidPayload),
        ),
        (
            r#"{"requestId":"r","rooms":"a"}"#,
            Malformed(InvalidPayload),
        ),
        (r#"{"requestId":"r","rooms":[{}]}"#, InvalidMember("rooms")),
        (
            "83a47479706509a9726571756573744964a172a67061636b6574",
            Malformed(InvalidMsgpack),
        ),
        (
            "83a47479706509a9726571756573744964a172a67061636b6574c1",
            Malformed(InvalidMsgpack),
        ),
    ] {
        assert_eq!(response(text), Err(expected), "{text}");
    }
}

#[test]
fn enveloped_messages_have_the_members_of_their_type() {
    let data =
        |kind: u8, data: &str| enveloped(&format!(r#"{{"type":{kind},"data":{data},"uid":"x"}}"#));
    for (kind, text, expected) in [
        (3, "{}", InvalidMember("packet")),
        (
            3,
            r#"{"packet":{"type":2,"data":["e"]}}"#,
            InvalidMember("opts"),
        ),
        (
            3,
            r#"{"packet":{"type":3,"data":["e"]},"opts":{}}"#,
            InvalidMember("packet"),
        ),
        (4, r#"{"opts":{}}"#, InvalidMember("rooms")),
        (5, r#"{"rooms":[]}"#, InvalidMember("opts")),
        (6, "{}", InvalidMember("opts")),
        (7, r#"{"opts":{}}"#, InvalidMember("requestId")),
        (8, r#"{"requestId":"r"}"#, InvalidMember("sockets")),
        (9, "{}", InvalidMember("packet")),
        (10, "{}", InvalidMember("requestId")),
        (11, r#"{"requestId":"r"}"#, InvalidMember("clientCount")),
        (12, "{}", InvalidMember("requestId")),
        (12, "null", InvalidMember("data")),
        (12, "[]", Malformed(InvalidPayload)),
        (14, "{}", UnknownType),
        (0, "{}", UnknownType),
    ] {
        assert_eq!(data(kind, text), Err(expected), "{kind} {text}");
    }
    for (text, expected) in [
        (r#"{"uid":"x"}"#, InvalidMember("type")),
        (r#"{"type":3,"uid":"x"}"#, InvalidMember("data")),
        (r#"{"type":2,"uid":5}"#, InvalidMember("uid")),
        (r#"{"type":2,"uid":"a#b"}"#, InvalidMember("uid")),
        (r#"{"type":2,"nsp":"x"}"#, InvalidMember("nsp")),
        (r#"{"type":2,"nsp":"/,"}"#, InvalidMember("nsp")),
        // The answer would have no channel.
        (
            r#"{"type":7,"data":{"opts":{},"requestId":"r"}}"#,
            InvalidMember("uid"),
        ),
        ("81a47479706502c0", Malformed(InvalidMsgpack)),
    ] {
        assert_eq!(enveloped(text), Err(expected), "{text}");
    }
}

#[test]
fn the_last_of_equal_members_counts() {
    assert!(enveloped(r#"{"type":99,"type":2,"uid":5,"uid":"x"}"#).is_ok());
    assert_eq!(
        enveloped(r#"{"type":2,"uid":"x","type":99}"#),
        Err(UnknownType)
    );
}

#[test]
fn announced_lengths_allocate_nothing() {
    for bytes in [
        "ddffffffff",
        "dfffffffff",
        "dbffffffff",
        "c6ffffffff",
        "c9ffffffff01",
        "93a178dfffffffff",
        "93a178ddffffffff",
        "93a17882a47479706502a464617461ddffffffffa165",
        "93a17882a47479706502a46461746191a16581a5726f6f6d73ddffffffff",
    ] {
        for channel in [NAMESPACE_CHANNEL, REQUEST_CHANNEL, RESPONSE_CHANNEL] {
            assert!(decoded(&classic(), channel, bytes).is_err(), "{bytes}");
        }
        assert!(enveloped(bytes).is_err(), "{bytes}");
    }
}
