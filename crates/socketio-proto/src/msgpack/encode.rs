//! From packets to messages.

use bytes::Bytes;

use super::output::{MessageTooLarge, Output};
use super::parts::{Part, Parts, lengths};
use crate::json;
use crate::packet::{Packet, PacketType};

/// More than what is around the payload and the namespace of a packet.
const OVERHEAD: usize = 40;

/// The first number that is too large for 64 bits.
const UNSIGNED_END: f64 = 18_446_744_073_709_551_616.0;

/// The least number of 64 bits with a sign.
const SIGNED_START: f64 = -9_223_372_036_854_775_808.0;

/// Writes a packet, its members in the order of Node's server.
pub(super) fn packet(packet: &Packet) -> Result<Bytes, MessageTooLarge> {
    let json = packet.payload.as_json();
    let attachments = packet.payload.attachments();
    let capacity = attachments
        .iter()
        .map(Bytes::len)
        .chain([json.len(), packet.namespace.len(), OVERHEAD])
        .fold(0, usize::saturating_add);
    let mut output = Output::with_capacity(capacity);
    let has_data = !json.is_empty();
    output.map(2 + usize::from(has_data) + usize::from(packet.id.is_some()))?;
    let is_answer = packet.kind == PacketType::Ack;
    if is_answer {
        id(&mut output, packet.id)?;
    }
    output.text("type")?;
    output.unsigned(packet.kind.number().into());
    // What is absent is left out: the parser of Node takes no `nil` for it.
    if has_data {
        output.text("data")?;
        data(&mut output, json, attachments)?;
    }
    if !is_answer {
        id(&mut output, packet.id)?;
    }
    output.text("nsp")?;
    output.text(&packet.namespace)?;
    Ok(output.finish().into())
}

fn id(output: &mut Output, id: Option<u64>) -> Result<(), MessageTooLarge> {
    if let Some(id) = id {
        output.text("id")?;
        output.unsigned(id);
    }
    Ok(())
}

/// Writes JSON, with attachments in the place of their placeholders.
fn data(output: &mut Output, json: &str, attachments: &[Bytes]) -> Result<(), MessageTooLarge> {
    let mut lengths = lengths(json, attachments).into_iter();
    let mut length = || lengths.next().unwrap_or_default();
    for part in Parts::new(json, attachments) {
        match part {
            Part::Attachment(bytes) => output.binary(bytes)?,
            Part::Close | Part::Comma => {}
            Part::OpenArray => output.array(length())?,
            Part::OpenObject => output.map(length())?,
            Part::Text(raw) if raw.contains('\\') => output.text(&json::unescape(raw))?,
            Part::Text(raw) => output.text(raw)?,
            Part::Word("null") => output.nil(),
            Part::Word("true") => output.bool(true),
            Part::Word("false") => output.bool(false),
            Part::Word(word) => number(output, word),
        }
    }
    Ok(())
}

/// Writes a number; a whole one as such, however it is written, as JavaScript does.
fn number(output: &mut Output, number: &str) {
    if let Ok(value) = number.parse() {
        return output.unsigned(value);
    }
    if let Ok(value) = number.parse() {
        return output.signed(value);
    }
    let value: f64 = number.parse().unwrap_or(f64::NAN);
    let is_whole = value.fract() == 0.0;
    if is_whole && (0.0..UNSIGNED_END).contains(&value) {
        output.unsigned(value as u64);
    } else if is_whole && (SIGNED_START..0.0).contains(&value) {
        output.signed(value as i64);
    } else {
        // Node's parser writes larger whole numbers as 0.
        output.float(value);
    }
}
