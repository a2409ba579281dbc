//! Encodes messages of Node's `ClusterAdapter`.

use socketio_adapter::{BroadcastOptions, Flags, RoomList, Target};
use socketio_proto::envelope::EnvelopeWriter;
use socketio_proto::{Args, PacketType};

use super::Type;
use crate::format::error::EncodeError;
use crate::format::write;
use crate::message::{Body, Message, RequestId};

/// Returns whether a message has attachments, which JSON cannot represent.
pub(in crate::format) fn has_binary(body: &Body) -> bool {
    match body {
        Body::Broadcast { event: args, .. }
        | Body::ServerSideEvent { event: args, .. }
        | Body::ServerSideAnswer { answer: args, .. }
        | Body::Ack {
            answer: Some(args), ..
        } => !args.attachments().is_empty(),
        _ => false,
    }
}

/// Writes a message with its members in the order of Node's adapters.
pub(in crate::format) fn message(
    mut writer: EnvelopeWriter,
    message: &Message,
) -> Result<EnvelopeWriter, EncodeError> {
    let kind = kind(&message.body)?;
    let has_data = !matches!(kind, Type::InitialHeartbeat | Type::Heartbeat | Type::Close);
    let len = usize::from(has_data) + usize::from(message.sender.is_some()) + 2;
    writer.open_map(len);
    write::number(&mut writer, "type", kind.number());
    if has_data {
        writer.key("data");
        data(&mut writer, &message.body)?;
    }
    if let Some(sender) = &message.sender {
        write::text(&mut writer, "uid", sender.as_str());
    }
    write::text(&mut writer, "nsp", &message.namespace);
    writer.close_map();
    Ok(writer)
}

fn kind(body: &Body) -> Result<Type, EncodeError> {
    Ok(match body {
        Body::InitialHeartbeat => Type::InitialHeartbeat,
        Body::Heartbeat => Type::Heartbeat,
        Body::Broadcast { .. } => Type::Broadcast,
        Body::Join { .. } => Type::Join,
        Body::Leave { .. } => Type::Leave,
        Body::Disconnect { .. } => Type::Disconnect,
        Body::FetchSockets { .. } => Type::Fetch,
        Body::Sockets { .. } => Type::FetchResponse,
        Body::ServerSideEvent { .. } => Type::ServerSideEmit,
        Body::ServerSideAnswer { .. } => Type::ServerSideEmitResponse,
        Body::Count { .. } => Type::ClientCount,
        Body::Ack { .. } => Type::Ack,
        Body::Close => Type::Close,
        Body::AllRooms { .. }
        | Body::Rooms { .. }
        | Body::FetchSocketIds { .. }
        | Body::SocketIds { .. } => return Err(EncodeError::NotSupported),
    })
}

fn data(writer: &mut EnvelopeWriter, body: &Body) -> Result<(), EncodeError> {
    match body {
        Body::Broadcast {
            event,
            options,
            request,
            accepts_no_answer,
        } => broadcast(writer, event, options, request.as_ref(), *accepts_no_answer)?,
        Body::Join { target, rooms } | Body::Leave { target, rooms } => {
            room_change(writer, target, rooms);
        }
        Body::Disconnect { target, close } => {
            writer.open_map(2);
            opts(writer, target);
            writer.key("close");
            writer.bool(*close);
            writer.close_map();
        }
        Body::FetchSockets { target, request } => {
            writer.open_map(2);
            opts(writer, target);
            request_id(writer, request);
            writer.close_map();
        }
        Body::Sockets { request, sockets } => {
            writer.open_map(2);
            request_id(writer, request);
            write::sockets(writer, sockets)?;
            writer.close_map();
        }
        Body::ServerSideEvent { event, request } => {
            write::check_server_side_event(event)?;
            writer.open_map(1 + usize::from(request.is_some()));
            if let Some(request) = request {
                request_id(writer, request);
            }
            writer.key("packet");
            writer.args(event);
            writer.close_map();
        }
        Body::ServerSideAnswer { request, answer } => {
            writer.open_map(1 + usize::from(!answer.is_empty()));
            request_id(writer, request);
            write::answer(writer, "packet", answer);
            writer.close_map();
        }
        Body::Count { request, sockets } => {
            writer.open_map(2);
            request_id(writer, request);
            write::number(writer, "clientCount", *sockets as u64);
            writer.close_map();
        }
        Body::Ack {
            request,
            answer,
            socket,
        } => {
            let socket = socket.as_ref().map(AsRef::as_ref);
            writer.open_map(1 + write::ack_len(answer.as_ref(), socket));
            request_id(writer, request);
            write::ack(writer, answer.as_ref(), socket);
            writer.close_map();
        }
        // `kind` has excluded all others that have data.
        _ => writer.nil(),
    }
    Ok(())
}

fn broadcast(
    writer: &mut EnvelopeWriter,
    event: &Args,
    options: &BroadcastOptions,
    request: Option<&RequestId>,
    accepts_no_answer: bool,
) -> Result<(), EncodeError> {
    write::check_event(event)?;
    let is_marked = request.is_some() && accepts_no_answer;
    writer.open_map(2 + usize::from(request.is_some()) + usize::from(is_marked));
    writer.key("packet");
    writer.open_map(2);
    write::number(writer, "type", PacketType::Event.number().into());
    writer.key("data");
    writer.args(event);
    writer.close_map();
    if let Some(request) = request {
        request_id(writer, request);
    }
    write::options(writer, options);
    if is_marked {
        write::mark(writer, "left");
    }
    writer.close_map();
    Ok(())
}

fn room_change(writer: &mut EnvelopeWriter, target: &Target, rooms: &RoomList) {
    writer.open_map(2);
    opts(writer, target);
    write::names(writer, "rooms", rooms);
    writer.close_map();
}

fn request_id(writer: &mut EnvelopeWriter, request: &RequestId) {
    write::text(writer, "requestId", request.as_str());
}

/// Writes the options of an operation without flags, for which Node writes an empty map.
fn opts(writer: &mut EnvelopeWriter, target: &Target) {
    let options = BroadcastOptions::new(target.clone()).with_flags(Flags::default());
    write::options(writer, &options);
}
