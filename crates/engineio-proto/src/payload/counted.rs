//! Payloads of revision 3, where each packet has its length in front.
//!
//! In a text payload, a packet is `<length in UTF-16 code units>:<packet>`. A payload with a binary message
//! is binary if the client accepts that. There, a packet is `<0 for text, 1 for binary><digits of the length
//! in bytes, each a byte from 0 to 9><255><packet>`.

use std::io::Write as _;

use bytes::{BufMut as _, Bytes};
use bytestring::ByteString;
use memchr::memchr;

use super::length;
use crate::{
    decode_error::DecodeError,
    message::Message,
    packet::{Packet, revision_3},
};

/// The end of a length in a text payload.
const COLON: u8 = b':';

/// The end of a length in a binary payload.
const END_OF_LENGTH: u8 = 0xff;

/// The first byte of a text packet in a binary payload.
const TEXT: u8 = 0;

/// The first byte of a binary packet in a binary payload.
const BINARY: u8 = 1;

/// An encoder that collects packets until it is known whether one of them is binary.
#[derive(Debug)]
pub(super) struct Encoder {
    /// Whether the client accepts only text.
    base64: bool,
    packets: Vec<Packet>,
    has_binary: bool,
    /// The length of the packets as a text payload.
    text_length: usize,
    /// The length of the packets as a binary payload.
    binary_length: usize,
}

impl Encoder {
    pub(super) fn new(base64: bool) -> Self {
        Self {
            base64,
            packets: Vec::new(),
            has_binary: false,
            text_length: 0,
            binary_length: 0,
        }
    }

    pub(super) fn push(&mut self, packet: Packet) {
        let (characters, text, binary) = match &packet {
            Packet::Message(Message::Binary(bytes)) => {
                self.has_binary = true;
                let text = bytes.len().div_ceil(3).saturating_mul(4).saturating_add(2);
                (text, text, bytes.len().saturating_add(1))
            }
            packet => {
                let wire = revision_3::encode_as_text(packet);
                (code_units(&wire), wire.len(), wire.len())
            }
        };
        self.packets.push(packet);
        // The digits and the colon; the kind, the digits and the end of the length.
        let in_text = length::digits_of(characters).saturating_add(1);
        let in_binary = length::digits_of(binary).saturating_add(2);
        self.text_length = self
            .text_length
            .saturating_add(in_text)
            .saturating_add(text);
        self.binary_length = self
            .binary_length
            .saturating_add(in_binary)
            .saturating_add(binary);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    pub(super) fn is_binary(&self) -> bool {
        self.has_binary && !self.base64
    }

    pub(super) fn len(&self) -> usize {
        if self.is_binary() {
            self.binary_length
        } else {
            self.text_length
        }
    }

    pub(super) fn finish(self) -> Bytes {
        let mut out = Vec::with_capacity(self.len());
        let binary = self.is_binary();
        for packet in &self.packets {
            match packet {
                Packet::Message(Message::Binary(bytes)) if binary => {
                    let length = bytes.len().saturating_add(1);
                    write_binary_header(&mut out, BINARY, length);
                    out.put_u8(revision_3::MESSAGE_TYPE);
                    out.extend_from_slice(bytes);
                }
                packet => {
                    let wire = revision_3::encode_as_text(packet);
                    if binary {
                        write_binary_header(&mut out, TEXT, wire.len());
                    } else {
                        // Writing into a `Vec` cannot fail.
                        let _ = write!(out, "{}:", code_units(&wire));
                    }
                    out.extend_from_slice(wire.as_bytes());
                }
            }
        }
        out.into()
    }
}

fn write_binary_header(out: &mut Vec<u8>, kind: u8, length: usize) {
    out.put_u8(kind);
    let digits = out.len();
    // Writing into a `Vec` cannot fail.
    let _ = write!(out, "{length}");
    for digit in out.iter_mut().skip(digits) {
        *digit = digit.wrapping_sub(b'0');
    }
    out.put_u8(END_OF_LENGTH);
}

/// Returns the length of `text` in UTF-16 code units, as JavaScript counts it.
fn code_units(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

/// Decodes the first packet of a text payload and returns it with the rest.
///
/// A length of 0 has no packet, because clients encode an empty payload as `0:`.
pub(super) fn decode_first_text(
    rest: &ByteString,
) -> Result<(Option<Packet>, Option<ByteString>), DecodeError> {
    if rest.is_empty() {
        return Err(DecodeError::Empty);
    }
    // The search ends where the longest length ends, so that decoding takes linear time.
    let head = rest
        .as_bytes()
        .get(..=length::MAX_DIGITS)
        .unwrap_or(rest.as_bytes());
    let colon = memchr(COLON, head).ok_or(DecodeError::InvalidLength)?;
    let digits = head.get(..colon).unwrap_or_default().iter();
    let length = length::from_digits(digits.map(|digit| digit.wrapping_sub(b'0')))
        .ok_or(DecodeError::InvalidLength)?;
    // The colon is ASCII, so the rest begins at a character boundary.
    let behind = rest.get(colon.saturating_add(1)..).unwrap_or_default();
    let (packet, behind) = split_code_units(behind, length).ok_or(DecodeError::InvalidLength)?;
    let packet = match packet {
        "" => None,
        packet => Some(revision_3::decode_text(rest.slice_ref(packet))?),
    };
    Ok((packet, (!behind.is_empty()).then(|| rest.slice_ref(behind))))
}

/// Splits `text` after `length` UTF-16 code units.
///
/// Returns `None` if the text is shorter, or if that is within a character.
fn split_code_units(text: &str, length: usize) -> Option<(&str, &str)> {
    let ascii = text.as_bytes().get(..length).is_some_and(<[u8]>::is_ascii);
    if ascii {
        return text.split_at_checked(length);
    }
    let mut missing = length;
    let mut characters = text.chars();
    while missing > 0 {
        missing = missing.checked_sub(characters.next()?.len_utf16())?;
    }
    let end = text.len().checked_sub(characters.as_str().len())?;
    text.split_at_checked(end)
}

/// Decodes the first packet of a binary payload and returns it with the rest.
pub(super) fn decode_first_binary(rest: &Bytes) -> Result<(Packet, Option<Bytes>), DecodeError> {
    let (&kind, head) = rest.split_first().ok_or(DecodeError::Empty)?;
    let digits = head
        .iter()
        .take(length::MAX_DIGITS.saturating_add(1))
        .position(|byte| *byte == END_OF_LENGTH)
        .ok_or(DecodeError::InvalidLength)?;
    let (digits, behind) = head
        .split_at_checked(digits)
        .ok_or(DecodeError::InvalidLength)?;
    let length = length::from_digits(digits.iter().copied()).ok_or(DecodeError::InvalidLength)?;
    let behind = behind.get(1..).unwrap_or_default();
    let (packet, behind) = behind
        .split_at_checked(length)
        .ok_or(DecodeError::InvalidLength)?;
    let packet = rest.slice_ref(packet);
    let packet = match kind {
        TEXT => {
            let text = ByteString::try_from(packet).map_err(|_| DecodeError::InvalidUtf8)?;
            revision_3::decode_text(text)?
        }
        BINARY => revision_3::decode_binary(&packet)?,
        unknown => return Err(DecodeError::UnknownPacketType(unknown)),
    };
    Ok((packet, (!behind.is_empty()).then(|| rest.slice_ref(behind))))
}
