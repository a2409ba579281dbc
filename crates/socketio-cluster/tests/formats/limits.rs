//! Every limit is reached and exceeded.

use socketio_cluster::{Body, DecodeError, Format, FormatLimits, Message};
use socketio_proto::DecodeLimits;

use super::{NAMESPACE_CHANNEL, REQUEST_CHANNEL, RESPONSE_CHANNEL, classic, payload, sharded};

fn classic_request(text: &str, limits: FormatLimits) -> Result<Message, DecodeError> {
    classic()
        .with_limits(limits)
        .decode(REQUEST_CHANNEL, &payload(text))
}

fn classic_response(text: &str, limits: FormatLimits) -> Result<Message, DecodeError> {
    classic()
        .with_limits(limits)
        .decode(RESPONSE_CHANNEL, &payload(text))
}

fn enveloped(text: &str, limits: FormatLimits) -> Result<Message, DecodeError> {
    sharded()
        .with_limits(limits)
        .decode(NAMESPACE_CHANNEL, &payload(text))
}

fn limits() -> FormatLimits {
    FormatLimits::default()
}

#[test]
fn the_size_of_a_message_is_limited() {
    let text = r#"{"type":2,"uid":"x","nsp":"/"}"#;
    let at = limits().with_max_message_bytes(text.len());
    assert!(enveloped(text, at).is_ok());
    let limit = text.len() - 1;
    let beyond = limits().with_max_message_bytes(limit);
    let too_large = Err(DecodeError::MessageTooLarge { limit });
    assert_eq!(enveloped(text, beyond.clone()), too_large);
    assert_eq!(classic_request(text, beyond), too_large);
}

#[test]
fn each_list_of_rooms_is_limited() {
    let request = |rooms: &str, except: &str, joined: &str| {
        let text = format!(
            r#"{{"type":2,"opts":{{"rooms":{rooms},"except":{except}}},"rooms":{joined}}}"#
        );
        classic_request(&text, limits().with_max_rooms(2))
    };
    let (two, three) = (r#"["a","b"]"#, r#"["a","b","c"]"#);
    assert!(request(two, two, two).is_ok());
    let too_many = Err(DecodeError::TooManyRooms { limit: 2 });
    assert_eq!(request(three, two, two), too_many);
    assert_eq!(request(two, three, two), too_many);
    assert_eq!(request(two, two, three), too_many);
    assert_eq!(
        request("[null,null,null]", two, two),
        too_many,
        "omitted rooms count"
    );

    let rooms = |list: &str| {
        let text = format!(r#"{{"requestId":"r","rooms":{list}}}"#);
        classic_response(&text, limits().with_max_rooms(2))
    };
    assert!(rooms(two).is_ok());
    assert_eq!(rooms(three), too_many);
    let socket = |list: &str| {
        let text = format!(r#"{{"requestId":"r","sockets":[{{"id":"s","rooms":{list}}}]}}"#);
        classic_response(&text, limits().with_max_rooms(2))
    };
    assert!(socket(two).is_ok());
    assert_eq!(socket(three), too_many);
}

#[test]
fn the_sockets_of_an_answer_are_limited() {
    for element in [r#""s""#, r#"{"id":"s","rooms":[]}"#] {
        let answer = |count: usize| {
            let list = vec![element; count].join(",");
            let text = format!(r#"{{"requestId":"r","sockets":[{list}]}}"#);
            classic_response(&text, limits().with_max_sockets(2))
        };
        assert!(answer(2).is_ok());
        assert_eq!(answer(3), Err(DecodeError::TooManySockets { limit: 2 }));
    }
}

#[test]
fn the_length_of_every_id_is_limited() {
    let too_long = Err(DecodeError::IdTooLong { limit: 4 });
    let limits = limits().with_max_id_len(4);
    let (at, beyond) = ("abcd", "abcde");
    for (is_ok, id) in [(true, at), (false, beyond)] {
        for result in [
            classic_request(
                &format!(r#"{{"uid":"{id}","type":4,"opts":{{}}}}"#),
                limits.clone(),
            ),
            classic_request(
                &format!(r#"{{"type":1,"requestId":"{id}"}}"#),
                limits.clone(),
            ),
            classic_request(&format!(r#"{{"type":4,"sid":"{id}"}}"#), limits.clone()),
            classic_response(
                &format!(r#"{{"requestId":"r","sockets":["{id}"]}}"#),
                limits.clone(),
            ),
            classic_response(
                &format!(r#"{{"requestId":"r","sockets":[{{"id":"{id}","rooms":[]}}]}}"#),
                limits.clone(),
            ),
            classic_response(
                &format!(r#"{{"type":9,"requestId":"r","left":true,"socket":"{id}"}}"#),
                limits.clone(),
            ),
            enveloped(&format!(r#"{{"type":2,"uid":"{id}"}}"#), limits.clone()),
        ] {
            if is_ok {
                assert!(result.is_ok(), "{result:?}");
            } else {
                assert_eq!(result, too_long);
            }
        }
    }
}

#[test]
fn the_length_of_a_room_is_limited() {
    let join = |room: &str| {
        let text = format!(r#"{{"type":2,"opts":{{}},"rooms":["{room}"]}}"#);
        classic_request(&text, limits().with_max_room_len(4))
    };
    assert!(join("abcd").is_ok());
    assert_eq!(join("abcde"), Err(DecodeError::RoomTooLong { limit: 4 }));
}

#[test]
fn the_limits_of_arguments_apply() {
    use socketio_proto::DecodeError as E;

    let arguments = DecodeLimits::default()
        .with_max_depth(2)
        .with_max_event_name_len(2)
        .with_max_namespace_len(3)
        .with_max_attachments(1);
    let limits = limits().with_arguments(arguments);
    let event = |list: &str| {
        let text = format!(
            r#"{{"type":3,"data":{{"packet":{{"type":2,"data":{list}}},"opts":{{}}}},"uid":"x","nsp":"/"}}"#
        );
        enveloped(&text, limits.clone())
    };
    assert!(event(r#"["ab",[]]"#).is_ok());
    let error = |error| Err(DecodeError::Malformed(error));
    assert_eq!(event(r#"["ab",[[]]]"#), error(E::TooDeep { limit: 2 }));
    assert_eq!(event(r#"["abc"]"#), error(E::EventNameTooLong { limit: 2 }));
    let heartbeat = |name: &str| {
        enveloped(
            &format!(r#"{{"type":2,"uid":"x","nsp":"{name}"}}"#),
            limits.clone(),
        )
    };
    assert!(heartbeat("/ab").is_ok());
    assert_eq!(heartbeat("/abc"), error(E::NamespaceTooLong { limit: 3 }));
    let buffers = |count: usize| {
        let list = vec![r#"{"type":"Buffer","data":[1]}"#; count].join(",");
        classic_request(
            &format!(r#"{{"type":6,"data":["e",{list}]}}"#),
            limits.clone(),
        )
    };
    assert!(matches!(
        buffers(1).unwrap().body,
        Body::ServerSideEvent { .. }
    ));
    assert_eq!(buffers(2), error(E::TooManyAttachments { limit: 1 }));
}

#[test]
fn servers_may_send_more_than_clients() {
    let limits = FormatLimits::default();
    assert_eq!(limits.max_message_bytes, 32 * 1024 * 1024);
    assert_eq!((limits.max_rooms, limits.max_sockets), (100_000, 100_000));
    assert_eq!((limits.max_id_len, limits.max_room_len), (128, 4096));
    assert_eq!(limits.arguments.max_attachments, 10_000);
    assert_eq!(limits.arguments.max_attachment_bytes, usize::MAX);
    assert_eq!(limits.arguments.max_event_name_len, 4096);
    assert_eq!(limits.arguments.max_namespace_len, 4096);
    assert_eq!(limits.arguments.max_depth, 128);
}
