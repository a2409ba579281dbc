//! Packets and how each is written.

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

/// What stands in front of a binary message where only text can travel.
const BASE64_PREFIX: &str = "b";

/// Reads base64 with padding or without: clients differ, and nothing depends on it.
const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// One packet of the protocol.
///
/// The methods here read and write packets as revision 4 of the protocol has them. Where the
/// revision depends on the client, [`Protocol`](crate::Protocol) has methods of the same names.
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
    /// `0`: the server's first packet, with the handshake as JSON.
    Open(ByteString),
    /// `1`: one end closes the connection.
    Close,
    /// `2`: a question whether the other end is there; `probe` while a transport is tried. The
    /// server asks in revision 4, the client in revision 3.
    Ping(ByteString),
    /// `3`: the answer to a ping; to a probe with the same content.
    Pong(ByteString),
    /// `4`, or a binary frame: something for the layer above.
    Message(Message),
    /// `5`: the client moves to the transport on which it sends this.
    Upgrade,
    /// `6`: nothing; it ends a waiting poll.
    Noop,
}

impl Packet {
    /// Reads a text frame of a WebSocket, or one packet of a polling payload.
    ///
    /// `b` and base64 is a binary message; Node's server takes it on a WebSocket too. What stands
    /// behind the type of a packet that has no content is ignored.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Empty`], [`DecodeError::UnknownPacketType`] or
    /// [`DecodeError::InvalidBase64`].
    #[inline]
    pub fn decode_text(wire: ByteString) -> Result<Self, DecodeError> {
        match Text::try_from_wire(wire) {
            Ok(text) => Ok(Self::Message(Message::Text(text))),
            Err(wire) => Self::decode_rarer(&wire),
        }
    }

    /// Reads a packet that is not a text message.
    fn decode_rarer(wire: &ByteString) -> Result<Self, DecodeError> {
        let &kind = wire.as_bytes().first().ok_or(DecodeError::Empty)?;
        // All known types are one byte long, so this is `None` for unknown ones only.
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

    /// The message that a binary frame of a WebSocket is.
    #[must_use]
    #[inline]
    pub fn binary(bytes: Bytes) -> Self {
        Self::Message(Message::Binary(bytes))
    }

    /// The frame in which the packet travels on a WebSocket. Messages are not copied.
    #[must_use]
    pub fn encode(&self) -> Frame {
        match self {
            Self::Message(Message::Binary(bytes)) => Frame::Binary(bytes.clone()),
            text => Frame::Text(text.encode_base64()),
        }
    }

    /// The packet as text, a binary message in base64: for polling payloads, and for a WebSocket
    /// that was opened with `b64=1`.
    ///
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

/// What goes into one frame of a WebSocket.
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
    // Only a hint, so it may saturate.
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
    fn every_type_is_read() {
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
    fn what_is_no_packet_is_refused() {
        assert_eq!(decode(""), Err(DecodeError::Empty));
        assert_eq!(decode("abc"), Err(DecodeError::UnknownPacketType(b'a')));
        assert_eq!(decode("9"), Err(DecodeError::UnknownPacketType(b'9')));
        assert_eq!(decode("€"), Err(DecodeError::UnknownPacketType(0xe2)));
    }

    #[test]
    fn content_behind_a_packet_without_content_is_ignored() {
        assert_eq!(decode("1bye"), Ok(Packet::Close));
        assert_eq!(decode("5x"), Ok(Packet::Upgrade));
        assert_eq!(decode("6x"), Ok(Packet::Noop));
    }

    #[test]
    fn a_websocket_carries_bytes_as_they_are() {
        let packet = Packet::binary(Bytes::from_static(&[1, 2, 3]));
        assert_eq!(
            packet.encode(),
            Frame::Binary(Bytes::from_static(&[1, 2, 3]))
        );
        assert_eq!(packet.encode_base64(), "bAQID");
    }

    #[test]
    fn a_message_is_framed_without_a_copy() {
        let text = Text::new("shared");
        let bytes = text.as_wire().as_bytes().as_ptr();
        let Frame::Text(frame) = Packet::Message(text.into()).encode() else {
            panic!("a text message is a text frame");
        };
        assert_eq!(frame.as_bytes().as_ptr(), bytes);
    }

    #[test]
    fn packets_are_written_with_their_type() {
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
