//! Messages of Node's adapters and emitter are read, and written with the same bytes.

use std::time::Duration;

use socketio_adapter::Flags;
use socketio_cluster::{
    Args, Body, BroadcastOptions, Destination, Format, Message, Namespace, RemoteSocketInfo,
    RequestId, Room, RoomList, ServerId, SubscriptionMode, Target,
};

use super::{
    CLASSIC_SERVER, SHARDED_SERVER, args, broadcast, classic, encoded, event, message, payload,
    sharded,
};

const CLASSIC: &str = include_str!("../golden/classic.tsv");
const EMITTER: &str = include_str!("../golden/emitter.tsv");
const MODES: &str = include_str!("../golden/modes.tsv");
const SHARDED: &str = include_str!("../golden/sharded.tsv");

/// The name, channel and payload of a published message.
fn rows(golden: &str) -> impl Iterator<Item = [&str; 3]> {
    golden
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect::<Vec<_>>().try_into().unwrap())
}

fn flags(volatile: bool, compress: bool, timeout: Option<u64>) -> Flags {
    let mut flags = Flags::default();
    flags.volatile = volatile;
    flags.compress = compress;
    flags.timeout = timeout.map(Duration::from_millis);
    flags
}

fn with_flags(json: &str, target: Target, flags: Flags) -> Body {
    Body::Broadcast {
        event: event(json),
        options: BroadcastOptions::new(target).with_flags(flags),
        request: None,
        accepts_no_answer: false,
    }
}

fn with_ack(event: Args, target: Target, id: &RequestId) -> Body {
    let flags = flags(false, true, Some(1000));
    Body::Broadcast {
        event,
        options: BroadcastOptions::new(target).with_flags(flags),
        request: Some(id.clone()),
        accepts_no_answer: false,
    }
}

fn rooms<const N: usize>(names: [&str; N]) -> RoomList {
    names.into_iter().collect()
}

/// Returns the contents of the message with this name and request.
fn body(name: &str, id: &RequestId) -> Body {
    let all = Target::all;
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let request = id.clone();
    if let Some(name) = name.strip_prefix("broadcast ") {
        return broadcast_body(name);
    }
    match name {
        "ack" => with_ack(event(r#"["q",5]"#), all(), id),
        "ack binary" => {
            let event = args(&format!(r#"["q",{placeholder}]"#), &[&[5]]);
            with_ack(event, all().to("room1"), id)
        }
        "fetch" => Body::FetchSockets {
            target: all().to("room1").except("b"),
            request,
        },
        "join" => Body::Join {
            target: all().to("room1"),
            rooms: rooms(["r2", "r3"]),
        },
        "leave" => Body::Leave {
            target: all().to("r2").except("é"),
            rooms: rooms(["r2"]),
        },
        "disconnect" => Body::Disconnect {
            target: all().to("room1"),
            close: true,
        },
        "disconnect keep" => Body::Disconnect {
            target: all(),
            close: false,
        },
        "server event" => Body::ServerSideEvent {
            event: event(r#"["ping2",1,{"a":"é"}]"#),
            request: None,
        },
        "server event binary" => {
            let json =
                format!(r#"["ping2",{placeholder},{{"n":[{{"_placeholder":true,"num":1}}]}}]"#);
            Body::ServerSideEvent {
                event: args(&json, &[&[1, 255], &[]]),
                request: None,
            }
        }
        "server event ack" => Body::ServerSideEvent {
            event: event(r#"["ping2",1]"#),
            request: Some(request),
        },
        "all rooms" => Body::AllRooms { request },
        _ => answer_body(name, request),
    }
}

fn broadcast_body(name: &str) -> Body {
    let all = Target::all;
    let plain = |json: &str, target| broadcast(event(json), target);
    match name {
        "plain" => plain(r#"["hello",1,"é"]"#, all()),
        "unicode" => {
            let long = "x".repeat(300);
            let json = format!("[\"emoji\",\"😀\u{2028}\\u0007\\\"\\\\\",\"{long}\"]");
            plain(&json, all())
        }
        "binary" => broadcast(
            args(r#"["hello",{"_placeholder":true,"num":0}]"#, &[&[1, 2, 3]]),
            all(),
        ),
        "nested" => {
            let json = r#"["deep",{"a":[{"b":{"_placeholder":true,"num":0}},[[{"_placeholder":true,"num":1}]]],"c":null},{"_placeholder":true,"num":2}]"#;
            broadcast(args(json, &[&[9], &[], &[7]]), all())
        }
        "numbers" => plain(
            r#"["n",0,-1,127,128,-33,65536,1.5,-0.1,1099511627776,9007199254740992,-1099511627776]"#,
            all(),
        ),
        "long" => plain(
            r#"["many",0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]"#,
            all(),
        ),
        "room" => plain(r#"["h"]"#, all().to("room1")),
        "room hash" => plain(r#"["h"]"#, all().to("a#b#é")),
        "rooms" => with_flags(
            r#"["h"]"#,
            all().to(["room1", "room2"]).except("x"),
            flags(true, false, None),
        ),
        "id" => plain(r#"["dm",1]"#, all().to("AiB2n6AiMExcl45DAAAB")),
        "except" => plain(r#"["h"]"#, all().except(["a", "b"])),
        "timeout" => with_flags(r#"["h"]"#, all(), flags(true, true, Some(1500))),
        name => panic!("unknown message {name}"),
    }
}

fn answer_body(name: &str, request: RequestId) -> Body {
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let ack = |answer| Body::Ack {
        request: request.clone(),
        answer: Some(answer),
        socket: None,
    };
    let server = |answer| Body::ServerSideAnswer {
        request: request.clone(),
        answer,
    };
    match name {
        "answer count" | "answer count text" | "answer count none" | "answer count null" => {
            Body::Count {
                request,
                sockets: 1,
            }
        }
        "answer ack" => ack(args(&format!(r#"[{{"r":5,"b":{placeholder}}}]"#), &[&[9]])),
        "answer ack text" => ack(Args::from_serialize(None, "é").unwrap()),
        "answer ack none" => ack(Args::default()),
        "answer ack null" => ack(args("[null]", &[])),
        "answer server" => server(Args::from_serialize(None, "pong").unwrap()),
        "answer server binary" => server(args(&format!("[{placeholder}]"), &[&[1, 2]])),
        "answer server none" => server(Args::default()),
        "answer server null" => server(args("[null]", &[])),
        "answer fetch" | "answer fetch binary" => {
            let handshake = serde_json::json!({
                "headers": {"host": "localhost"}, "time": "T", "address": "::1", "xdomain": false,
                "secure": false, "issued": 1, "url": "/", "query": {"EIO": "4"}, "auth": {},
            });
            let data = if name == "answer fetch" {
                serde_json::json!({"user": "ü"})
            } else {
                serde_json::json!({"b": {"type": "Buffer", "data": [1, 2]}})
            };
            let id = "AiB2n6AiMExcl45DAAAB";
            let socket = RemoteSocketInfo::new(id.into(), vec![id.into(), "room1".into()])
                .with_handshake(serde_json::from_value(handshake).unwrap())
                .with_data(serde_json::from_value(data).unwrap());
            Body::Sockets {
                request,
                sockets: vec![socket],
            }
        }
        "answer rooms" => Body::Rooms {
            request,
            rooms: ["AiB2n6AiMExcl45DAAAB", "room1"].map(Room::from).to_vec(),
        },
        "answer socket ids" => Body::SocketIds {
            request,
            sockets: vec!["AiB2n6AiMExcl45DAAAB".into()],
        },
        name => panic!("unknown message {name}"),
    }
}

/// Returns the request that a message sends or answers.
fn request_of(body: &Body) -> RequestId {
    match body {
        Body::Broadcast { request, .. } | Body::ServerSideEvent { request, .. } => request.clone(),
        Body::FetchSockets { request, .. }
        | Body::FetchSocketIds { request, .. }
        | Body::AllRooms { request }
        | Body::Sockets { request, .. }
        | Body::SocketIds { request, .. }
        | Body::Rooms { request, .. }
        | Body::Count { request, .. }
        | Body::Ack { request, .. }
        | Body::ServerSideAnswer { request, .. } => Some(request.clone()),
        _ => None,
    }
    .unwrap_or_else(|| RequestId::new("none"))
}

/// Returns whether the bytes of a message depend on something that Rust does not know, such as the
/// order in which flags were set.
fn has_other_bytes(name: &str) -> bool {
    ["broadcast timeout", "answer fetch", "answer fetch binary"].contains(&name)
}

#[track_caller]
fn check(format: &impl Format, [name, channel, text]: [&str; 3], expected: &Message) {
    let bytes = payload(text);
    let decoded = format.decode(channel, &bytes).unwrap();
    assert_eq!(decoded, *expected, "{name}");
    let to = match channel.strip_prefix("socket.io#/#") {
        Some("6f2888940c0af886#") => Destination::Server(ServerId::new("6f2888940c0af886")),
        _ => Destination::All,
    };
    let (to_channel, written) = encoded(format, &to, expected);
    assert_eq!(to_channel, channel, "{name}");
    if !has_other_bytes(name) {
        assert_eq!(written, bytes, "{name}");
    }
    assert_eq!(
        format.decode(channel, &written).unwrap(),
        *expected,
        "{name}"
    );
}

#[test]
fn the_messages_of_the_classic_adapter_are_read_and_written() {
    let format = classic();
    let mut count = 0;
    for row in
        rows(CLASSIC).filter(|[name, ..]| !name.starts_with("wild") && *name != "numeric room")
    {
        let [name, channel, text] = row;
        let id = request_of(&format.decode(channel, &payload(text)).unwrap().body);
        let sender = (!name.starts_with("answer")).then(|| ServerId::new(CLASSIC_SERVER));
        let expected = Message::new(sender, Namespace::MAIN, body(name, &id));
        check(&format, row, &expected);
        count += 1;
    }
    assert_eq!(count, 39);
}

#[test]
fn the_messages_of_the_sharded_adapter_are_read_and_written() {
    let format = sharded();
    let mut count = 0;
    for row in
        rows(SHARDED).filter(|[name, ..]| !name.starts_with("wild") && *name != "numeric room")
    {
        let [name, channel, text] = row;
        let id = request_of(&format.decode(channel, &payload(text)).unwrap().body);
        let body = match (name, text.get(..10)) {
            ("heartbeats", Some(r#"{"type":1,"#)) => Body::InitialHeartbeat,
            ("heartbeats", Some(r#"{"type":2,"#)) => Body::Heartbeat,
            ("heartbeats", _) => Body::Close,
            _ => body(name, &id),
        };
        check(&format, row, &message(SHARDED_SERVER, body));
        count += 1;
    }
    assert_eq!(count, 39);
}

#[test]
fn the_messages_of_the_emitter_are_read_and_written() {
    let format = classic();
    let binary = args(r#"["e",{"_placeholder":true,"num":0}]"#, &[&[7]]);
    let event_for_servers = args(r#"["ping2",1,{"_placeholder":true,"num":0}]"#, &[&[3]]);
    for row in rows(EMITTER) {
        let [name, ..] = row;
        let body = match name {
            "emit" => broadcast(event(r#"["e",1]"#), Target::all()),
            "room" => broadcast(binary.clone(), Target::all().to("room1")),
            "flags" => with_flags(
                r#"["e"]"#,
                Target::all().to(["a", "b"]).except("c"),
                flags(true, false, None),
            ),
            "join" => Body::Join {
                target: Target::all().to("room1"),
                rooms: rooms(["r9"]),
            },
            "leave" => Body::Leave {
                target: Target::all().except("x"),
                rooms: rooms(["r9", "r8"]),
            },
            "disconnect" => Body::Disconnect {
                target: Target::all().to("nobody"),
                close: true,
            },
            "server event" => Body::ServerSideEvent {
                event: event_for_servers.clone(),
                request: None,
            },
            name => panic!("unknown message {name}"),
        };
        let is_named = matches!(name, "emit" | "room" | "flags" | "server event");
        let sender = is_named.then_some(ServerId::EMITTER);
        check(
            &format,
            row,
            &Message::new(sender, Namespace::MAIN, body.clone()),
        );
        // Rust emitters need not know where Node's emitter names itself.
        let named = Message::new(ServerId::EMITTER, Namespace::MAIN, body);
        assert_eq!(
            encoded(&format, &Destination::All, &named).1,
            payload(row[2]),
            "{name}"
        );
    }
}

#[test]
fn the_mode_selects_the_channels_of_rooms() {
    for [name, channel, text] in rows(MODES) {
        let format = sharded().with_subscription_mode(match name.trim_end_matches(" ack") {
            "static" => SubscriptionMode::Static,
            "dynamic" => SubscriptionMode::Dynamic,
            _ => SubscriptionMode::DynamicPrivate,
        });
        let bytes = payload(text);
        let message = format.decode(channel, &bytes).unwrap();
        let (to_channel, written) = encoded(&format, &Destination::All, &message);
        assert_eq!(to_channel, channel, "{name}: {text}");
        assert_eq!(written, bytes);
    }
}

#[test]
fn values_that_only_javascript_has_are_read_as_in_json() {
    for golden in [CLASSIC, SHARDED] {
        for [name, channel, text] in rows(golden).filter(|[name, ..]| name.starts_with("wild")) {
            let bytes = payload(text);
            let message = match text.starts_with('{') {
                true => sharded().decode(channel, &bytes),
                false => classic().decode(channel, &bytes),
            };
            let Body::Broadcast { event, .. } = message.unwrap().body else {
                panic!("{name} is a broadcast");
            };
            let expected = match name {
                "wild dates" => {
                    r#"["dates","1970-01-01T00:00:00.000Z","2009-02-13T23:31:30.123Z","1969-12-31T23:59:59.999Z",{"d":"2001-09-09T01:46:40.000Z"}]"#
                }
                _ => r#"["nan",null,null,0,null,{"v":1}]"#,
            };
            assert_eq!(event.as_json(), expected);
        }
    }
}

#[test]
fn numbers_as_rooms_are_their_text() {
    for golden in [CLASSIC, SHARDED] {
        let [_, channel, text] = rows(golden)
            .find(|[name, ..]| *name == "numeric room")
            .unwrap();
        let bytes = payload(text);
        let message = match text.starts_with('{') {
            true => sharded().decode(channel, &bytes),
            false => classic().decode(channel, &bytes),
        };
        let Body::Broadcast { options, .. } = message.unwrap().body else {
            panic!("the message is a broadcast");
        };
        assert_eq!(
            options.target,
            Target::all().to(["5", "1.5", "-1"]).except("7")
        );
    }
}
