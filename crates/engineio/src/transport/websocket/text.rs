//! The validation of a text message that arrives in pieces.

use std::str;

use bytestring::ByteString;
use tungstenite::protocol::frame::coding::CloseCode;

use crate::transport::message_buf::MessageBuf as _;

/// A text message that arrives in pieces, which may end within a character.
///
/// Each piece is validated once, on arrival, so that invalid UTF-8 is detected immediately.
#[derive(Debug, Default)]
pub(super) struct PartialText {
    text: String,
    /// The bytes of an incomplete character, and their number.
    incomplete: [u8; 3],
    incomplete_length: usize,
}

impl PartialText {
    /// Appends a piece. `expected` is the number of announced bytes, including the piece.
    pub(super) fn push(&mut self, piece: &[u8], expected: usize) -> Result<(), CloseCode> {
        let piece = self.complete_char(piece)?;
        let (whole, incomplete) = split_incomplete(piece);
        let whole = simdutf8::basic::from_utf8(whole).map_err(|_| CloseCode::Invalid)?;
        self.text.grow(whole.len(), expected);
        self.text.push_str(whole);
        self.keep_incomplete(incomplete)
    }

    /// Returns the complete text.
    pub(super) fn finish(mut self) -> Result<ByteString, CloseCode> {
        if self.incomplete_length > 0 {
            return Err(CloseCode::Invalid);
        }
        self.text.finish();
        Ok(self.text.into())
    }

    pub(super) fn len(&self) -> usize {
        self.text.len().saturating_add(self.incomplete_length)
    }

    #[cfg(test)]
    pub(super) fn allocated(&self) -> usize {
        self.text.capacity()
    }

    /// Completes a character with the start of the piece. Returns the rest of the piece.
    fn complete_char<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], CloseCode> {
        let Some(incomplete) = self.incomplete.get(..self.incomplete_length) else {
            return Ok(piece);
        };
        let Some(&lead) = incomplete.first() else {
            return Ok(piece);
        };
        let missing = char_len(lead)
            .saturating_sub(incomplete.len())
            .min(piece.len());
        let (end, rest) = piece.split_at(missing);
        let mut character = [0; 4];
        let length = incomplete.len() + end.len();
        for (to, from) in character.iter_mut().zip(incomplete.iter().chain(end)) {
            *to = *from;
        }
        let character = character.get(..length).unwrap_or_default();
        match str::from_utf8(character) {
            Ok(character) => {
                self.text.push_str(character);
                self.incomplete_length = 0;
            }
            Err(_) => self.keep_incomplete(character)?,
        }
        Ok(rest)
    }

    /// Keeps the bytes of an incomplete character if they can become valid.
    fn keep_incomplete(&mut self, incomplete: &[u8]) -> Result<(), CloseCode> {
        if incomplete.is_empty() {
            return Ok(());
        }
        match str::from_utf8(incomplete) {
            Err(error) if error.valid_up_to() == 0 && error.error_len().is_none() => {
                for (to, from) in self.incomplete.iter_mut().zip(incomplete) {
                    *to = *from;
                }
                self.incomplete_length = incomplete.len();
                Ok(())
            }
            _ => Err(CloseCode::Invalid),
        }
    }
}

/// Splits off an incomplete character at the end of `bytes`.
fn split_incomplete(bytes: &[u8]) -> (&[u8], &[u8]) {
    let lead = bytes
        .iter()
        .rev()
        .take(3)
        .position(|byte| !(0x80..0xc0).contains(byte));
    let incomplete = match lead {
        Some(continuations) => {
            let at = bytes.len() - continuations - 1;
            let lead = bytes.get(at).copied().unwrap_or_default();
            if char_len(lead) > continuations + 1 {
                at
            } else {
                bytes.len()
            }
        }
        // Three continuation bytes: the character is complete or invalid.
        None => bytes.len(),
    };
    bytes.split_at(incomplete)
}

/// Returns the length of the character that starts with this byte, or 1 if no character does.
fn char_len(lead: u8) -> usize {
    match lead {
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Joins the pieces of a text.
    fn join(pieces: &[&[u8]]) -> Result<String, CloseCode> {
        let mut text = PartialText::default();
        for piece in pieces {
            text.push(piece, piece.len())?;
        }
        Ok(text.finish()?.to_string())
    }

    #[test]
    fn every_split_of_a_text_is_accepted() {
        let text = "aé€😀z\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}";
        let bytes = text.as_bytes();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(join(&pieces).as_deref(), Ok(text));
            }
        }
    }

    #[test]
    fn every_split_of_an_invalid_text_is_refused() {
        let wrong: [&[u8]; 12] = [
            b"\x80",
            b"\xff",
            b"ab\xc0\x80",
            b"\xc3(",
            b"\xe2\x82(",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xf5\x80\x80\x80",
            b"\xf0\x80\x80\x80",
            b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80edited",
            b"\xe2\x82",
            b"\xf0\x9f\x98",
        ];
        for bytes in wrong {
            for split in 0..=bytes.len() {
                let (first, second) = bytes.split_at(split);
                assert_eq!(join(&[first, second]), Err(CloseCode::Invalid), "{bytes:?}");
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(join(&single), Err(CloseCode::Invalid), "{bytes:?}");
        }
    }

    #[test]
    fn an_invalid_character_is_refused_immediately() {
        let mut text = PartialText::default();
        text.push(b"\xf4", 1).unwrap();
        assert_eq!(text.push(b"\x90", 1), Err(CloseCode::Invalid));
        let mut text = PartialText::default();
        assert_eq!(text.push(b"abc\xf4\x90", 5), Err(CloseCode::Invalid));
    }
}
