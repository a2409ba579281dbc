//! Packets and their encoding in revision 4.

use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD},
    },
};
use bytes::Bytes;
use bytestring::ByteString;

use crate::{decode_error::DecodeError, message::Message, text::Text};

pub(crate) mod revision_3;

/// The prefix of a binary message that is encoded as text.
const BASE64_PREFIX: &str = "b";

/// A base64 decoder that accepts missing padding, because clients differ.
const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// One packet of the protocol.
///
/// The methods use the encoding of revision 4 of the protocol. [`Protocol`](crate::Protocol) has the same
/// methods for the revision of a client.
///
/// # Examples
///
/// ```
/// use engineio_proto::{Frame, Message, Packet};
///
/// let packet = Packet::decode_text("4hello".into()).unwrap();
/// assert_eq!(packet, Packet::Message(Message::from("hello")));
/// assert_eq!(packet.encode(), Frame::Text("4hello".into()));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Packet {
    /// `0`: the first packet of the server, with the handshake as JSON.
    Open(ByteString),
    /// `1`: the sender closes the connection.
    Close,
    /// `2`: a heartbeat request, or a probe of a transport if the content is `probe`.
    ///
    /// The server sends heartbeats in revision 4, the client in revision 3.
    Ping(ByteString),
    /// `3`: the response to a ping, with the content of the probe.
    Pong(ByteString),
    /// `4` or a binary frame: a message for the layer above.
    Message(Message),
    /// `5`: the client upgrades to the transport on which it sends this packet.
    Upgrade,
    /// `6`: no content. It ends a pending poll.
    Noop,
}

impl Packet {
    /// Decodes a text frame of a WebSocket, or one packet of a polling payload.
    ///
    /// `b` followed by base64 is a binary message, on a WebSocket too, as in Node's server. Content of a
    /// packet type without content is ignored.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Empty`], [`DecodeError::UnknownPacketType`] or
    /// [`DecodeError::InvalidBase64`].
    #[inline]
    pub fn decode_text(wire: ByteString) -> Result<Self, DecodeError> {
        match Text::try_from_wire(wire) {
            Ok(text) => Ok(Self::Message(Message::Text(text))),
            Err(wire) => Self::decode_other(&wire),
        }
    }

    /// Decodes a packet that is not a text message.
    fn decode_other(wire: &ByteString) -> Result<Self, DecodeError> {
        let &kind = wire.as_bytes().first().ok_or(DecodeError::Empty)?;
        // All known types are ASCII, so this is `None` only for unknown ones.
        let content = wire.get(1..).unwrap_or_default();
        match kind {
            b'0' => Ok(Self::Open(wire.slice_ref(content))),
            b'1' => Ok(Self::Close),
            b'2' => Ok(Self::Ping(wire.slice_ref(content))),
            b'3' => Ok(Self::Pong(wire.slice_ref(content))),
            b'5' => Ok(Self::Upgrade),
            b'6' => Ok(Self::Noop),
            b'b' => decode_base64(content),
            unknown => Err(DecodeError::UnknownPacketType(unknown)),
        }
    }

    /// Creates the message of a binary WebSocket frame.
    #[must_use]
    #[inline]
    pub fn binary(bytes: Bytes) -> Self {
        Self::Message(Message::Binary(bytes))
    }

    /// Encodes the packet as a WebSocket frame. Messages are not copied.
    #[must_use]
    pub fn encode(&self) -> Frame {
        match self {
            Self::Message(Message::Binary(bytes)) => Frame::Binary(bytes.clone()),
            text => Frame::Text(text.encode_base64()),
        }
    }

    /// Encodes the packet as text, with base64 for a binary message.
    ///
    /// This is the encoding of polling payloads, and of a WebSocket that was opened with `b64=1`.
    /// Text messages are not copied.
    #[must_use]
    pub fn encode_base64(&self) -> ByteString {
        match self {
            Self::Open(json) => typed('0', json),
            Self::Close => ByteString::from_static("1"),
            Self::Ping(content) if content.is_empty() => ByteString::from_static("2"),
            Self::Ping(content) => typed('2', content),
            Self::Pong(content) if content.is_empty() => ByteString::from_static("3"),
            Self::Pong(content) => typed('3', content),
            Self::Message(Message::Text(text)) => text.as_wire().clone(),
            Self::Message(Message::Binary(bytes)) => encode_base64(BASE64_PREFIX, bytes),
            Self::Upgrade => ByteString::from_static("5"),
            Self::Noop => ByteString::from_static("6"),
        }
    }
}

/// The payload of a WebSocket frame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Frame {
    /// A text frame.
    Text(ByteString),
    /// A binary frame.
    Binary(Bytes),
}

fn typed(kind: char, content: &str) -> ByteString {
    let mut out = String::with_capacity(content.len().saturating_add(1));
    out.push(kind);
    out.push_str(content);
    out.into()
}

fn decode_base64(content: &str) -> Result<Packet, DecodeError> {
    LENIENT_BASE64
        .decode(content)
        .map(|bytes| Packet::binary(bytes.into()))
        .map_err(|_| DecodeError::InvalidBase64)
}

fn encode_base64(prefix: &str, bytes: &[u8]) -> ByteString {
    // This is only a capacity, so it may saturate.
    let length = bytes.len().div_ceil(3).saturating_mul(4);
    let mut out = String::with_capacity(length.saturating_add(prefix.len()));
    out.push_str(prefix);
    STANDARD.encode_string(bytes, &mut out);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(wire: &'static str) -> Result<Packet, DecodeError> {
        Packet::decode_text(ByteString::from_static(wire))
    }

    #[test]
    fn every_type_is_decoded() {
        assert_eq!(decode("0{}"), Ok(Packet::Open("{}".into())));
        assert_eq!(decode("1"), Ok(Packet::Close));
        assert_eq!(decode("2"), Ok(Packet::Ping("".into())));
        assert_eq!(decode("2probe"), Ok(Packet::Ping("probe".into())));
        assert_eq!(decode("3probe"), Ok(Packet::Pong("probe".into())));
        assert_eq!(decode("4"), Ok(Packet::Message(Message::from(""))));
        assert_eq!(decode("4€"), Ok(Packet::Message(Message::from("€"))));
        assert_eq!(decode("5"), Ok(Packet::Upgrade));
        assert_eq!(decode("6"), Ok(Packet::Noop));
    }

    #[test]
    fn base64_is_a_binary_message() {
        let expected = Packet::binary(Bytes::from_static(&[1, 2, 3, 4]));
        assert_eq!(decode("bAQIDBA=="), Ok(expected.clone()));
        assert_eq!(decode("bAQIDBA"), Ok(expected));
        assert_eq!(decode("b"), Ok(Packet::binary(Bytes::new())));
        assert_eq!(decode("bAQ ID"), Err(DecodeError::InvalidBase64));
        assert_eq!(decode("bé"), Err(DecodeError::InvalidBase64));
    }

    #[test]
    fn malformed_packets_are_refused() {
        assert_eq!(decode(""), Err(DecodeError::Empty));
        assert_eq!(decode("abc"), Err(DecodeError::UnknownPacketType(b'a')));
        assert_eq!(decode("9"), Err(DecodeError::UnknownPacketType(b'9')));
        assert_eq!(decode("€"), Err(DecodeError::UnknownPacketType(0xe2)));
    }

    #[test]
    fn content_of_a_type_without_content_is_ignored() {
        assert_eq!(decode("1bye"), Ok(Packet::Close));
        assert_eq!(decode("5x"), Ok(Packet::Upgrade));
        assert_eq!(decode("6x"), Ok(Packet::Noop));
    }

    #[test]
    fn a_binary_frame_is_the_payload() {
        let packet = Packet::binary(Bytes::from_static(&[1, 2, 3]));
        assert_eq!(
            packet.encode(),
            Frame::Binary(Bytes::from_static(&[1, 2, 3]))
        );
        assert_eq!(packet.encode_base64(), "bAQID");
    }

    #[test]
    fn a_text_message_is_not_copied() {
        let text = Text::new("shared");
        let bytes = text.as_wire().as_bytes().as_ptr();
        let Frame::Text(frame) = Packet::Message(text.into()).encode() else {
            panic!("a text message becomes a text frame");
        };
        assert_eq!(frame.as_bytes().as_ptr(), bytes);
    }

    #[test]
    fn packets_begin_with_their_type() {
        let written = [
            (Packet::Open("{}".into()), "0{}"),
            (Packet::Close, "1"),
            (Packet::Ping("".into()), "2"),
            (Packet::Pong("probe".into()), "3probe"),
            (Packet::Message(Message::from("a")), "4a"),
            (Packet::Upgrade, "5"),
            (Packet::Noop, "6"),
        ];
        for (packet, wire) in written {
            assert_eq!(packet.encode(), Frame::Text(wire.into()));
        }
    }
}
