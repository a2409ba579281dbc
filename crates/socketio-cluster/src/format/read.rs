//! Reads the parts that the messages of all formats have in common.

use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use socketio_adapter::{
    BroadcastOptions, Flags, RemoteSocketInfo, Room, RoomList, SocketId, Target,
};
use socketio_proto::envelope::EnvelopeValue;
use socketio_proto::{Args, Namespace};

use super::error::DecodeError;
use super::limits::FormatLimits;
use crate::message::{Body, RequestId, ServerId};

/// The maximum timeout of a broadcast, some 49 days. Longer ones are cut.
const MAX_TIMEOUT_MS: f64 = u32::MAX as f64;

/// The number of the packet type for events.
const EVENT: u64 = 2;

/// The number of the packet type for events with attachments, which old servers and emitters send.
const BINARY_EVENT: u64 = 5;

/// Returns whether an event for servers may not have this name. The names are those of Node's servers.
pub(super) fn is_reserved_by_servers(event: &str) -> bool {
    matches!(event, "connect" | "connection" | "new_namespace")
}

/// Checks the size of a message.
pub(super) fn check_size(payload: &Bytes, limits: &FormatLimits) -> Result<(), DecodeError> {
    let limit = limits.max_message_bytes;
    if payload.len() > limit {
        return Err(DecodeError::MessageTooLarge { limit });
    }
    Ok(())
}

/// Returns a member that must be there. `null` counts as missing.
pub(super) fn required<'m>(
    value: Option<EnvelopeValue<'m>>,
    name: &'static str,
) -> Result<EnvelopeValue<'m>, DecodeError> {
    present(value).ok_or(DecodeError::InvalidMember(name))
}

/// Returns a member that is neither missing nor `null`.
pub(super) fn present(value: Option<EnvelopeValue<'_>>) -> Option<EnvelopeValue<'_>> {
    value.filter(|value| !value.is_nil())
}

fn id(
    value: EnvelopeValue<'_>,
    name: &'static str,
    limits: &FormatLimits,
) -> Result<SmolStr, DecodeError> {
    let id = value.as_text().ok_or(DecodeError::InvalidMember(name))?;
    let limit = limits.max_id_len;
    if id.len() > limit {
        return Err(DecodeError::IdTooLong { limit });
    }
    if id.is_empty() {
        return Err(DecodeError::InvalidMember(name));
    }
    Ok(SmolStr::new(id))
}

/// Reads the sender.
pub(super) fn sender(
    value: Option<EnvelopeValue<'_>>,
    limits: &FormatLimits,
) -> Result<Option<ServerId>, DecodeError> {
    let Some(value) = present(value) else {
        return Ok(None);
    };
    let id = id(value, "uid", limits)?;
    // It would be the channel of another server.
    if id.contains('#') {
        return Err(DecodeError::InvalidMember("uid"));
    }
    Ok(Some(ServerId::new(id)))
}

/// Reads the id of a request if there is one.
pub(super) fn request(
    value: Option<EnvelopeValue<'_>>,
    limits: &FormatLimits,
) -> Result<Option<RequestId>, DecodeError> {
    present(value)
        .map(|value| id(value, "requestId", limits).map(RequestId::new))
        .transpose()
}

/// Reads the id of a request that must be there.
pub(super) fn required_request(
    value: Option<EnvelopeValue<'_>>,
    limits: &FormatLimits,
) -> Result<RequestId, DecodeError> {
    request(value, limits)?.ok_or(DecodeError::InvalidMember("requestId"))
}

/// Reads the id of a socket if there is one.
pub(super) fn socket(
    value: Option<EnvelopeValue<'_>>,
    name: &'static str,
    limits: &FormatLimits,
) -> Result<Option<SocketId>, DecodeError> {
    present(value)
        .map(|value| id(value, name, limits).map(SocketId::from))
        .transpose()
}

/// Reads a namespace, which is `missing` if the message has none.
pub(super) fn namespace(
    value: Option<EnvelopeValue<'_>>,
    missing: &Namespace,
    limits: &FormatLimits,
) -> Result<Namespace, DecodeError> {
    let Some(value) = present(value) else {
        return Ok(missing.clone());
    };
    let name = value.as_text().ok_or(DecodeError::InvalidMember("nsp"))?;
    if *missing == *name {
        return Ok(missing.clone());
    }
    let limit = limits.arguments.max_namespace_len;
    if name.len() > limit {
        return Err(socketio_proto::DecodeError::NamespaceTooLong { limit }.into());
    }
    Namespace::new(SmolStr::new(name)).map_err(|_| DecodeError::InvalidMember("nsp"))
}

/// Returns whether JavaScript regards a value as true.
pub(super) fn is_truthy(value: Option<EnvelopeValue<'_>>) -> bool {
    let Some(value) = present(value) else {
        return false;
    };
    if let Some(value) = value.as_bool() {
        return value;
    }
    match value.as_text() {
        Some(text) => !text.is_empty(),
        None => value.as_unsigned() != Some(0),
    }
}

/// Reads a number of sockets.
pub(super) fn count(value: Option<EnvelopeValue<'_>>) -> Result<usize, DecodeError> {
    required(value, "clientCount")?
        .as_unsigned()
        .and_then(|count| usize::try_from(count).ok())
        .ok_or(DecodeError::InvalidMember("clientCount"))
}

/// Reads a list of rooms. A missing list is empty.
///
/// A room may be a number, which Node distinguishes from its text and Rust does not. `undefined`, `null`
/// and booleans, which Node takes as rooms, have no members and are omitted.
pub(super) fn rooms(
    value: Option<EnvelopeValue<'_>>,
    name: &'static str,
    limits: &FormatLimits,
) -> Result<RoomList, DecodeError> {
    let mut rooms = RoomList::new();
    let Some(value) = present(value) else {
        return Ok(rooms);
    };
    for (index, value) in value.elements()?.enumerate() {
        let limit = limits.max_rooms;
        if index >= limit {
            return Err(DecodeError::TooManyRooms { limit });
        }
        let value = value?;
        match room(value, limits)? {
            Some(room) => rooms.push(room),
            None if value.is_nil() || value.as_bool().is_some() => {}
            None => return Err(DecodeError::InvalidMember(name)),
        }
    }
    Ok(rooms)
}

/// Reads a list of rooms or a single one.
pub(super) fn room_or_rooms(
    value: Option<EnvelopeValue<'_>>,
    name: &'static str,
    limits: &FormatLimits,
) -> Result<RoomList, DecodeError> {
    let value = required(value, name)?;
    match room(value, limits)? {
        Some(room) => Ok(room.into()),
        None => rooms(Some(value), name, limits),
    }
}

/// Reads the name of a room. Returns `None` if the value is neither text nor a number.
fn room(value: EnvelopeValue<'_>, limits: &FormatLimits) -> Result<Option<Room>, DecodeError> {
    if let Some(text) = value.as_text() {
        let limit = limits.max_room_len;
        if text.len() > limit {
            return Err(DecodeError::RoomTooLong { limit });
        }
        return Ok(Some(Room::from(text)));
    }
    Ok(match value.as_unsigned() {
        Some(number) => Some(Room::from(number.to_string())),
        None => value
            .as_number()
            .map(|number| Room::from(number.to_string())),
    })
}

/// Reads the rooms that select sockets. If all of them are omitted, this is an error, because an empty
/// list selects every socket.
pub(super) fn selection(
    value: Option<EnvelopeValue<'_>>,
    limits: &FormatLimits,
) -> Result<Target, DecodeError> {
    let selected = rooms(value, "rooms", limits)?;
    let has_elements = match present(value) {
        Some(value) => value.elements()?.next().is_some(),
        None => false,
    };
    if selected.is_empty() && has_elements {
        return Err(DecodeError::InvalidMember("rooms"));
    }
    Ok(Target::all().to(selected))
}

/// Reads the targeted sockets from the options of an operation.
pub(super) fn target(
    opts: Option<EnvelopeValue<'_>>,
    limits: &FormatLimits,
) -> Result<Target, DecodeError> {
    options(opts, limits).map(|options| options.target)
}

/// Reads the options of an operation.
pub(super) fn options(
    opts: Option<EnvelopeValue<'_>>,
    limits: &FormatLimits,
) -> Result<BroadcastOptions, DecodeError> {
    let opts = required(opts, "opts")?;
    let [selected, excluded, flags] = opts.members(["rooms", "except", "flags"])?;
    let target = selection(selected, limits)?.except(rooms(excluded, "except", limits)?);
    let options = BroadcastOptions::new(target);
    Ok(match present(flags) {
        Some(flags) => options.with_flags(read_flags(flags)?),
        None => options,
    })
}

/// Reads flags. Unknown ones are ignored, and so is `local`, because the sender has served its sockets.
fn read_flags(flags: EnvelopeValue<'_>) -> Result<Flags, DecodeError> {
    let [volatile, compress, timeout] = flags.members(["volatile", "compress", "timeout"])?;
    let mut flags = Flags::default();
    flags.volatile = is_truthy(volatile);
    flags.compress = compress.and_then(EnvelopeValue::as_bool) != Some(false);
    flags.timeout = timeout
        .and_then(EnvelopeValue::as_number)
        .and_then(|number| number.as_f64())
        .filter(|ms| *ms >= 0.0)
        .map(|ms| Duration::from_millis(ms.min(MAX_TIMEOUT_MS) as u64));
    Ok(flags)
}

/// Returns the list of an event and the namespace in its packet.
pub(super) fn packet<'m>(
    packet: Option<EnvelopeValue<'m>>,
) -> Result<(EnvelopeValue<'m>, Option<EnvelopeValue<'m>>), DecodeError> {
    let packet = required(packet, "packet")?;
    let [kind, data, namespace] = packet.members(["type", "data", "nsp"])?;
    match kind.and_then(EnvelopeValue::as_unsigned) {
        Some(EVENT | BINARY_EVENT) => Ok((required(data, "data")?, namespace)),
        _ => Err(DecodeError::InvalidMember("packet")),
    }
}

/// Reads an answer: one argument, or none if the member is missing.
pub(super) fn answer(
    value: Option<EnvelopeValue<'_>>,
    limits: &FormatLimits,
) -> Result<Args, DecodeError> {
    match value {
        Some(value) => Ok(value.argument(&limits.arguments)?),
        None => Ok(Args::default()),
    }
}

/// Reads the sockets of an answer: descriptions, or the ids that old servers send.
pub(super) fn sockets(
    request: RequestId,
    list: EnvelopeValue<'_>,
    limits: &FormatLimits,
) -> Result<Body, DecodeError> {
    let mut elements = list.elements()?.peekable();
    let first = elements.peek().and_then(|first| first.as_ref().ok());
    let has_ids = first.is_some_and(|first| first.as_text().is_some());
    let mut sockets = Vec::new();
    let mut ids = Vec::new();
    for (index, element) in elements.enumerate() {
        let limit = limits.max_sockets;
        if index >= limit {
            return Err(DecodeError::TooManySockets { limit });
        }
        if has_ids {
            ids.push(SocketId::from(id(element?, "sockets", limits)?));
        } else {
            sockets.push(socket_info(element?, limits)?);
        }
    }
    Ok(if has_ids {
        Body::SocketIds {
            request,
            sockets: ids,
        }
    } else {
        Body::Sockets { request, sockets }
    })
}

fn socket_info(
    value: EnvelopeValue<'_>,
    limits: &FormatLimits,
) -> Result<RemoteSocketInfo, DecodeError> {
    let [id, handshake, own_rooms, data] = value.members(["id", "handshake", "rooms", "data"])?;
    let id = socket(id, "id", limits)?.ok_or(DecodeError::InvalidMember("id"))?;
    let rooms = rooms(own_rooms, "rooms", limits)?.into_iter().collect();
    let mut socket = RemoteSocketInfo::new(id, rooms);
    if let Some(handshake) = handshake {
        socket = socket.with_handshake(deserialize(handshake, "handshake", limits)?);
    }
    if let Some(data) = data {
        socket = socket.with_data(deserialize(data, "data", limits)?);
    }
    Ok(socket)
}

fn deserialize<T: DeserializeOwned>(
    value: EnvelopeValue<'_>,
    name: &'static str,
    limits: &FormatLimits,
) -> Result<T, DecodeError> {
    value
        .deserialize(&limits.arguments)
        .map_err(|_| DecodeError::InvalidMember(name))
}
