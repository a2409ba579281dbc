//! Decodes messages of the classic format.

use bytes::Bytes;
use socketio_adapter::{RoomList, Target};
use socketio_proto::Namespace;
use socketio_proto::envelope::EnvelopeValue;

use super::channels::Channels;
use super::kind::Type;
use crate::format::error::DecodeError;
use crate::format::incoming::{Answer, Content, Incoming};
use crate::format::limits::FormatLimits;
use crate::format::read;
use crate::message::Body;

/// Decodes the outer part of a message.
pub(super) fn message<'m>(
    channels: &Channels,
    channel: &str,
    payload: &'m Bytes,
    namespace: &Namespace,
    limits: &'m FormatLimits,
) -> Result<Incoming<'m>, DecodeError> {
    read::check_size(payload, limits)?;
    if channels.request == channel {
        request(payload, namespace, limits)
    } else if channel.starts_with(&*channels.response) {
        response(payload, namespace, limits)
    } else if channel.starts_with(&*channels.broadcast) {
        broadcast(payload, limits)
    } else {
        Err(DecodeError::UnknownChannel)
    }
}

/// Decodes `[uid, packet, opts]`.
fn broadcast<'m>(
    payload: &'m Bytes,
    limits: &'m FormatLimits,
) -> Result<Incoming<'m>, DecodeError> {
    let mut elements = EnvelopeValue::msgpack(payload).elements()?;
    let mut next = || elements.next().transpose();
    let (uid, packet, opts) = (next()?, next()?, next()?);
    // As in Node, more elements are ignored.
    while next()?.is_some() {}
    let sender = read::sender(uid, limits)?;
    let (event, namespace) = read::packet(packet)?;
    let namespace = read::namespace(namespace, &Namespace::MAIN, limits)?;
    let content = Content::Broadcast {
        event,
        options: read::options(opts, limits)?,
        request: None,
        accepts_no_answer: false,
    };
    Ok(Incoming::new(sender, namespace, content, limits))
}

fn read_type(value: EnvelopeValue<'_>) -> Result<Type, DecodeError> {
    value
        .as_unsigned()
        .and_then(Type::from_number)
        .ok_or(DecodeError::UnknownType)
}

fn request<'m>(
    payload: &'m Bytes,
    namespace: &Namespace,
    limits: &'m FormatLimits,
) -> Result<Incoming<'m>, DecodeError> {
    let message = EnvelopeValue::parse(payload, &limits.arguments)?.with_buffers();
    let [uid, kind, id, opts, rooms] =
        message.members(["uid", "type", "requestId", "opts", "rooms"])?;
    let sender = read::sender(uid, limits)?;
    let mut namespace = namespace.clone();
    let body = match read_type(read::required(kind, "type")?)? {
        Type::Sockets => Body::FetchSocketIds {
            target: read::selection(rooms, limits)?,
            request: read::required_request(id, limits)?,
        },
        Type::AllRooms => Body::AllRooms {
            request: read::required_request(id, limits)?,
        },
        Type::Join => {
            let (target, rooms) = room_change(message, limits)?;
            Body::Join { target, rooms }
        }
        Type::Leave => {
            let (target, rooms) = room_change(message, limits)?;
            Body::Leave { target, rooms }
        }
        Type::Disconnect => {
            let [sid, close] = message.members(["sid", "close"])?;
            Body::Disconnect {
                target: target(opts, sid, limits)?,
                close: read::is_truthy(close),
            }
        }
        Type::Fetch => Body::FetchSockets {
            target: read::target(opts, limits)?,
            request: read::required_request(id, limits)?,
        },
        Type::ServerSideEmit => {
            let [data] = message.members(["data"])?;
            let content = Content::ServerSideEvent {
                event: read::required(data, "data")?,
                request: read::request(id, limits)?,
            };
            return Ok(Incoming::new(sender, namespace, content, limits));
        }
        Type::Broadcast => {
            let [packet, left] = message.members(["packet", "left"])?;
            let (event, name) = read::packet(packet)?;
            namespace = read::namespace(name, &namespace, limits)?;
            let content = Content::Broadcast {
                event,
                options: read::options(opts, limits)?,
                request: Some(read::required_request(id, limits)?),
                accepts_no_answer: read::is_truthy(left),
            };
            return Ok(Incoming::new(sender, namespace, content, limits));
        }
        Type::ClientCount | Type::Ack => return Err(DecodeError::UnknownType),
    };
    Ok(Incoming::new(
        sender,
        namespace,
        Content::Complete(body),
        limits,
    ))
}

/// Reads the targeted sockets and the rooms of a change. Old servers name one socket and one room.
fn room_change(
    message: EnvelopeValue<'_>,
    limits: &FormatLimits,
) -> Result<(Target, RoomList), DecodeError> {
    let [opts, sid, rooms, room] = message.members(["opts", "sid", "rooms", "room"])?;
    let target = target(opts, sid, limits)?;
    let rooms = read::room_or_rooms(read::present(rooms).or(room), "rooms", limits)?;
    Ok((target, rooms))
}

/// Reads the targeted sockets: those of the options, or the one that old servers name.
fn target(
    opts: Option<EnvelopeValue<'_>>,
    sid: Option<EnvelopeValue<'_>>,
    limits: &FormatLimits,
) -> Result<Target, DecodeError> {
    match (read::present(opts), read::socket(sid, "sid", limits)?) {
        (None, Some(sid)) => Ok(Target::all().to(sid)),
        (opts, _) => read::target(opts, limits),
    }
}

fn response<'m>(
    payload: &'m Bytes,
    namespace: &Namespace,
    limits: &'m FormatLimits,
) -> Result<Incoming<'m>, DecodeError> {
    let message = EnvelopeValue::parse(payload, &limits.arguments)?.with_buffers();
    let [kind, id, sockets, rooms] = message.members(["type", "requestId", "sockets", "rooms"])?;
    let request = read::required_request(id, limits)?;
    let answer = match read::present(kind).map(read_type).transpose()? {
        Some(Type::ServerSideEmit) => {
            let [data] = message.members(["data"])?;
            Answer::ServerSide(data)
        }
        Some(Type::ClientCount) => {
            let [count] = message.members(["clientCount"])?;
            Answer::Count(read::count(count)?)
        }
        Some(Type::Ack) => {
            let [answer, left, socket] = message.members(["packet", "left", "socket"])?;
            Answer::Ack {
                answer,
                has_left: read::is_truthy(left),
                socket: read::socket(socket, "socket", limits)?,
            }
        }
        // The answers to other requests have no type.
        Some(_) => return Err(DecodeError::UnknownType),
        None => match (read::present(sockets), read::present(rooms)) {
            (Some(sockets), _) => Answer::Sockets(sockets),
            (None, Some(rooms)) => Answer::Rooms(rooms),
            (None, None) => return Err(DecodeError::InvalidMember("type")),
        },
    };
    let content = Content::Answer { request, answer };
    Ok(Incoming::new(None, namespace.clone(), content, limits))
}
