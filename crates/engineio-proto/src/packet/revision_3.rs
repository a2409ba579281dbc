//! The encoding of packets in revision 3, where binary messages have a packet type too.

use bytes::{BufMut as _, Bytes, BytesMut};
use bytestring::ByteString;

use super::{Frame, Packet, decode_base64, encode_base64};
use crate::{decode_error::DecodeError, message::Message};

/// The prefix of a binary message that is encoded as text.
const BASE64_PREFIX: &str = "b4";

/// The type of a message in a binary frame.
pub(crate) const MESSAGE_TYPE: u8 = 4;

/// Decodes a text frame of a WebSocket, or one text packet of a payload.
pub(crate) fn decode_text(wire: ByteString) -> Result<Packet, DecodeError> {
    if !wire.starts_with('b') {
        return Packet::decode_text(wire);
    }
    match wire.strip_prefix(BASE64_PREFIX) {
        Some(content) => decode_base64(content),
        // Only messages can be binary.
        None => Err(wire.as_bytes().get(1).map_or(DecodeError::Empty, |kind| {
            DecodeError::UnknownPacketType(*kind)
        })),
    }
}

/// Decodes a binary frame of a WebSocket, or one binary packet of a payload.
pub(crate) fn decode_binary(wire: &Bytes) -> Result<Packet, DecodeError> {
    match wire.split_first() {
        Some((&MESSAGE_TYPE, content)) => Ok(Packet::binary(wire.slice_ref(content))),
        Some((&unknown, _)) => Err(DecodeError::UnknownPacketType(unknown)),
        None => Err(DecodeError::Empty),
    }
}

/// Encodes `packet` as a WebSocket frame.
pub(crate) fn encode(packet: &Packet) -> Frame {
    match packet {
        Packet::Message(Message::Binary(bytes)) => {
            let mut frame = BytesMut::with_capacity(bytes.len().saturating_add(1));
            frame.put_u8(MESSAGE_TYPE);
            frame.put_slice(bytes);
            Frame::Binary(frame.freeze())
        }
        text => Frame::Text(text.encode_base64()),
    }
}

/// Encodes `packet` as text, with base64 for a binary message.
pub(crate) fn encode_as_text(packet: &Packet) -> ByteString {
    match packet {
        Packet::Message(Message::Binary(bytes)) => encode_base64(BASE64_PREFIX, bytes),
        text => text.encode_base64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(wire: &'static str) -> Result<Packet, DecodeError> {
        decode_text(ByteString::from_static(wire))
    }

    #[test]
    fn a_binary_message_has_a_packet_type() {
        let packet = Packet::binary(Bytes::from_static(&[1, 2, 3]));
        let wire = Bytes::from_static(&[4, 1, 2, 3]);
        assert_eq!(encode(&packet), Frame::Binary(wire.clone()));
        assert_eq!(decode_binary(&wire), Ok(packet.clone()));
        assert_eq!(encode_as_text(&packet), "b4AQID");
        assert_eq!(decode("b4AQID"), Ok(packet));
    }

    #[test]
    fn a_binary_message_may_be_empty() {
        let packet = Packet::binary(Bytes::new());
        assert_eq!(decode_binary(&Bytes::from_static(&[4])), Ok(packet.clone()));
        assert_eq!(decode("b4"), Ok(packet));
    }

    #[test]
    fn text_packets_are_encoded_as_in_revision_4() {
        for wire in ["0{}", "1", "2", "2probe", "3", "42[\"a\"]", "5", "6"] {
            let packet = decode(wire).unwrap();
            assert_eq!(Packet::decode_text(wire.into()), Ok(packet.clone()));
            assert_eq!(encode(&packet), Frame::Text(wire.into()));
            assert_eq!(encode_as_text(&packet), wire);
        }
    }

    #[test]
    fn only_messages_can_be_binary() {
        let unknown = |kind| Err(DecodeError::UnknownPacketType(kind));
        assert_eq!(decode("b"), Err(DecodeError::Empty));
        assert_eq!(decode("bAQID"), unknown(b'A'));
        assert_eq!(decode("b2cHJvYmU="), unknown(b'2'));
        assert_eq!(decode("b4*"), Err(DecodeError::InvalidBase64));
        assert_eq!(decode_binary(&Bytes::new()), Err(DecodeError::Empty));
        assert_eq!(decode_binary(&Bytes::from_static(b"2")), unknown(b'2'));
        assert_eq!(decode_binary(&Bytes::from_static(&[2])), unknown(2));
    }
}
