//! Encodes messages in the classic format.

use socketio_adapter::{BroadcastOptions, RoomList, Target};
use socketio_proto::envelope::EnvelopeWriter;
use socketio_proto::{Args, Namespace, PacketType};

use super::channels::Channels;
use super::kind::Type;
use crate::format::error::EncodeError;
use crate::format::{Destination, Outgoing, write};
use crate::message::{Body, Message, RequestId, ServerId};

/// Encodes a message with its members in the order of Node's adapter and emitter.
pub(super) fn message(
    channels: &Channels,
    to: &Destination,
    message: &Message,
) -> Result<Outgoing, EncodeError> {
    let (channel, writer) = match &message.body {
        Body::Broadcast {
            event,
            options,
            request: None,
            ..
        } => {
            write::check_event(event)?;
            let channel = channels.of_target(&options.target);
            (channel, broadcast(message, event, options))
        }
        Body::Sockets { .. }
        | Body::SocketIds { .. }
        | Body::Rooms { .. }
        | Body::ServerSideAnswer { .. }
        | Body::Count { .. }
        | Body::Ack { .. } => {
            let requester = match to {
                Destination::All => None,
                Destination::Server(server) => Some(server),
            };
            (channels.of_answer(requester), answer(&message.body)?)
        }
        _ => (channels.request.clone(), request(message)?),
    };
    Ok(Outgoing::new(channel, writer.finish()?))
}

fn request(message: &Message) -> Result<EnvelopeWriter, EncodeError> {
    let sender = message.sender.as_ref();
    Ok(match &message.body {
        Body::Broadcast {
            event,
            options,
            request: Some(id),
            accepts_no_answer,
        } => {
            write::check_event(event)?;
            broadcast_with_ack(message, id, event, options, *accepts_no_answer)
        }
        Body::Join { target, rooms } => room_change(sender, Type::Join, target, rooms),
        Body::Leave { target, rooms } => room_change(sender, Type::Leave, target, rooms),
        Body::Disconnect { target, close } => disconnect(sender, target, *close),
        Body::FetchSockets { target, request } => fetch(sender, request, target),
        Body::FetchSocketIds { target, request } => fetch_ids(sender, request, target),
        Body::AllRooms { request } => all_rooms(sender, request),
        Body::ServerSideEvent { event, request } => {
            write::check_server_side_event(event)?;
            server_side_event(sender, request.as_ref(), event)
        }
        // Heartbeats. The others are encoded above.
        _ => return Err(EncodeError::NotSupported),
    })
}

fn answer(body: &Body) -> Result<EnvelopeWriter, EncodeError> {
    let mut writer;
    match body {
        Body::Sockets { request, sockets } => {
            writer = response(None, request);
            write::sockets(&mut writer, sockets)?;
        }
        Body::SocketIds { request, sockets } => {
            writer = response(None, request);
            write::names(&mut writer, "sockets", sockets);
        }
        Body::Rooms { request, rooms } => {
            writer = response(None, request);
            write::names(&mut writer, "rooms", rooms);
        }
        Body::ServerSideAnswer { request, answer } => {
            writer = response(Some(Type::ServerSideEmit), request);
            write::answer(&mut writer, "data", answer);
        }
        Body::Count { request, sockets } => {
            writer = response(Some(Type::ClientCount), request);
            write::number(&mut writer, "clientCount", *sockets as u64);
        }
        Body::Ack {
            request,
            answer,
            socket,
        } => {
            let (answer, socket) = (answer.as_ref(), socket.as_ref().map(AsRef::as_ref));
            let len = write::ack_len(answer, socket);
            writer = open_response(EnvelopeWriter::msgpack(), Some(Type::Ack), request, len);
            write::ack(&mut writer, answer, socket);
        }
        _ => return Err(EncodeError::NotSupported),
    }
    writer.close_map();
    Ok(writer)
}

/// Writes `[uid, packet, opts]`.
fn broadcast(message: &Message, event: &Args, options: &BroadcastOptions) -> EnvelopeWriter {
    let mut writer = EnvelopeWriter::msgpack();
    writer.open_array(3);
    let sender = message.sender.as_ref();
    match sender {
        Some(sender) => writer.text(sender.as_str()),
        None => writer.nil(),
    }
    packet(&mut writer, &message.namespace, event);
    let target = &options.target;
    writer.open_map(3);
    write::names(&mut writer, "rooms", target.rooms());
    // Node's emitter has another order than its adapter.
    if sender.is_some_and(ServerId::is_emitter) {
        write::flags(&mut writer, &options.flags);
        write::names(&mut writer, "except", target.excluded());
    } else {
        write::names(&mut writer, "except", target.excluded());
        write::flags(&mut writer, &options.flags);
    }
    writer.close_map();
    writer.close_array();
    writer
}

fn packet(writer: &mut EnvelopeWriter, namespace: &Namespace, event: &Args) {
    writer.open_map(3);
    write::number(writer, "type", PacketType::Event.number().into());
    writer.key("data");
    writer.args(event);
    write::text(writer, "nsp", namespace);
    writer.close_map();
}

fn broadcast_with_ack(
    message: &Message,
    request: &RequestId,
    event: &Args,
    options: &BroadcastOptions,
    accepts_no_answer: bool,
) -> EnvelopeWriter {
    let writer = EnvelopeWriter::msgpack();
    let len = if accepts_no_answer { 3 } else { 2 };
    let mut writer = open_request(
        writer,
        message.sender.as_ref(),
        Some(request),
        Type::Broadcast,
        len,
    );
    writer.key("packet");
    packet(&mut writer, &message.namespace, event);
    write::options(&mut writer, options);
    if accepts_no_answer {
        write::mark(&mut writer, "left");
    }
    writer.close_map();
    writer
}

/// Opens a request with its sender, id and type, and this number of further members.
fn open_request(
    mut writer: EnvelopeWriter,
    sender: Option<&ServerId>,
    request: Option<&RequestId>,
    kind: Type,
    len: usize,
) -> EnvelopeWriter {
    // Node's emitter names itself only in events for servers.
    let is_named = |sender: &&ServerId| !sender.is_emitter() || kind == Type::ServerSideEmit;
    let sender = sender.filter(is_named);
    writer.open_map(usize::from(sender.is_some()) + usize::from(request.is_some()) + 1 + len);
    if let Some(sender) = sender {
        write::text(&mut writer, "uid", sender.as_str());
    }
    if let Some(request) = request {
        write::text(&mut writer, "requestId", request.as_str());
    }
    write::number(&mut writer, "type", kind.number());
    writer
}

fn room_change(
    sender: Option<&ServerId>,
    kind: Type,
    target: &Target,
    rooms: &RoomList,
) -> EnvelopeWriter {
    let mut writer = open_request(EnvelopeWriter::json(), sender, None, kind, 2);
    write::target(&mut writer, target);
    write::names(&mut writer, "rooms", rooms);
    writer.close_map();
    writer
}

fn disconnect(sender: Option<&ServerId>, target: &Target, close: bool) -> EnvelopeWriter {
    let mut writer = open_request(EnvelopeWriter::json(), sender, None, Type::Disconnect, 2);
    write::target(&mut writer, target);
    writer.key("close");
    writer.bool(close);
    writer.close_map();
    writer
}

fn fetch(sender: Option<&ServerId>, id: &RequestId, target: &Target) -> EnvelopeWriter {
    let mut writer = open_request(EnvelopeWriter::json(), sender, Some(id), Type::Fetch, 1);
    write::target(&mut writer, target);
    writer.close_map();
    writer
}

fn fetch_ids(sender: Option<&ServerId>, id: &RequestId, target: &Target) -> EnvelopeWriter {
    let mut writer = open_request(EnvelopeWriter::json(), sender, Some(id), Type::Sockets, 1);
    write::names(&mut writer, "rooms", target.rooms());
    writer.close_map();
    writer
}

fn all_rooms(sender: Option<&ServerId>, id: &RequestId) -> EnvelopeWriter {
    let mut writer = open_request(EnvelopeWriter::json(), sender, Some(id), Type::AllRooms, 0);
    writer.close_map();
    writer
}

fn server_side_event(
    sender: Option<&ServerId>,
    id: Option<&RequestId>,
    event: &Args,
) -> EnvelopeWriter {
    let mut writer = open_request(EnvelopeWriter::json(), sender, id, Type::ServerSideEmit, 1);
    writer.key("data");
    writer.args(event);
    writer.close_map();
    writer
}

/// Opens an answer in JSON with its type and request.
fn response(kind: Option<Type>, request: &RequestId) -> EnvelopeWriter {
    // JSON does not announce the number of members.
    open_response(EnvelopeWriter::json(), kind, request, 0)
}

fn open_response(
    mut writer: EnvelopeWriter,
    kind: Option<Type>,
    request: &RequestId,
    len: usize,
) -> EnvelopeWriter {
    writer.open_map(usize::from(kind.is_some()) + 1 + len);
    if let Some(kind) = kind {
        write::number(&mut writer, "type", kind.number());
    }
    write::text(&mut writer, "requestId", request.as_str());
    writer
}
