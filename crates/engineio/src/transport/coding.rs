//! How the packets of one transport are written.

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{DecodeError, Frame, Packet, Protocol};

/// How the packets of one transport are written: as its client speaks, and wants binary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coding {
    pub(crate) protocol: Protocol,
    /// Whether the client wants binary as base64 text.
    pub(crate) base64: bool,
}

impl Coding {
    /// Whether a binary message is a frame of the same bytes.
    #[inline]
    pub(crate) fn takes_bytes(self) -> bool {
        !self.base64 && self.protocol == Protocol::V4
    }

    /// The frame of a WebSocket that a packet is.
    pub(crate) fn encode(self, packet: &Packet) -> Frame {
        if self.base64 {
            Frame::Text(self.protocol.encode_base64(packet))
        } else {
            self.protocol.encode(packet)
        }
    }

    /// Reads a text frame of a WebSocket.
    #[inline]
    pub(crate) fn decode_text(self, text: ByteString) -> Result<Packet, DecodeError> {
        self.protocol.decode_text(text)
    }

    /// Reads a binary frame of a WebSocket.
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
    fn bytes_are_taken_where_encoding_them_changes_nothing() {
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
