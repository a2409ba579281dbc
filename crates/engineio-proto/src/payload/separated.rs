//! Payloads of revision 4, with the separator U+001E between packets.

use bytes::Bytes;
use bytestring::ByteString;
use memchr::memchr;

use crate::{decode_error::DecodeError, message::Message, packet::Packet};

/// The separator between two packets.
const SEPARATOR: u8 = 0x1e;

/// An encoder that joins packets with separators.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// The first packet, which is shared and not copied, until there is a second one.
    only: Option<ByteString>,
    /// The body from the second packet on, with a copy of the first packet in front.
    joined: Vec<u8>,
}

impl Encoder {
    pub(super) fn push(&mut self, packet: Packet) {
        let wire = match packet {
            Packet::Message(Message::Text(text)) => text.into_wire(),
            other => other.encode_base64(),
        };
        if self.is_empty() {
            self.only = Some(wire);
            return;
        }
        if let Some(first) = self.only.take() {
            let both = first.len().saturating_add(wire.len()).saturating_add(1);
            self.joined.reserve(both);
            self.joined.extend_from_slice(first.as_bytes());
        }
        self.joined.push(SEPARATOR);
        self.joined.extend_from_slice(wire.as_bytes());
    }

    pub(super) fn len(&self) -> usize {
        match &self.only {
            Some(first) => first.len(),
            None => self.joined.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.only.is_none() && self.joined.is_empty()
    }

    pub(super) fn finish(self) -> Bytes {
        match self.only {
            Some(first) => first.into_bytes(),
            None => self.joined.into(),
        }
    }
}

/// Decodes the first packet of `rest` and returns it with the rest, unless it was the last packet.
pub(super) fn decode_first(rest: ByteString) -> Result<(Packet, Option<ByteString>), DecodeError> {
    let Some(end) = memchr(SEPARATOR, rest.as_bytes()) else {
        return Ok((Packet::decode_text(rest)?, None));
    };
    let first = rest.get(..end).unwrap_or_default();
    let packet = Packet::decode_text(rest.slice_ref(first))?;
    // The separator is ASCII, so the rest begins at a character boundary.
    let behind = rest.get(end.saturating_add(1)..).unwrap_or_default();
    Ok((packet, Some(rest.slice_ref(behind))))
}
