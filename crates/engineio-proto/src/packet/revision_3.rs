//! Packets as revision 3 writes them: a binary message has its type in front, as every packet has.

use bytes::{BufMut as _, Bytes, BytesMut};
use bytestring::ByteString;

use super::{Frame, Packet, decode_base64, encode_base64};
use crate::{decode_error::DecodeError, message::Message};

/// What stands in front of a binary message where only text can travel.
const BASE64_PREFIX: &str = "b4";

/// The type of a message where bytes can travel.
pub(crate) const MESSAGE_TYPE: u8 = 4;

/// Reads a text frame of a WebSocket, or one text packet of a payload.
pub(crate) fn decode_text(wire: ByteString) -> Result<Packet, DecodeError> {
    if !wire.starts_with('b') {
        return Packet::decode_text(wire);
    }
    match wire.strip_prefix(BASE64_PREFIX) {
        Some(content) => decode_base64(content),
        // Only messages have bytes for their content.
        None => Err(wire.as_bytes().get(1).map_or(DecodeError::Empty, |kind| {
            DecodeError::UnknownPacketType(*kind)
        })),
    }
}

/// Reads a binary frame of a WebSocket, or one binary packet of a payload.
pub(crate) fn decode_binary(wire: &Bytes) -> Result<Packet, DecodeError> {
    match wire.split_first() {
        Some((&MESSAGE_TYPE, content)) => Ok(Packet::binary(wire.slice_ref(content))),
        Some((&unknown, _)) => Err(DecodeError::UnknownPacketType(unknown)),
        None => Err(DecodeError::Empty),
    }
}

/// The frame in which `packet` travels on a WebSocket, and in a binary payload.
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

/// `packet` as text, a binary message in base64.
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
    fn a_binary_message_has_its_type_in_front() {
        let packet = Packet::binary(Bytes::from_static(&[1, 2, 3]));
        let wire = Bytes::from_static(&[4, 1, 2, 3]);
        assert_eq!(encode(&packet), Frame::Binary(wire.clone()));
        assert_eq!(decode_binary(&wire), Ok(packet.clone()));
        assert_eq!(encode_as_text(&packet), "b4AQID");
        assert_eq!(decode("b4AQID"), Ok(packet));
    }

    #[test]
    fn an_empty_binary_message_is_one() {
        let packet = Packet::binary(Bytes::new());
        assert_eq!(decode_binary(&Bytes::from_static(&[4])), Ok(packet.clone()));
        assert_eq!(decode("b4"), Ok(packet));
    }

    #[test]
    fn text_packets_are_those_of_revision_4() {
        for wire in ["0{}", "1", "2", "2probe", "3", "42[\"a\"]", "5", "6"] {
            let packet = decode(wire).unwrap();
            assert_eq!(Packet::decode_text(wire.into()), Ok(packet.clone()));
            assert_eq!(encode(&packet), Frame::Text(wire.into()));
            assert_eq!(encode_as_text(&packet), wire);
        }
    }

    #[test]
    fn only_messages_are_binary() {
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
