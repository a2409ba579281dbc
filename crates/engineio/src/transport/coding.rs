//! The encoding of packets as frames.

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{DecodeError, Frame, Packet, Protocol};

/// The encoding of packets as frames, as negotiated with the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coding {
    pub(crate) protocol: Protocol,
    /// Whether binary messages are encoded as base64 text.
    pub(crate) base64: bool,
}

impl Coding {
    /// Returns whether the frame of a binary message consists of the same bytes.
    #[inline]
    pub(crate) fn takes_bytes(self) -> bool {
        !self.base64 && self.protocol == Protocol::V4
    }

    /// Encodes a packet as a WebSocket frame.
    pub(crate) fn encode(self, packet: &Packet) -> Frame {
        if self.base64 {
            Frame::Text(self.protocol.encode_base64(packet))
        } else {
            self.protocol.encode(packet)
        }
    }

    /// Decodes a text frame.
    #[inline]
    pub(crate) fn decode_text(self, text: ByteString) -> Result<Packet, DecodeError> {
        self.protocol.decode_text(text)
    }

    /// Decodes a binary frame.
    #[inline]
    pub(crate) fn decode_binary(self, bytes: Bytes) -> Result<Packet, DecodeError> {
        self.protocol.decode_binary(bytes)
    }
}

#[cfg(test)]
mod tests {
    use engineio_proto::Message;

    use super::*;

    #[test]
    fn bytes_are_sent_unchanged_if_encoding_would_not_change_them() {
        let bytes = Bytes::from_static(b"\x04bytes");
        let packet = Packet::Message(Message::Binary(bytes.clone()));
        for protocol in [Protocol::V3, Protocol::V4] {
            for base64 in [false, true] {
                let coding = Coding { protocol, base64 };
                let same = coding.encode(&packet) == Frame::Binary(bytes.clone());
                assert_eq!(coding.takes_bytes(), same, "{coding:?}");
            }
        }
    }
}
