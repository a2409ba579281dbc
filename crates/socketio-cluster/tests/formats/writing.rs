//! Messages that only Rust servers write, and messages that a format refuses.

use std::time::Duration;

use socketio_cluster::{
    Args, Body, BroadcastOptions, ClassicFormat, Destination, EncodeError, Format, Message,
    Namespace, RequestId, Room, ServerId, ShardedFormat, SubscriptionMode, Target,
};

use super::{broadcast, classic, encoded, event, hex, message, response, sharded};

fn formats() -> [Box<dyn Format>; 2] {
    [Box::new(classic()), Box::new(sharded())]
}

#[test]
fn a_rust_server_asks_for_the_loss_of_sockets() {
    let body = |accepts_no_answer| Body::Broadcast {
        event: event(r#"["e"]"#),
        options: BroadcastOptions::new(Target::all()),
        request: Some(RequestId::new("r")),
        accepts_no_answer,
    };
    let to = Destination::All;
    let (_, written) = encoded(&sharded(), &to, &message("x", body(true)));
    let opts = r#""opts":{"rooms":[],"except":[],"flags":{}}"#;
    let expected = format!(
        r#"{{"type":3,"data":{{"packet":{{"type":2,"data":["e"]}},"requestId":"r",{opts},"left":true}},"uid":"x","nsp":"/"}}"#
    );
    assert_eq!(written, expected);
    for format in formats() {
        for accepts in [true, false] {
            let message = message("x", body(accepts));
            let outgoing = format.encode(&to, &message).unwrap();
            assert_eq!(
                format.decode(&outgoing.channel, &outgoing.payload),
                Ok(message)
            );
        }
    }
}

#[test]
fn an_acknowledgement_may_state_the_socket_or_its_loss() {
    let ack = |answer: Option<Args>, socket: Option<&str>| Body::Ack {
        request: RequestId::new("r"),
        answer,
        socket: socket.map(Into::into),
    };
    let to = Destination::Server(ServerId::new("y"));
    let answer = Args::from_serialize(None, &(1,)).unwrap();
    for (body, json, msgpack) in [
        (
            ack(None, None),
            r#"{"requestId":"r","left":true}"#,
            "83 a474797065 09 a9726571756573744964 a172 a46c656674 c3",
        ),
        (
            ack(None, Some("s")),
            r#"{"requestId":"r","left":true,"socket":"s"}"#,
            "84 a474797065 09 a9726571756573744964 a172 a46c656674 c3 a6736f636b6574 a173",
        ),
        (
            ack(Some(answer), Some("s")),
            r#"{"requestId":"r","packet":1,"socket":"s"}"#,
            "84 a474797065 09 a9726571756573744964 a172 a67061636b6574 01 a6736f636b6574 a173",
        ),
        (
            ack(Some(Args::default()), None),
            r#"{"requestId":"r"}"#,
            "82 a474797065 09 a9726571756573744964 a172",
        ),
    ] {
        let (channel, written) = encoded(&sharded(), &to, &message("x", body.clone()));
        assert_eq!(channel, "socket.io#/#y#");
        assert_eq!(
            written,
            format!(r#"{{"type":12,"data":{json},"uid":"x","nsp":"/"}}"#)
        );
        let (_, written) = encoded(&classic(), &to, &message("x", body.clone()));
        assert_eq!(written, hex(msgpack));
        assert_eq!(response(msgpack), Ok(body));
    }
}

#[test]
fn answers_are_published_to_their_server_if_configured() {
    let to = Destination::Server(ServerId::new("y"));
    let body = Body::Count {
        request: RequestId::new("r"),
        sockets: 3,
    };
    let count = message("x", body);
    assert_eq!(encoded(&classic(), &to, &count).0, "socket.io-response#/#");
    let format = classic().with_server_channels(true);
    assert_eq!(encoded(&format, &to, &count).0, "socket.io-response#/#y#");
    assert_eq!(
        encoded(&format, &Destination::All, &count).0,
        "socket.io-response#/#"
    );
    let read = format.decode("socket.io-response#/#y#", &encoded(&format, &to, &count).1);
    assert_eq!(read.unwrap().body, count.body);
}

#[test]
fn events_without_a_name_or_with_a_reserved_one_are_refused() {
    let no_name = Args::from_serialize(None, &("e",)).unwrap();
    for format in formats() {
        let encode = |body| format.encode(&Destination::All, &message("x", body));
        let sockets = |event| encode(broadcast(event, Target::all()));
        let servers = |event| {
            encode(Body::ServerSideEvent {
                event,
                request: None,
            })
        };
        assert!(matches!(
            sockets(no_name.clone()),
            Err(EncodeError::NoEventName)
        ));
        assert!(matches!(
            servers(no_name.clone()),
            Err(EncodeError::NoEventName)
        ));
        assert!(sockets(event(r#"["x"]"#)).is_ok());
        let connect = Args::from_serialize(Some("disconnecting"), &()).unwrap();
        assert!(matches!(sockets(connect), Err(EncodeError::ReservedEvent)));
        for name in ["connect", "connection", "new_namespace"] {
            let event = Args::from_serialize(Some(name), &()).unwrap();
            assert!(matches!(servers(event), Err(EncodeError::ReservedEvent)));
        }
    }
}

#[test]
fn a_format_refuses_messages_that_it_does_not_have() {
    let request = RequestId::new("r");
    let encode = |format: &dyn Format, body| format.encode(&Destination::All, &message("x", body));
    for body in [Body::InitialHeartbeat, Body::Heartbeat, Body::Close] {
        assert!(matches!(
            encode(&classic(), body),
            Err(EncodeError::NotSupported)
        ));
    }
    for body in [
        Body::AllRooms {
            request: request.clone(),
        },
        Body::Rooms {
            request: request.clone(),
            rooms: Vec::new(),
        },
        Body::FetchSocketIds {
            target: Target::all(),
            request: request.clone(),
        },
        Body::SocketIds {
            request,
            sockets: Vec::new(),
        },
    ] {
        assert!(matches!(
            encode(&sharded(), body),
            Err(EncodeError::NotSupported)
        ));
    }
    let other = Namespace::new("/a").unwrap();
    let message = Message::new(ServerId::new("x"), other, Body::Close);
    for format in formats() {
        let result = format.encode(&Destination::All, &message);
        assert!(matches!(result, Err(EncodeError::OtherNamespace)));
    }
}

#[test]
fn the_flag_local_is_never_sent() {
    let mut options = BroadcastOptions::new(Target::all());
    options.flags.local = true;
    options.flags.timeout = Some(Duration::MAX);
    let body = Body::Broadcast {
        event: event(r#"["e"]"#),
        options,
        request: None,
        accepts_no_answer: false,
    };
    let (_, written) = encoded(&sharded(), &Destination::All, &message("x", body));
    let text = std::str::from_utf8(&written).unwrap();
    assert!(text.contains(r#""flags":{"timeout":4294967295}"#), "{text}");
}

#[test]
fn channels_contain_the_prefix_and_the_namespace() {
    let name = || Namespace::new("/dyn-[ab]").unwrap();
    let server = ServerId::new("y");
    let classic = ClassicFormat::new("shop", name());
    assert_eq!(classic.namespace(), &name());
    assert_eq!(classic.broadcast_channel(), "shop#/dyn-[ab]#");
    assert_eq!(classic.broadcast_pattern(), r"shop#/dyn-\[ab\]#*");
    assert_eq!(classic.room_channel("a#b"), "shop#/dyn-[ab]#a#b#");
    assert_eq!(classic.request_channel(), "shop-request#/dyn-[ab]#");
    assert_eq!(classic.response_channel(), "shop-response#/dyn-[ab]#");
    assert_eq!(
        classic.server_channel(&server),
        "shop-response#/dyn-[ab]#y#"
    );
    let sharded = ShardedFormat::new("shop", name());
    assert_eq!(sharded.namespace(), &name());
    assert_eq!(sharded.namespace_channel(), "shop#/dyn-[ab]#");
    assert_eq!(sharded.room_channel("a"), "shop#/dyn-[ab]#a#");
    assert_eq!(sharded.server_channel(&server), "shop#/dyn-[ab]#y#");
}

#[test]
fn a_server_subscribes_to_the_rooms_that_others_publish_to() {
    let news = Room::from("news");
    let id = Room::from("AiB2n6AiMExcl45DAAAB");
    for (mode, expected) in [
        (SubscriptionMode::Static, [false, false, false, false]),
        (SubscriptionMode::Dynamic, [true, true, true, false]),
        (SubscriptionMode::DynamicPrivate, [true, true, true, true]),
    ] {
        let format = sharded().with_subscription_mode(mode);
        let subscribes = [(&news, false), (&news, true), (&id, false), (&id, true)]
            .map(|(room, is_own)| format.subscribes_to_room(room, is_own));
        assert_eq!(subscribes, expected, "{mode:?}");
    }
    assert_eq!(SubscriptionMode::default(), SubscriptionMode::Dynamic);
}

#[test]
fn errors_name_the_remedy() {
    for error in [
        EncodeError::NoEventName,
        EncodeError::NotSupported,
        EncodeError::OtherNamespace,
    ] {
        assert!(error.to_string().contains(':'), "{error}");
    }
}
