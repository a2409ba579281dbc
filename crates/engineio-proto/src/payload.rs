//! Many packets in one HTTP body: joined by the separator U+001E.

use std::iter::FusedIterator;

use bytes::Bytes;
use bytestring::ByteString;
use memchr::memchr;

use crate::{decode_error::DecodeError, packet::Packet};

/// What stands between two packets.
const SEPARATOR: u8 = 0x1e;

/// How many packets one payload may hold: 131,072.
///
/// The size of a body is limited elsewhere; this limit is for bodies of nothing but tiny packets,
/// where each byte pair would be work for the application. With the default of a million bytes per
/// body a client that sends messages of eight bytes or more never meets it.
pub const MAX_PAYLOAD_PACKETS: usize = 131_072;

/// Writes packets into one HTTP body.
///
/// A body of one text message is the message itself and costs no copy.
///
/// # Examples
///
/// ```
/// use engineio_proto::{Message, Packet, PayloadEncoder};
///
/// let mut encoder = PayloadEncoder::new();
/// encoder.push(&Packet::Noop);
/// encoder.push(&Packet::Close);
/// assert_eq!(encoder.finish(), "6\x1e1");
/// ```
#[derive(Debug, Default)]
pub struct PayloadEncoder {
    /// The first packet, shared with whoever made it, until a second one arrives.
    only: Option<ByteString>,
    /// Everything from the second packet on, with the first one copied in front.
    joined: Vec<u8>,
}

impl PayloadEncoder {
    /// An encoder without packets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a packet.
    pub fn push(&mut self, packet: &Packet) {
        let wire = packet.encode_base64();
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

    /// The length of the body so far, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.only {
            Some(first) => first.len(),
            None => self.joined.len(),
        }
    }

    /// Whether no packet was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.only.is_none() && self.joined.is_empty()
    }

    /// The body.
    #[must_use]
    pub fn finish(self) -> Bytes {
        match self.only {
            Some(first) => first.into_bytes(),
            None => self.joined.into(),
        }
    }
}

/// Reads the packets of one HTTP body, one at a time.
///
/// The packets in front of a bad one are still yielded, as Node's server still processes them;
/// after the first error the decoder is at its end. Packets share the bytes of the body.
///
/// # Examples
///
/// ```
/// use engineio_proto::{DecodeError, Message, Packet, PayloadDecoder};
///
/// let mut packets = PayloadDecoder::new("4a\x1ex\x1e4b".into());
/// assert_eq!(packets.next(), Some(Ok(Packet::Message(Message::from("a")))));
/// assert_eq!(packets.next(), Some(Err(DecodeError::UnknownPacketType(b'x'))));
/// assert_eq!(packets.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct PayloadDecoder {
    /// What was not read yet. `None` after the last packet and after an error.
    rest: Option<Result<ByteString, DecodeError>>,
    /// How many packets may still come.
    remaining: usize,
    limit: usize,
}

impl PayloadDecoder {
    /// A decoder for `body` that allows [`MAX_PAYLOAD_PACKETS`] packets.
    ///
    /// A body that is not UTF-8, and an empty one, yield an error and nothing else.
    #[must_use]
    pub fn new(body: Bytes) -> Self {
        let rest = ByteString::try_from(body).map_err(|_| DecodeError::InvalidUtf8);
        Self {
            rest: Some(rest),
            remaining: MAX_PAYLOAD_PACKETS,
            limit: MAX_PAYLOAD_PACKETS,
        }
    }

    /// Allows `limit` packets instead of [`MAX_PAYLOAD_PACKETS`]; those over it are an error.
    #[must_use]
    pub fn max_packets(mut self, limit: usize) -> Self {
        self.limit = limit;
        self.remaining = limit;
        self
    }

    fn decode_next(&mut self, rest: ByteString) -> Result<Packet, DecodeError> {
        self.remaining = self
            .remaining
            .checked_sub(1)
            .ok_or(DecodeError::TooManyPackets { limit: self.limit })?;
        let Some(end) = memchr(SEPARATOR, rest.as_bytes()) else {
            return Packet::decode_text(rest);
        };
        let first = rest.get(..end).unwrap_or_default();
        let packet = Packet::decode_text(rest.slice_ref(first))?;
        // The separator is one byte of UTF-8, so what follows it begins at a boundary.
        let behind = rest.get(end.saturating_add(1)..).unwrap_or_default();
        self.rest = Some(Ok(rest.slice_ref(behind)));
        Ok(packet)
    }
}

impl Iterator for PayloadDecoder {
    type Item = Result<Packet, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        Some(rest.and_then(|rest| self.decode_next(rest)))
    }
}

impl FusedIterator for PayloadDecoder {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{message::Message, text::Text};

    fn message(payload: &str) -> Packet {
        Packet::Message(Message::from(payload))
    }

    fn decode(body: impl Into<Bytes>) -> Vec<Result<Packet, DecodeError>> {
        PayloadDecoder::new(body.into()).collect()
    }

    #[test]
    fn packets_are_joined_by_the_separator() {
        let mut encoder = PayloadEncoder::new();
        assert!(encoder.is_empty());
        encoder.push(&message("hello"));
        assert_eq!(encoder.len(), 6);
        encoder.push(&Packet::Ping("".into()));
        encoder.push(&Packet::binary(Bytes::from_static(&[1, 2, 3, 4])));
        assert!(!encoder.is_empty());
        let length = encoder.len();
        let body = encoder.finish();
        assert_eq!(body, "4hello\x1e2\x1ebAQIDBA==");
        assert_eq!(body.len(), length);
    }

    #[test]
    fn a_body_of_one_message_is_the_message_itself() {
        let text = Text::new("shared");
        let bytes = text.as_wire().as_bytes().as_ptr();
        let mut encoder = PayloadEncoder::new();
        encoder.push(&Packet::Message(text.into()));
        assert_eq!(encoder.finish().as_ptr(), bytes);
    }

    #[test]
    fn packets_are_read_in_order() {
        assert_eq!(
            decode("4a\x1e3\x1ebAQID"),
            [
                Ok(message("a")),
                Ok(Packet::Pong("".into())),
                Ok(Packet::binary(Bytes::from_static(&[1, 2, 3]))),
            ],
        );
    }

    #[test]
    fn an_empty_body_is_an_error() {
        assert_eq!(decode(""), [Err(DecodeError::Empty)]);
    }

    #[test]
    fn nothing_between_separators_is_an_error() {
        assert_eq!(
            decode("4a\x1e"),
            [Ok(message("a")), Err(DecodeError::Empty)]
        );
        assert_eq!(decode("\x1e4a"), [Err(DecodeError::Empty)]);
    }

    #[test]
    fn a_body_that_is_not_utf8_is_an_error() {
        assert_eq!(decode(&b"4a\x1e4\xff"[..]), [Err(DecodeError::InvalidUtf8)]);
    }

    #[test]
    fn the_limit_is_allowed_and_one_more_is_not() {
        let limit = DecodeError::TooManyPackets { limit: 2 };
        let packets = |body: &'static str| PayloadDecoder::new(body.into()).max_packets(2);
        assert!(packets("6\x1e6").all(|packet| packet.is_ok()));
        let three: Vec<_> = packets("6\x1e6\x1e6\x1e6").collect();
        assert_eq!(three, [Ok(Packet::Noop), Ok(Packet::Noop), Err(limit)]);
    }

    #[test]
    fn the_default_limit_holds() {
        let mut body = "6\x1e".repeat(MAX_PAYLOAD_PACKETS);
        body.push('6');
        let mut packets = PayloadDecoder::new(body.into());
        assert!(
            packets
                .by_ref()
                .take(MAX_PAYLOAD_PACKETS)
                .all(|packet| packet.is_ok())
        );
        let limit = DecodeError::TooManyPackets {
            limit: MAX_PAYLOAD_PACKETS,
        };
        assert_eq!(packets.next(), Some(Err(limit)));
        assert_eq!(packets.next(), None);
    }
}
