//! The check of a payload.

use std::borrow::Cow;

use bytestring::ByteString;

use super::WireType;
use crate::args::Args;
use crate::error::DecodeError;
use crate::event::is_reserved;
use crate::json::{self, EventName, ScanError, ScanLimits};
use crate::limits::DecodeLimits;
use crate::packet::PacketType;

/// The most bytes that JSON takes for one byte of a text (`\u0041`).
const MAX_ESCAPE_LEN: usize = 6;

/// Checks the payload that begins at `start` of a text. `None` if it is missing and the packet is
/// to be ignored for that.
pub(super) fn read(
    text: ByteString,
    start: usize,
    wire: WireType,
    limits: &DecodeLimits,
) -> Result<Option<Args>, DecodeError> {
    let json = text.get(start..).unwrap_or_default();
    let first = json.bytes().next();
    let args = ScanLimits {
        depth: limits.max_depth,
        attachments: wire.attachments,
    };
    // What is no array of arguments counts as an argument, so it is in one array already.
    let sole = ScanLimits {
        depth: limits.max_depth.saturating_sub(1),
        attachments: 0,
    };
    let mut name = None;
    match (wire.kind, first) {
        (PacketType::Connect | PacketType::Disconnect | PacketType::ConnectError, None) => {}
        (PacketType::Event | PacketType::Ack, None) => return Ok(None),
        (PacketType::Connect, Some(b'{')) | (PacketType::ConnectError, Some(b'{' | b'"')) => {
            check(json::scan_value(json, sole), limits)?;
        }
        (PacketType::Event, Some(b'[')) => {
            let place = check(json::scan_event(json, args), limits)?;
            check_name(json, place, limits)?;
            name = Some(EventName {
                start: start.saturating_add(place.start),
                end: start.saturating_add(place.end),
            });
        }
        (PacketType::Ack, Some(b'[')) => check(json::scan_value(json, args), limits)?,
        _ => return Err(DecodeError::InvalidPayload),
    }
    Ok(Some(Args::new(text, start, name, Vec::new())))
}

fn check<T>(scanned: Result<T, ScanError>, limits: &DecodeLimits) -> Result<T, DecodeError> {
    scanned.map_err(|error| match error {
        ScanError::Placeholder => DecodeError::IllegalAttachments,
        ScanError::Syntax => DecodeError::InvalidPayload,
        ScanError::TooDeep => DecodeError::TooDeep {
            limit: limits.max_depth,
        },
    })
}

/// Checks the name of an event, given the payload and where the name is in it.
pub(crate) fn check_name(
    json: &str,
    place: EventName,
    limits: &DecodeLimits,
) -> Result<(), DecodeError> {
    let limit = limits.max_event_name_len;
    let too_long = DecodeError::EventNameTooLong { limit };
    let token = json.get(place.start..place.end).unwrap_or_default();
    let quoted = token
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let name = match quoted {
        Some(raw) if raw.len() > limit.saturating_mul(MAX_ESCAPE_LEN) => return Err(too_long),
        Some(raw) if raw.contains('\\') => Cow::Owned(json::unescape(raw)),
        Some(raw) => Cow::Borrowed(raw),
        None => Cow::Borrowed(token),
    };
    if name.len() > limit {
        return Err(too_long);
    }
    if quoted.is_some() && is_reserved(&name) {
        return Err(DecodeError::ReservedEvent);
    }
    Ok(())
}
