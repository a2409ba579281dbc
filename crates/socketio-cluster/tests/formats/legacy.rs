//! Messages of older servers and of emitters in other languages.

use socketio_adapter::Flags;
use socketio_cluster::{Body, Destination, Message, Namespace, RequestId, RoomList, Target};

use super::{
    CLASSIC_SERVER, NAMESPACE_CHANNEL, args, broadcast, classic, decoded, encoded, enveloped,
    event, message, request, response, sharded,
};

#[test]
fn ids_of_sockets_are_requested_and_answered() {
    let id = RequestId::new("r");
    let body = Body::FetchSocketIds {
        target: Target::all().to("a"),
        request: id.clone(),
    };
    let text = r#"{"uid":"AFHGFF","requestId":"r","type":0,"rooms":["a"]}"#;
    assert_eq!(request(text), Ok(body.clone()));
    let written = encoded(
        &classic(),
        &Destination::All,
        &message(CLASSIC_SERVER, body),
    );
    assert_eq!(written.1, text);

    let body = Body::SocketIds {
        request: id.clone(),
        sockets: vec!["s".into(), "t".into()],
    };
    assert_eq!(
        response(r#"{"requestId":"r","sockets":["s","t"]}"#),
        Ok(body)
    );
    let none = Body::Sockets {
        request: id,
        sockets: Vec::new(),
    };
    assert_eq!(response(r#"{"requestId":"r","sockets":[]}"#), Ok(none));
    assert!(response(r#"{"requestId":"r","sockets":["s",{"id":"t","rooms":[]}]}"#).is_err());
}

#[test]
fn one_socket_is_named_by_its_id() {
    let target = Target::all().to("s");
    let rooms: RoomList = ["a"].into_iter().collect();
    for (text, expected) in [
        (
            r#"{"uid":"x","requestId":"r","type":2,"sid":"s","room":"a"}"#,
            Body::Join {
                target: target.clone(),
                rooms: rooms.clone(),
            },
        ),
        (
            r#"{"uid":"x","requestId":"r","type":3,"sid":"s","room":"a"}"#,
            Body::Leave {
                target: target.clone(),
                rooms,
            },
        ),
        (
            r#"{"uid":"x","requestId":"r","type":4,"sid":"s","close":false}"#,
            Body::Disconnect {
                target,
                close: false,
            },
        ),
    ] {
        assert_eq!(request(text), Ok(expected), "{text}");
    }
}

#[test]
fn a_packet_without_a_namespace_is_of_the_main_namespace() {
    // `["x",{type:5,data:["e",<01>]},{rooms:null}]`
    let bytes = "93a17882a47479706505a46461746192a165c4010181a5726f6f6d73c0";
    let event = args(r#"["e",{"_placeholder":true,"num":0}]"#, &[&[1]]);
    let read = decoded(&classic(), NAMESPACE_CHANNEL, bytes).unwrap();
    assert_eq!(read.body, broadcast(event, Target::all()));
    assert_eq!(read.namespace, Namespace::MAIN);

    let name = Namespace::new("/a").unwrap();
    let other = socketio_cluster::ClassicFormat::new("socket.io", name.clone());
    let read = decoded(&other, "socket.io#/a#", bytes).unwrap();
    assert_eq!(
        read.namespace,
        Namespace::MAIN,
        "the message is of another namespace"
    );
    let other = socketio_cluster::ShardedFormat::new("socket.io", name.clone());
    let read = decoded(&other, "socket.io#/a#", r#"{"type":2,"uid":"x"}"#).unwrap();
    assert_eq!(read.namespace, name, "the channel names it");
}

#[test]
fn requests_are_read_in_messagepack_too() {
    // `{type:2,opts:{rooms:["a"]},rooms:["b"]}`
    let bytes = "83a47479706502a46f70747381a5726f6f6d7391a161a5726f6f6d7391a162";
    let expected = Body::Join {
        target: Target::all().to("a"),
        rooms: ["b"].into_iter().collect(),
    };
    assert_eq!(request(bytes), Ok(expected));
}

#[test]
fn a_room_may_stand_for_a_list() {
    let expected = Body::Join {
        target: Target::all(),
        rooms: ["7"].into_iter().collect(),
    };
    assert_eq!(request(r#"{"type":2,"opts":{},"rooms":7}"#), Ok(expected));
}

#[test]
fn a_sender_without_an_id_is_unknown() {
    let read = decoded(
        &classic(),
        super::REQUEST_CHANNEL,
        r#"{"type":4,"opts":{},"close":1}"#,
    );
    let body = Body::Disconnect {
        target: Target::all(),
        close: true,
    };
    assert_eq!(read, Ok(Message::new(None, Namespace::MAIN, body)));
}

#[test]
fn flags_are_read_as_javascript_does() {
    for (flags, volatile, compress, timeout) in [
        ("{}", false, true, None),
        ("null", false, true, None),
        (r#"{"volatile":1,"compress":null}"#, true, true, None),
        (r#"{"volatile":"","compress":0}"#, false, true, None),
        (
            r#"{"volatile":true,"compress":false,"local":true,"more":[]}"#,
            true,
            false,
            None,
        ),
        (r#"{"timeout":1500.9}"#, false, true, Some(1500)),
        (
            r#"{"timeout":1e300}"#,
            false,
            true,
            Some(u64::from(u32::MAX)),
        ),
        (r#"{"timeout":-1}"#, false, true, None),
        (r#"{"timeout":"5"}"#, false, true, None),
    ] {
        let text = format!(
            r#"{{"type":3,"data":{{"packet":{{"type":2,"data":["e"]}},"opts":{{"flags":{flags}}}}},"uid":"x"}}"#
        );
        let Ok(Body::Broadcast { options, .. }) = enveloped(&text) else {
            panic!("{text} is a broadcast");
        };
        let mut expected = Flags::default();
        expected.volatile = volatile;
        expected.compress = compress;
        expected.timeout = timeout.map(std::time::Duration::from_millis);
        assert_eq!(options.flags, expected, "{text}");
    }
}

#[test]
fn objects_like_buffers_stay_objects_where_node_sends_binary() {
    let json = r#"["e",{"type":"Buffer","data":[1]}]"#;
    let body = Body::ServerSideEvent {
        event: event(json),
        request: None,
    };
    let (_, bytes) = encoded(&sharded(), &Destination::All, &message("x", body.clone()));
    assert_eq!(enveloped(std::str::from_utf8(&bytes).unwrap()), Ok(body));
}
