//! HTTP bodies with many packets.

mod counted;
mod length;
mod separated;

use std::iter::FusedIterator;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{decode_error::DecodeError, packet::Packet, protocol::Protocol};

/// The most packets in one payload: 131,072.
///
/// The size of a body has another limit. This one bounds the work for a body of tiny packets. With the
/// default limit of 1,000,000 bytes per body, messages of eight bytes or more do not reach it.
pub const MAX_PAYLOAD_PACKETS: usize = 131_072;

/// An encoded HTTP body.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Payload {
    /// The bytes of the body.
    pub body: Bytes,
    /// Whether the body is binary (`application/octet-stream`) rather than text.
    ///
    /// Only clients of revision 3 receive binary bodies.
    pub binary: bool,
}

/// An encoder for HTTP bodies.
///
/// In revision 4, a body of one text message shares the bytes of the message. In revision 3, a body with a
/// binary message is binary, unless the client asked for base64.
///
/// # Examples
///
/// ```
/// use engineio_proto::{Packet, PayloadEncoder, Protocol};
///
/// let mut encoder = PayloadEncoder::new(Protocol::V4, false);
/// encoder.push(Packet::Noop);
/// encoder.push(Packet::Close);
/// assert_eq!(encoder.finish().body, "6\x1e1");
///
/// let mut encoder = PayloadEncoder::new(Protocol::V3, false);
/// encoder.push(Packet::Noop);
/// encoder.push(Packet::Close);
/// assert_eq!(encoder.finish().body, "1:61:1");
/// ```
#[derive(Debug)]
pub struct PayloadEncoder(Encoder);

#[derive(Debug)]
enum Encoder {
    Separated(separated::Encoder),
    Counted(counted::Encoder),
}

impl PayloadEncoder {
    /// Creates an empty encoder for the revision `protocol`.
    ///
    /// `base64` is set for a client of revision 3 that accepts only text. Revision 4 always uses base64.
    #[must_use]
    pub fn new(protocol: Protocol, base64: bool) -> Self {
        Self(match protocol {
            Protocol::V3 => Encoder::Counted(counted::Encoder::new(base64)),
            Protocol::V4 => Encoder::Separated(separated::Encoder::default()),
        })
    }

    /// Appends a packet.
    pub fn push(&mut self, packet: Packet) {
        match &mut self.0 {
            Encoder::Separated(encoder) => encoder.push(packet),
            Encoder::Counted(encoder) => encoder.push(packet),
        }
    }

    /// Returns the current length of the body in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Encoder::Separated(encoder) => encoder.len(),
            Encoder::Counted(encoder) => encoder.len(),
        }
    }

    /// Returns whether no packet has been pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Encoder::Separated(encoder) => encoder.is_empty(),
            Encoder::Counted(encoder) => encoder.is_empty(),
        }
    }

    /// Returns the body.
    #[must_use]
    pub fn finish(self) -> Payload {
        match self.0 {
            Encoder::Separated(encoder) => Payload {
                body: encoder.finish(),
                binary: false,
            },
            Encoder::Counted(encoder) => Payload {
                binary: encoder.is_binary(),
                body: encoder.finish(),
            },
        }
    }
}

/// A decoder for HTTP bodies: an iterator over the packets.
///
/// Packets in front of a malformed one are yielded, as in Node's server. The iterator ends after the first
/// error. Packets share the bytes of the body.
///
/// # Examples
///
/// ```
/// use engineio_proto::{DecodeError, Message, Packet, PayloadDecoder, Protocol};
///
/// let mut packets = PayloadDecoder::new(Protocol::V4, "4a\x1ex\x1e4b".into());
/// assert_eq!(packets.next(), Some(Ok(Packet::Message(Message::from("a")))));
/// assert_eq!(packets.next(), Some(Err(DecodeError::UnknownPacketType(b'x'))));
/// assert_eq!(packets.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct PayloadDecoder {
    /// The bytes that have not been read. `None` after the last packet and after an error.
    rest: Option<Rest>,
    /// The number of packets that are still allowed.
    remaining: usize,
    limit: usize,
}

#[derive(Clone, Debug)]
enum Rest {
    Separated(ByteString),
    CountedText(ByteString),
    CountedBinary(Bytes),
    Unreadable(DecodeError),
}

impl PayloadDecoder {
    /// Creates a decoder for a text body of the revision `protocol`.
    ///
    /// It accepts [`MAX_PAYLOAD_PACKETS`] packets. A body that is empty or not UTF-8 yields one error.
    #[must_use]
    pub fn new(protocol: Protocol, body: Bytes) -> Self {
        Self::from_rest(match (ByteString::try_from(body), protocol) {
            (Ok(text), Protocol::V3) => Rest::CountedText(text),
            (Ok(text), Protocol::V4) => Rest::Separated(text),
            (Err(_), _) => Rest::Unreadable(DecodeError::InvalidUtf8),
        })
    }

    /// Creates a decoder for a binary body, which only revision 3 has.
    ///
    /// It accepts [`MAX_PAYLOAD_PACKETS`] packets. An empty body is a payload without packets.
    #[must_use]
    pub fn binary(body: Bytes) -> Self {
        let mut decoder = Self::from_rest(Rest::CountedBinary(body));
        decoder
            .rest
            .take_if(|rest| matches!(rest, Rest::CountedBinary(body) if body.is_empty()));
        decoder
    }

    fn from_rest(rest: Rest) -> Self {
        Self {
            rest: Some(rest),
            remaining: MAX_PAYLOAD_PACKETS,
            limit: MAX_PAYLOAD_PACKETS,
        }
    }

    /// Sets the limit of packets, instead of [`MAX_PAYLOAD_PACKETS`]. More packets are an error.
    #[must_use]
    pub fn max_packets(mut self, limit: usize) -> Self {
        self.limit = limit;
        self.remaining = limit;
        self
    }

    /// Decodes the first packet of `rest`. Returns `None` for an empty packet of a text payload.
    fn decode_first(&mut self, rest: Rest) -> Result<Option<Packet>, DecodeError> {
        self.remaining = self
            .remaining
            .checked_sub(1)
            .ok_or(DecodeError::TooManyPackets { limit: self.limit })?;
        let (packet, rest) = match rest {
            Rest::Separated(text) => {
                let (packet, rest) = separated::decode_first(text)?;
                (Some(packet), rest.map(Rest::Separated))
            }
            Rest::CountedText(text) => {
                let (packet, rest) = counted::decode_first_text(&text)?;
                (packet, rest.map(Rest::CountedText))
            }
            Rest::CountedBinary(bytes) => {
                let (packet, rest) = counted::decode_first_binary(&bytes)?;
                (Some(packet), rest.map(Rest::CountedBinary))
            }
            Rest::Unreadable(error) => return Err(error),
        };
        self.rest = rest;
        Ok(packet)
    }
}

impl Iterator for PayloadDecoder {
    type Item = Result<Packet, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.rest.take()?;
            if let Some(packet) = self.decode_first(rest).transpose() {
                return Some(packet);
            }
        }
    }
}

impl FusedIterator for PayloadDecoder {}

#[cfg(test)]
mod tests;
