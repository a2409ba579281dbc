//! Every message is read as it was written, and no input causes a panic.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use socketio_cluster::{
    Args, Body, BroadcastOptions, Destination, Format, Message, Namespace, RemoteSocketInfo,
    RequestId, Room, RoomList, ServerId, SocketId, Target,
};
use socketio_proto::Value;

use super::{NAMESPACE_CHANNEL, REQUEST_CHANNEL, RESPONSE_CHANNEL, classic, sharded};

fn id() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_\"\\\\é-]{1,24}"
}

fn room() -> impl Strategy<Value = Room> {
    ".{0,30}".prop_map(Room::from)
}

fn rooms() -> impl Strategy<Value = RoomList> {
    prop::collection::vec(room(), 0..4).prop_map(|rooms| rooms.into_iter().collect())
}

fn target() -> impl Strategy<Value = Target> {
    (rooms(), rooms()).prop_map(|(rooms, excluded)| Target::all().to(rooms).except(excluded))
}

fn options() -> impl Strategy<Value = BroadcastOptions> {
    let timeout = prop::option::of((0..=u32::MAX).prop_map(|ms| Duration::from_millis(ms.into())));
    (target(), any::<bool>(), any::<bool>(), timeout).prop_map(
        |(target, volatile, compress, timeout)| {
            let mut options = BroadcastOptions::new(target);
            options.flags.volatile = volatile;
            options.flags.compress = compress;
            options.flags.timeout = timeout;
            options
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Number(number.into())),
        any::<u64>().prop_map(|number| Value::Number(number.into())),
        (-1e9..1e9_f64)
            .prop_filter("an integral number becomes an integer", |number| number
                .fract()
                != 0.0)
            .prop_map(|number| Value::Number(serde_json::Number::from_f64(number).unwrap())),
        "(.|[\"\\\\\u{1}]){0,20}".prop_map(Value::String),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Value::Binary(bytes.into())),
    ];
    leaf.prop_recursive(4, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map("(_placeholder|num|type|[a-zé\"]{1,6})", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An event whose name is not reserved.
fn event() -> impl Strategy<Value = Args> {
    ("e.{0,10}", prop::collection::vec(value(), 0..3)).prop_map(|(name, values)| {
        let mut args = Args::from_serialize(Some(&*name), &()).unwrap();
        for value in &values {
            args = args.with_appended(&(value,)).unwrap();
        }
        args
    })
}

fn answer() -> impl Strategy<Value = Args> {
    prop::option::of(value()).prop_map(|value| match value {
        Some(value) => Args::from_serialize(None, &(&value,)).unwrap(),
        None => Args::default(),
    })
}

fn socket() -> impl Strategy<Value = RemoteSocketInfo> {
    let json = "[a-z\"]{0,5}".prop_map(|text| serde_json::json!({"k": [text, 1, null]}));
    (id(), prop::collection::vec(room(), 0..4), json).prop_map(|(id, rooms, json)| {
        RemoteSocketInfo::new(id.into(), rooms)
            .with_handshake(serde_json::from_value(json.clone()).unwrap())
            .with_data(serde_json::from_value(json).unwrap())
    })
}

/// The messages that both formats have.
fn body() -> impl Strategy<Value = Body> {
    let request = || id().prop_map(RequestId::new);
    prop_oneof![
        (
            event(),
            options(),
            prop::option::of(request()),
            any::<bool>()
        )
            .prop_map(|(event, options, request, accepts)| Body::Broadcast {
                event,
                options,
                accepts_no_answer: accepts && request.is_some(),
                request,
            }),
        (target(), rooms()).prop_map(|(target, rooms)| Body::Join { target, rooms }),
        (target(), rooms()).prop_map(|(target, rooms)| Body::Leave { target, rooms }),
        (target(), any::<bool>()).prop_map(|(target, close)| Body::Disconnect { target, close }),
        (target(), request()).prop_map(|(target, request)| Body::FetchSockets { target, request }),
        (request(), prop::collection::vec(socket(), 0..4))
            .prop_map(|(request, sockets)| Body::Sockets { request, sockets }),
        (event(), prop::option::of(request()))
            .prop_map(|(event, request)| Body::ServerSideEvent { event, request }),
        (request(), answer())
            .prop_map(|(request, answer)| Body::ServerSideAnswer { request, answer }),
        (request(), any::<u32>()).prop_map(|(request, sockets)| Body::Count {
            request,
            sockets: sockets as usize
        }),
        (
            request(),
            prop::option::of(answer()),
            prop::option::of(id())
        )
            .prop_map(|(request, answer, socket)| Body::Ack {
                request,
                answer,
                socket: socket.map(SocketId::from),
            }),
    ]
}

fn legacy_body() -> impl Strategy<Value = Body> {
    let request = || id().prop_map(RequestId::new);
    prop_oneof![
        request().prop_map(|request| Body::AllRooms { request }),
        (request(), prop::collection::vec(room(), 0..4))
            .prop_map(|(request, rooms)| Body::Rooms { request, rooms }),
        (rooms(), request()).prop_map(|(rooms, request)| Body::FetchSocketIds {
            target: Target::all().to(rooms),
            request
        }),
        (request(), prop::collection::vec(id(), 1..4)).prop_map(|(request, ids)| Body::SocketIds {
            request,
            sockets: ids.into_iter().map(SocketId::from).collect()
        }),
    ]
}

/// Returns the contents as values, because `_placeholder` may be written with an escape.
fn comparable(body: &Body) -> (Option<Value>, String) {
    let args = match body {
        Body::Broadcast { event: args, .. }
        | Body::ServerSideEvent { event: args, .. }
        | Body::ServerSideAnswer { answer: args, .. }
        | Body::Ack {
            answer: Some(args), ..
        } => args,
        _ => return (None, format!("{body:?}")),
    };
    let value = args.deserialize_payload::<Option<Value>>().unwrap();
    let mut body = body.clone();
    match &mut body {
        Body::Broadcast { event: args, .. }
        | Body::ServerSideEvent { event: args, .. }
        | Body::ServerSideAnswer { answer: args, .. }
        | Body::Ack {
            answer: Some(args), ..
        } => *args = Args::default(),
        _ => {}
    }
    (value, format!("{body:?}"))
}

fn check(format: &impl Format, message: &Message) {
    let to = Destination::Server(ServerId::new("y"));
    let outgoing = format.encode(&to, message).unwrap();
    let channel = &*outgoing.channel;
    let read = format.decode(channel, &outgoing.payload).unwrap();
    assert_eq!(read.namespace, message.namespace);
    assert_eq!(comparable(&read.body), comparable(&message.body));
    let header = format.decode_header(channel, &outgoing.payload).unwrap();
    assert_eq!(header.sender(), read.sender.as_ref());
}

/// Decodes bytes in all ways. Whatever is accepted can be written and is read again.
fn read_all(bytes: &Bytes) {
    fn accept(format: &impl Format, channel: &str, bytes: &Bytes) {
        let Ok(message) = format.decode(channel, bytes) else {
            return;
        };
        if message.namespace != Namespace::MAIN {
            return;
        }
        check(format, &message);
    }
    for channel in [
        NAMESPACE_CHANNEL,
        REQUEST_CHANNEL,
        RESPONSE_CHANNEL,
        "socket.io#/#room#",
    ] {
        accept(&classic(), channel, bytes);
    }
    accept(&sharded(), NAMESPACE_CHANNEL, bytes);
}

proptest! {
    #[test]
    fn messages_are_read_as_written(body in body(), sender in id()) {
        let message = Message::new(ServerId::new(sender), Namespace::MAIN, body);
        check(&classic(), &message);
        check(&sharded(), &message);
    }

    #[test]
    fn messages_of_the_classic_format_are_read_as_written(body in legacy_body(), sender in id()) {
        let message = Message::new(ServerId::new(sender), Namespace::MAIN, body);
        check(&classic(), &message);
    }

    #[test]
    fn changed_bytes_are_read_or_rejected(
        body in body(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let message = Message::new(ServerId::new("x"), Namespace::MAIN, body);
        let formats: [&dyn Format; 2] = [&classic(), &sharded()];
        for format in formats {
            let outgoing = format.encode(&Destination::All, &message).unwrap();
            let mut bytes = outgoing.payload.to_vec();
            for (index, byte) in &changes {
                let index = index.index(bytes.len());
                bytes[index] = *byte;
            }
            if let Some(cut) = &cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            read_all(&bytes.into());
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        read_all(&bytes.into());
    }
}
