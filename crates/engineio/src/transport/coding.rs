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
    /// The frame of a WebSocket that a packet is.
    pub(crate) fn encode(self, packet: &Packet) -> Frame {
        if self.base64 {
            Frame::Text(self.protocol.encode_base64(packet))
        } else {
            self.protocol.encode(packet)
        }
    }

    /// Reads a text frame of a WebSocket.
    pub(crate) fn decode_text(self, text: ByteString) -> Result<Packet, DecodeError> {
        self.protocol.decode_text(text)
    }

    /// Reads a binary frame of a WebSocket.
    pub(crate) fn decode_binary(self, bytes: Bytes) -> Result<Packet, DecodeError> {
        self.protocol.decode_binary(bytes)
    }
}
