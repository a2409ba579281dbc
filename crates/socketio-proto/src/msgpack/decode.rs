//! Decodes messages into packets.

use bytes::Bytes;

use super::input::Input;
use super::skip::skip_checked;
use super::token::Token;
use super::transcode::{self, Root, Transcoded};
use crate::args::Args;
use crate::decode::{check_id, check_name};
use crate::error::DecodeError;
use crate::event::is_reserved;
use crate::limits::DecodeLimits;
use crate::namespace::Namespace;
use crate::packet::{Packet, PacketType};

/// Decodes the packet of a message.
pub(super) fn packet(message: &Bytes, limits: &DecodeLimits) -> Result<Packet, DecodeError> {
    let mut input = Input::new(message);
    let Token::Map(len) = Token::read(&mut input)? else {
        return Err(DecodeError::InvalidMsgpack);
    };
    let mut members = Members::default();
    for _ in 0..len {
        members.read(&mut input, message, limits)?;
    }
    if !input.is_empty() {
        return Err(DecodeError::InvalidMsgpack);
    }
    members.into_packet(limits)
}

/// The members of a packet that have been read.
#[derive(Debug, Default)]
struct Members {
    kind: Option<PacketType>,
    namespace: Option<Namespace>,
    id: Option<Option<u64>>,
    data: Option<Transcoded>,
}

impl Members {
    fn read(
        &mut self,
        input: &mut Input<'_>,
        message: &Bytes,
        limits: &DecodeLimits,
    ) -> Result<(), DecodeError> {
        let Token::Str(key) = Token::read(input)? else {
            return Err(DecodeError::InvalidMsgpack);
        };
        match key {
            "type" => set_once(&mut self.kind, read_kind(input)?),
            "nsp" => set_once(&mut self.namespace, read_namespace(input, limits)?),
            "id" => set_once(&mut self.id, read_id(input)?),
            "data" => set_once(&mut self.data, transcode::value(input, message, limits)?),
            // Node's client also sends its `options`.
            _ => skip_checked(input),
        }
    }

    fn into_packet(self, limits: &DecodeLimits) -> Result<Packet, DecodeError> {
        let kind = self.kind.ok_or(DecodeError::InvalidType)?;
        let namespace = self.namespace.ok_or(DecodeError::InvalidNamespace)?;
        Ok(Packet {
            kind,
            namespace,
            id: self.id.flatten(),
            payload: payload(kind, self.data, limits)?,
        })
    }
}

/// Sets a member. A duplicate is an error, because other parsers may use the other value.
fn set_once<T>(member: &mut Option<T>, value: T) -> Result<(), DecodeError> {
    match member.replace(value) {
        None => Ok(()),
        Some(_) => Err(DecodeError::InvalidMsgpack),
    }
}

fn read_kind(input: &mut Input<'_>) -> Result<PacketType, DecodeError> {
    Token::read(input)?
        .as_unsigned()
        .and_then(|number| u8::try_from(number).ok())
        .and_then(PacketType::from_number)
        .ok_or(DecodeError::InvalidType)
}

fn read_namespace(input: &mut Input<'_>, limits: &DecodeLimits) -> Result<Namespace, DecodeError> {
    let Token::Str(name) = Token::read(input)? else {
        return Err(DecodeError::InvalidNamespace);
    };
    let limit = limits.max_namespace_len;
    if name.len() > limit {
        return Err(DecodeError::NamespaceTooLong { limit });
    }
    Namespace::new(name).map_err(|_| DecodeError::InvalidNamespace)
}

fn read_id(input: &mut Input<'_>) -> Result<Option<u64>, DecodeError> {
    match Token::read(input)? {
        Token::Undefined => Ok(None),
        token => check_id(Some(token.as_unsigned().ok_or(DecodeError::InvalidId)?)),
    }
}

/// Returns the payload if it has the structure that the type of the packet requires.
fn payload(
    kind: PacketType,
    data: Option<Transcoded>,
    limits: &DecodeLimits,
) -> Result<Args, DecodeError> {
    let Some(data) = data.filter(|data| data.root != Root::Nothing) else {
        return match kind {
            PacketType::Connect | PacketType::Disconnect => Ok(Args::default()),
            _ => Err(DecodeError::InvalidPayload),
        };
    };
    let mut event = None;
    match (kind, data.root) {
        (PacketType::Connect, Root::Map) | (PacketType::ConnectError, Root::Map | Root::Str) => {
            // It counts as one argument, so it is nested in one array already.
            let limit = limits.max_depth;
            if data.depth >= limit {
                return Err(DecodeError::TooDeep { limit });
            }
        }
        (PacketType::Event, Root::Array(name)) => {
            let name = name.ok_or(DecodeError::InvalidPayload)?;
            check_name(&data.json, name, limits, is_reserved)?;
            event = Some(name);
        }
        (PacketType::Ack, Root::Array(_)) => {}
        _ => return Err(DecodeError::InvalidPayload),
    }
    let mut args = Args::new(data.json.into(), 0, event.into());
    args.attach(data.attachments.into());
    Ok(args)
}
