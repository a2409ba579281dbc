//! Encodes packets as messages.

use bytes::Bytes;

use super::output::{MessageTooLarge, MsgpackOutput};
use super::parts::{JsonPart, JsonParts, lengths};
use crate::json;
use crate::packet::{Packet, PacketType};

/// An upper bound of the bytes around the payload and the namespace of a packet.
const OVERHEAD: usize = 40;

/// The smallest integer that is too large for a `u64`.
const UNSIGNED_END: f64 = 18_446_744_073_709_551_616.0;

/// The smallest `i64`.
const SIGNED_START: f64 = -9_223_372_036_854_775_808.0;

/// Encodes a packet with its members in the order of Node's server.
pub(super) fn packet(packet: &Packet) -> Result<Bytes, MessageTooLarge> {
    let json = packet.payload.as_json();
    let attachments = packet.payload.attachments();
    let capacity = attachments
        .iter()
        .map(Bytes::len)
        .chain([json.len(), packet.namespace.len(), OVERHEAD])
        .fold(0, usize::saturating_add);
    let mut output = MsgpackOutput::with_capacity(capacity);
    let has_data = !json.is_empty();
    output.map(2 + usize::from(has_data) + usize::from(packet.id.is_some()))?;
    let is_ack = packet.kind == PacketType::Ack;
    if is_ack {
        id(&mut output, packet.id)?;
    }
    output.text("type")?;
    output.unsigned(packet.kind.number().into());
    // An absent member is omitted, because Node's parser does not accept `nil` for it.
    if has_data {
        output.text("data")?;
        data(&mut output, json, attachments)?;
    }
    if !is_ack {
        id(&mut output, packet.id)?;
    }
    output.text("nsp")?;
    output.text(&packet.namespace)?;
    Ok(output.finish().into())
}

fn id(output: &mut MsgpackOutput, id: Option<u64>) -> Result<(), MessageTooLarge> {
    if let Some(id) = id {
        output.text("id")?;
        output.unsigned(id);
    }
    Ok(())
}

/// Writes JSON, with attachments instead of their placeholders.
pub(crate) fn data(
    output: &mut MsgpackOutput,
    json: &str,
    attachments: &[Bytes],
) -> Result<(), MessageTooLarge> {
    let mut lengths = lengths(json, attachments).into_iter();
    let mut length = || lengths.next().unwrap_or_default();
    for part in JsonParts::new(json, attachments) {
        match part {
            JsonPart::Attachment(bytes) => output.binary(bytes)?,
            JsonPart::Close | JsonPart::Comma => {}
            JsonPart::OpenArray => output.array(length())?,
            JsonPart::OpenObject => output.map(length())?,
            JsonPart::Text(raw) if raw.contains('\\') => output.text(&json::unescape(raw))?,
            JsonPart::Text(raw) => output.text(raw)?,
            JsonPart::Word("null") => output.nil(),
            JsonPart::Word("true") => output.bool(true),
            JsonPart::Word("false") => output.bool(false),
            JsonPart::Word(word) => number(output, word),
        }
    }
    Ok(())
}

/// Writes a number. As in JavaScript, an integral number is written as an integer.
fn number(output: &mut MsgpackOutput, number: &str) {
    if let Ok(value) = number.parse() {
        return output.unsigned(value);
    }
    if let Ok(value) = number.parse() {
        return output.signed(value);
    }
    let value: f64 = number.parse().unwrap_or(f64::NAN);
    let is_integral = value.fract() == 0.0;
    if is_integral && (0.0..UNSIGNED_END).contains(&value) {
        output.unsigned(value as u64);
    } else if is_integral && (SIGNED_START..0.0).contains(&value) {
        output.signed(value as i64);
    } else {
        // Node's parser writes larger integers as 0.
        output.float(value);
    }
}
