//! The revisions of the protocol.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{
    decode_error::DecodeError,
    packet::{Frame, Packet, revision_3},
};

/// A revision of the Engine.IO protocol: the `EIO` query parameter.
///
/// It determines the encoding of packets and the side that sends pings. It does not change during a session.
///
/// # Examples
///
/// ```
/// use engineio_proto::{Frame, Packet, Protocol};
///
/// let packet = Packet::binary([1, 2, 3].as_slice().into());
/// assert_eq!(Protocol::V4.encode(&packet), Frame::Binary([1, 2, 3].as_slice().into()));
/// assert_eq!(Protocol::V3.encode(&packet), Frame::Binary([4, 1, 2, 3].as_slice().into()));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Protocol {
    /// Revision 3, spoken by Socket.IO clients before 3.0: the client sends the pings.
    V3,
    /// Revision 4, spoken by Socket.IO clients since 3.0: the server sends the pings.
    V4,
}

impl Protocol {
    /// Returns the revision that a request asks for with its `EIO` query parameter.
    ///
    /// As in Node's server, every value other than `4` asks for revision 3. So does a missing
    /// parameter, because the oldest clients do not send it.
    #[must_use]
    pub fn requested(eio: Option<&str>) -> Self {
        match eio {
            Some("4") => Self::V4,
            _ => Self::V3,
        }
    }

    /// Returns the number of the revision.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    /// Decodes a text frame of a WebSocket. See [`Packet::decode_text`].
    ///
    /// # Errors
    ///
    /// [`DecodeError::Empty`], [`DecodeError::UnknownPacketType`] or
    /// [`DecodeError::InvalidBase64`].
    #[inline]
    pub fn decode_text(self, wire: ByteString) -> Result<Packet, DecodeError> {
        match self {
            Self::V3 => revision_3::decode_text(wire),
            Self::V4 => Packet::decode_text(wire),
        }
    }

    /// Decodes a binary frame of a WebSocket. Messages share its bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Empty`] or [`DecodeError::UnknownPacketType`] in revision 3, where a binary frame
    /// begins with a packet type.
    #[inline]
    pub fn decode_binary(self, wire: Bytes) -> Result<Packet, DecodeError> {
        match self {
            Self::V3 => revision_3::decode_binary(&wire),
            Self::V4 => Ok(Packet::binary(wire)),
        }
    }

    /// Encodes a packet as a WebSocket frame.
    ///
    /// Messages are not copied, except for binary ones in revision 3.
    #[must_use]
    pub fn encode(self, packet: &Packet) -> Frame {
        match self {
            Self::V3 => revision_3::encode(packet),
            Self::V4 => packet.encode(),
        }
    }

    /// Encodes a packet as text, with base64 for a binary message.
    ///
    /// This is the encoding for clients that ask for it with `b64=1`. Text messages are not copied.
    #[must_use]
    pub fn encode_base64(self, packet: &Packet) -> ByteString {
        match self {
            Self::V3 => revision_3::encode_as_text(packet),
            Self::V4 => packet.encode_base64(),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_but_4_is_revision_3() {
        assert_eq!(Protocol::requested(Some("4")), Protocol::V4);
        assert_eq!(Protocol::requested(None), Protocol::V3);
        for eio in ["", "3", "04", "4 ", "5", "four"] {
            assert_eq!(Protocol::requested(Some(eio)), Protocol::V3, "{eio:?}");
        }
    }

    #[test]
    fn a_revision_is_displayed_as_its_number() {
        assert_eq!(Protocol::V3.to_string(), "3");
        assert_eq!(Protocol::V4.to_string(), "4");
    }

    #[test]
    fn the_revisions_encode_only_binary_messages_differently() {
        let bytes = Bytes::from_static(&[4, 1]);
        let whole = Packet::binary(bytes.clone());
        let behind_the_type = Packet::binary(bytes.slice(1..));
        assert_eq!(Protocol::V4.decode_binary(bytes.clone()), Ok(whole));
        assert_eq!(
            Protocol::V3.decode_binary(bytes),
            Ok(behind_the_type.clone())
        );
        assert_eq!(Protocol::V3.encode_base64(&behind_the_type), "b4AQ==");
        assert_eq!(Protocol::V4.encode_base64(&behind_the_type), "bAQ==");
        assert_eq!(
            Protocol::V3.decode_text("b4AQ==".into()),
            Ok(behind_the_type)
        );
        for protocol in [Protocol::V3, Protocol::V4] {
            let packet = protocol.decode_text("42[]".into()).unwrap();
            assert_eq!(protocol.encode(&packet), Frame::Text("42[]".into()));
        }
    }
}
