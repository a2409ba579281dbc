//! Many packets in one HTTP body.

mod counted;
mod length;
mod separated;

use std::iter::FusedIterator;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{decode_error::DecodeError, packet::Packet, protocol::Protocol};

/// How many packets one payload may hold: 131,072.
///
/// The size of a body is limited elsewhere; this limit is for bodies of nothing but tiny packets,
/// where each byte pair would be work for the application. With the default of a million bytes per
/// body a client that sends messages of eight bytes or more never meets it.
pub const MAX_PAYLOAD_PACKETS: usize = 131_072;

/// One HTTP body.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Payload {
    /// What the body consists of.
    pub body: Bytes,
    /// Whether the body is bytes (`application/octet-stream`) rather than text. It is bytes for
    /// clients of revision 3 only.
    pub binary: bool,
}

/// Writes packets into one HTTP body.
///
/// In revision 4 a body of one text message is the message itself and costs no copy. In revision 3
/// a body with a binary message among its packets is binary, unless the client asked for base64.
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
    /// An encoder without packets for a client that speaks `protocol`, and takes `base64` only, or
    /// binary too.
    ///
    /// In revision 4 polling always carries base64.
    #[must_use]
    pub fn new(protocol: Protocol, base64: bool) -> Self {
        Self(match protocol {
            Protocol::V3 => Encoder::Counted(counted::Encoder::new(base64)),
            Protocol::V4 => Encoder::Separated(separated::Encoder::default()),
        })
    }

    /// Appends a packet. Text that nobody else holds goes into the body without being shared.
    pub fn push(&mut self, packet: Packet) {
        match &mut self.0 {
            Encoder::Separated(encoder) => encoder.push(packet),
            Encoder::Counted(encoder) => encoder.push(packet),
        }
    }

    /// The length of the body so far, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Encoder::Separated(encoder) => encoder.len(),
            Encoder::Counted(encoder) => encoder.len(),
        }
    }

    /// Whether no packet was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Encoder::Separated(encoder) => encoder.is_empty(),
            Encoder::Counted(encoder) => encoder.is_empty(),
        }
    }

    /// The body.
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

/// Reads the packets of one HTTP body, one at a time.
///
/// The packets in front of a bad one are still yielded, as Node's server still processes them;
/// after the first error the decoder is at its end. Packets share the bytes of the body.
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
    /// What was not read yet. `None` after the last packet and after an error.
    rest: Option<Rest>,
    /// How many packets may still come.
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
    /// A decoder for a text `body` of `protocol` that allows [`MAX_PAYLOAD_PACKETS`] packets.
    ///
    /// A body that is not UTF-8, and an empty one, yield an error and nothing else.
    #[must_use]
    pub fn new(protocol: Protocol, body: Bytes) -> Self {
        Self::of(match (ByteString::try_from(body), protocol) {
            (Ok(text), Protocol::V3) => Rest::CountedText(text),
            (Ok(text), Protocol::V4) => Rest::Separated(text),
            (Err(_), _) => Rest::Unreadable(DecodeError::InvalidUtf8),
        })
    }

    /// A decoder for a binary `body`, which only revision 3 has, that allows
    /// [`MAX_PAYLOAD_PACKETS`] packets.
    ///
    /// An empty body yields nothing, as it is a payload without packets.
    #[must_use]
    pub fn binary(body: Bytes) -> Self {
        let mut decoder = Self::of(Rest::CountedBinary(body));
        decoder
            .rest
            .take_if(|rest| matches!(rest, Rest::CountedBinary(body) if body.is_empty()));
        decoder
    }

    fn of(rest: Rest) -> Self {
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

    /// The first packet of `rest`, or `None` where there is an empty place for one.
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
