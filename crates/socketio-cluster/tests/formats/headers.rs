//! A server decides by the outer part of a message whether to decode the rest.

use socketio_cluster::{DecodeError, Format, Namespace, RequestId, ServerId, Target};

use super::{NAMESPACE_CHANNEL, REQUEST_CHANNEL, RESPONSE_CHANNEL, classic, payload, sharded};

/// An event with a reserved name, in MessagePack: `["AFHGFF",{type,data,nsp},{rooms,except,flags}]`.
const RESERVED_EVENT: &str = "93a641464847464683a47479706502a46461746191aa646973636f6e6e656374a36e7370a12f\
                              83a5726f6f6d7391a5726f6f6d31a665786365707490a5666c61677380";

#[test]
fn an_event_is_decoded_after_its_target() {
    let reserved = DecodeError::Malformed(socketio_proto::DecodeError::ReservedEvent);
    let (format, bytes) = (classic(), payload(RESERVED_EVENT));
    let header = format.decode_header("socket.io#/#room1#", &bytes).unwrap();
    assert_eq!(header.sender(), Some(&ServerId::new("AFHGFF")));
    assert_eq!(header.namespace(), &Namespace::MAIN);
    assert_eq!(header.broadcast_target(), Some(&Target::all().to("room1")));
    assert_eq!(header.answered_request(), None);
    assert_eq!(header.into_message(), Err(reserved));

    let text = r#"{"type":3,"data":{"packet":{"type":2,"data":["connect"]},"opts":{"rooms":["a"]}},"uid":"x"}"#;
    let (format, bytes) = (sharded(), payload(text));
    let header = format.decode_header("socket.io#/#a#", &bytes).unwrap();
    assert_eq!(header.broadcast_target(), Some(&Target::all().to("a")));
    assert_eq!(header.into_message(), Err(reserved));
}

#[test]
fn an_event_that_asks_for_acknowledgements_concerns_every_server() {
    let text = r#"{"uid":"x","requestId":"r","type":7,"packet":{"type":2,"data":["e"]},"opts":{"rooms":["a"]}}"#;
    let (format, bytes) = (classic(), payload(text));
    let header = format.decode_header(REQUEST_CHANNEL, &bytes).unwrap();
    assert_eq!(header.broadcast_target(), None);
}

#[test]
fn an_answer_is_decoded_after_its_request() {
    let (format, bytes) = (classic(), payload(r#"{"requestId":"r","sockets":[null]}"#));
    let header = format.decode_header(RESPONSE_CHANNEL, &bytes).unwrap();
    assert_eq!(header.answered_request(), Some(&RequestId::new("r")));
    assert!(header.into_message().is_err());

    let text = r#"{"type":11,"data":{"requestId":"r","clientCount":2},"uid":"x","nsp":"/"}"#;
    let (format, bytes) = (sharded(), payload(text));
    let header = format.decode_header("socket.io#/#y#", &bytes).unwrap();
    assert_eq!(header.answered_request(), Some(&RequestId::new("r")));
    assert!(header.into_message().is_ok());
}

#[test]
fn a_message_names_its_namespace() {
    // `["x",{type:2,data:["e"],nsp:"/a"},{}]`
    let bytes = payload("93a17883a47479706502a46461746191a165a36e7370a22f6180");
    let message = classic().decode(NAMESPACE_CHANNEL, &bytes).unwrap();
    assert_eq!(message.namespace, "/a");
    let bytes = payload(r#"{"type":2,"uid":"x","nsp":"/a"}"#);
    assert_eq!(
        sharded()
            .decode(NAMESPACE_CHANNEL, &bytes)
            .unwrap()
            .namespace,
        "/a"
    );
}

#[test]
fn the_channel_of_a_room_names_it() {
    for (channel, room) in [
        (NAMESPACE_CHANNEL, None),
        ("socket.io#/#news#", Some("news")),
        ("socket.io#/#a#b#", Some("a#b")),
        ("socket.io#/x#news#", None),
        (REQUEST_CHANNEL, None),
        (RESPONSE_CHANNEL, None),
        ("socket.io#/#news", None),
        ("", None),
    ] {
        assert_eq!(classic().room_of_channel(channel), room, "{channel}");
        assert_eq!(sharded().room_of_channel(channel), room, "{channel}");
    }
}
