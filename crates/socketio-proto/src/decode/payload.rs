//! Validates payloads.

use super::WireType;
use crate::error::DecodeError;
use crate::event::is_reserved;
use crate::json::{self, ArgOffsets, EventName, ScanError, ScanLimits};
use crate::limits::DecodeLimits;
use crate::packet::PacketType;

/// The maximum length in bytes of a JSON escape for one byte of a string (`\u0041`).
const MAX_ESCAPE_LEN: usize = 6;

/// The length of the quotes around a string.
const QUOTES: usize = 2;

/// Checks a payload. Returns `None` if it is missing and the packet is to be ignored.
#[inline(always)]
pub(super) fn check(
    json: &str,
    wire: WireType,
    limits: &DecodeLimits,
) -> Result<Option<ArgOffsets>, DecodeError> {
    let args = ScanLimits {
        depth: limits.max_depth,
        attachments: wire.attachments,
    };
    // A payload other than an array counts as one argument, so it is nested in one array already.
    let sole = ScanLimits {
        depth: limits.max_depth.saturating_sub(1),
        attachments: 0,
    };
    let mut offsets = ArgOffsets::default();
    match (wire.kind, json.as_bytes().first()) {
        (PacketType::Connect | PacketType::Disconnect | PacketType::ConnectError, None) => {}
        (PacketType::Event | PacketType::Ack, None) => return Ok(None),
        (PacketType::Connect, Some(b'{')) | (PacketType::ConnectError, Some(b'{' | b'"')) => {
            offsets = convert_error(json::scan_value(json, sole), limits)?;
        }
        (PacketType::Event, Some(b'[')) => {
            offsets = convert_error(json::scan_event(json, args), limits)?;
            let name = offsets.name.ok_or(DecodeError::InvalidPayload)?;
            check_name(json, name, limits, is_reserved)?;
        }
        (PacketType::Ack, Some(b'[')) => {
            offsets = convert_error(json::scan_args(json, args), limits)?
        }
        _ => return Err(DecodeError::InvalidPayload),
    }
    Ok(Some(offsets))
}

/// Converts the error of a scan.
pub(crate) fn convert_error<T>(
    scanned: Result<T, ScanError>,
    limits: &DecodeLimits,
) -> Result<T, DecodeError> {
    scanned.map_err(|error| match error {
        ScanError::Placeholder => DecodeError::IllegalAttachments,
        ScanError::Syntax => DecodeError::InvalidPayload,
        ScanError::TooDeep => DecodeError::TooDeep {
            limit: limits.max_depth,
        },
    })
}

/// Checks the length of an event name at its position in the payload, and that it is not reserved.
#[inline]
pub(crate) fn check_name(
    json: &str,
    name: EventName,
    limits: &DecodeLimits,
    is_reserved: impl Fn(&str) -> bool,
) -> Result<(), DecodeError> {
    match name.plain(json) {
        Some(text) => check_text(text, limits, is_reserved),
        None => check_token(json, name, limits, is_reserved),
    }
}

/// Checks a name that has escapes or is a number.
fn check_token(
    json: &str,
    name: EventName,
    limits: &DecodeLimits,
    is_reserved: impl Fn(&str) -> bool,
) -> Result<(), DecodeError> {
    let limit = limits.max_event_name_len;
    let token = name.token(json);
    let max_len = limit.saturating_mul(MAX_ESCAPE_LEN).saturating_add(QUOTES);
    if token.len() > max_len {
        return Err(DecodeError::EventNameTooLong { limit });
    }
    check_text(&EventName::read(token), limits, is_reserved)
}

#[inline]
fn check_text(
    name: &str,
    limits: &DecodeLimits,
    is_reserved: impl Fn(&str) -> bool,
) -> Result<(), DecodeError> {
    let limit = limits.max_event_name_len;
    if name.len() > limit {
        return Err(DecodeError::EventNameTooLong { limit });
    }
    // The text of a number is none of these.
    if is_reserved(name) {
        return Err(DecodeError::ReservedEvent);
    }
    Ok(())
}
