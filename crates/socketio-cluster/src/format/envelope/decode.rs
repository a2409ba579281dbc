//! Decodes messages of Node's `ClusterAdapter`.

use bytes::Bytes;
use socketio_proto::Namespace;
use socketio_proto::envelope::EnvelopeValue;

use super::Type;
use crate::format::error::DecodeError;
use crate::format::incoming::{Answer, Content, Incoming};
use crate::format::limits::FormatLimits;
use crate::format::read;
use crate::message::{Body, ServerId};

/// Decodes the outer part of a message. `namespace` is that of its channel, for messages that do not name
/// theirs.
pub(in crate::format) fn message<'m>(
    payload: &'m Bytes,
    namespace: &Namespace,
    limits: &'m FormatLimits,
) -> Result<Incoming<'m>, DecodeError> {
    read::check_size(payload, limits)?;
    let message = EnvelopeValue::parse(payload, &limits.arguments)?;
    let [kind, data, uid, name] = message.members(["type", "data", "uid", "nsp"])?;
    let sender = read::sender(uid, limits)?;
    let namespace = read::namespace(name, namespace, limits)?;
    let kind = read::required(kind, "type")?
        .as_unsigned()
        .and_then(Type::from_number)
        .ok_or(DecodeError::UnknownType)?;
    let content = content(kind, data, sender.as_ref(), limits)?;
    Ok(Incoming::new(sender, namespace, content, limits))
}

fn content<'m>(
    kind: Type,
    data: Option<EnvelopeValue<'m>>,
    sender: Option<&ServerId>,
    limits: &FormatLimits,
) -> Result<Content<'m>, DecodeError> {
    let body = match kind {
        Type::InitialHeartbeat => Body::InitialHeartbeat,
        Type::Heartbeat => Body::Heartbeat,
        Type::Close => Body::Close,
        kind => return data_content(kind, read::required(data, "data")?, sender, limits),
    };
    Ok(Content::Complete(body))
}

fn data_content<'m>(
    kind: Type,
    data: EnvelopeValue<'m>,
    sender: Option<&ServerId>,
    limits: &FormatLimits,
) -> Result<Content<'m>, DecodeError> {
    let [packet, id, opts] = data.members(["packet", "requestId", "opts"])?;
    let request = read::request(id, limits)?;
    // The answer is sent to the channel of the sender.
    if request.is_some() && sender.is_none() {
        return Err(DecodeError::InvalidMember("uid"));
    }
    let required_request =
        |request: Option<_>| request.ok_or(DecodeError::InvalidMember("requestId"));
    Ok(match kind {
        Type::Broadcast => {
            let [left] = data.members(["left"])?;
            let (event, _) = read::packet(packet)?;
            Content::Broadcast {
                event,
                options: read::options(opts, limits)?,
                request,
                accepts_no_answer: read::is_truthy(left),
            }
        }
        Type::Join | Type::Leave => {
            let [rooms] = data.members(["rooms"])?;
            let target = read::target(opts, limits)?;
            let rooms = read::room_or_rooms(rooms, "rooms", limits)?;
            Content::Complete(if kind == Type::Join {
                Body::Join { target, rooms }
            } else {
                Body::Leave { target, rooms }
            })
        }
        Type::Disconnect => {
            let [close] = data.members(["close"])?;
            Content::Complete(Body::Disconnect {
                target: read::target(opts, limits)?,
                close: read::is_truthy(close),
            })
        }
        Type::Fetch => Content::Complete(Body::FetchSockets {
            target: read::target(opts, limits)?,
            request: required_request(request)?,
        }),
        Type::ServerSideEmit => Content::ServerSideEvent {
            event: read::required(packet, "packet")?,
            request,
        },
        kind => Content::Answer {
            request: required_request(request)?,
            answer: answer(kind, data, packet, limits)?,
        },
    })
}

fn answer<'m>(
    kind: Type,
    data: EnvelopeValue<'m>,
    packet: Option<EnvelopeValue<'m>>,
    limits: &FormatLimits,
) -> Result<Answer<'m>, DecodeError> {
    let [sockets, count, left, socket] =
        data.members(["sockets", "clientCount", "left", "socket"])?;
    Ok(match kind {
        Type::FetchResponse => Answer::Sockets(read::required(sockets, "sockets")?),
        Type::ServerSideEmitResponse => Answer::ServerSide(packet),
        Type::ClientCount => Answer::Count(read::count(count)?),
        Type::Ack => Answer::Ack {
            answer: packet,
            has_left: read::is_truthy(left),
            socket: read::socket(socket, "socket", limits)?,
        },
        _ => return Err(DecodeError::UnknownType),
    })
}
