//! Decodes messages of Node's `ClusterAdapter`.

use bytes::Bytes;
use socketio_proto::Namespace;
use socketio_proto::envelope::EnvelopeValue;

use super::Type;
use crate::format::error::DecodeError;
use crate::format::incoming::{Answer, Content, Incoming};
use crate::format::limits::FormatLimits;
use crate::format::read;
use crate::message::{Body, RequestId, ServerId};

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

/// The members of `data` in the messages of all types, which are found in one pass.
struct Members<'m> {
    packet: Option<EnvelopeValue<'m>>,
    request: Option<RequestId>,
    opts: Option<EnvelopeValue<'m>>,
    rooms: Option<EnvelopeValue<'m>>,
    close: Option<EnvelopeValue<'m>>,
    sockets: Option<EnvelopeValue<'m>>,
    count: Option<EnvelopeValue<'m>>,
    left: Option<EnvelopeValue<'m>>,
    socket: Option<EnvelopeValue<'m>>,
}

impl<'m> Members<'m> {
    fn read(data: EnvelopeValue<'m>, limits: &FormatLimits) -> Result<Self, DecodeError> {
        let keys = [
            "packet",
            "opts",
            "requestId",
            "rooms",
            "close",
            "sockets",
            "clientCount",
            "left",
            "socket",
        ];
        let [packet, opts, id, rooms, close, sockets, count, left, socket] = data.members(keys)?;
        Ok(Self {
            packet,
            request: read::request(id, limits)?,
            opts,
            rooms,
            close,
            sockets,
            count,
            left,
            socket,
        })
    }

    fn required_request(&self) -> Result<RequestId, DecodeError> {
        self.request
            .clone()
            .ok_or(DecodeError::InvalidMember("requestId"))
    }
}

fn data_content<'m>(
    kind: Type,
    data: EnvelopeValue<'m>,
    sender: Option<&ServerId>,
    limits: &FormatLimits,
) -> Result<Content<'m>, DecodeError> {
    let data = Members::read(data, limits)?;
    // The answer is sent to the channel of the sender.
    if data.request.is_some() && sender.is_none() {
        return Err(DecodeError::InvalidMember("uid"));
    }
    Ok(match kind {
        Type::Broadcast => {
            let (event, _) = read::packet(data.packet)?;
            Content::Broadcast {
                event,
                options: read::options(data.opts, limits)?,
                request: data.request,
                accepts_no_answer: read::is_truthy(data.left),
            }
        }
        Type::Join | Type::Leave => {
            let target = read::target(data.opts, limits)?;
            let rooms = read::room_or_rooms(data.rooms, "rooms", limits)?;
            Content::Complete(if kind == Type::Join {
                Body::Join { target, rooms }
            } else {
                Body::Leave { target, rooms }
            })
        }
        Type::Disconnect => Content::Complete(Body::Disconnect {
            target: read::target(data.opts, limits)?,
            close: read::is_truthy(data.close),
        }),
        Type::Fetch => Content::Complete(Body::FetchSockets {
            target: read::target(data.opts, limits)?,
            request: data.required_request()?,
        }),
        Type::ServerSideEmit => Content::ServerSideEvent {
            event: read::required(data.packet, "packet")?,
            request: data.request,
        },
        kind => Content::Answer {
            request: data.required_request()?,
            answer: answer(kind, &data, limits)?,
        },
    })
}

fn answer<'m>(
    kind: Type,
    data: &Members<'m>,
    limits: &FormatLimits,
) -> Result<Answer<'m>, DecodeError> {
    Ok(match kind {
        Type::FetchResponse => Answer::Sockets(read::required(data.sockets, "sockets")?),
        Type::ServerSideEmitResponse => Answer::ServerSide(data.packet),
        Type::ClientCount => Answer::Count(read::count(data.count)?),
        Type::Ack => Answer::Ack {
            answer: data.packet,
            has_left: read::is_truthy(data.left),
            socket: read::socket(data.socket, "socket", limits)?,
        },
        _ => return Err(DecodeError::UnknownType),
    })
}
