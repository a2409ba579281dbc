//! Packets for the driver to write.

use crate::{message::Message, packet::Packet, text::Text};

/// The options of one message.
///
/// # Examples
///
/// ```
/// use engineio_proto::SendOptions;
///
/// assert!(SendOptions::default().compress);
/// assert!(!SendOptions::default().compress(false).compress);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct SendOptions {
    /// Whether the transport may compress the message. Default: `true`. Node's `compress`.
    pub compress: bool,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self { compress: true }
    }
}

impl SendOptions {
    /// Sets whether the transport may compress the message.
    ///
    /// Turn it off for data that does not shrink, such as images or encrypted data.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }
}

/// A packet for the driver to write.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct Transmit {
    /// The packet.
    pub packet: Packet,
    /// Whether the transport may compress the packet.
    ///
    /// A polling payload may be compressed if this is set for any of its packets, as in Node's server.
    pub compress: bool,
}

impl Transmit {
    /// Creates a control packet that may be compressed.
    pub(super) fn compressible(packet: Packet) -> Self {
        Self {
            packet,
            compress: true,
        }
    }

    /// Creates a packet that is not compressed.
    pub(super) fn plain(packet: Packet) -> Self {
        Self {
            packet,
            compress: false,
        }
    }
}

/// A packet for the driver to write, borrowed from the [`Batch`](crate::Batch) if it is a short text.
#[derive(Debug)]
#[must_use]
pub enum TransmitRef<'a> {
    /// An owned packet.
    Packet(Transmit),
    /// A borrowed text message.
    Text {
        /// The text with the packet type (`4`) in front, as it is sent.
        wire: &'a str,
        /// Whether the transport may compress the message.
        compress: bool,
    },
}

impl TransmitRef<'_> {
    /// Converts to an owned packet. A borrowed text is copied.
    #[inline]
    pub fn into_transmit(self) -> Transmit {
        match self {
            Self::Packet(transmit) => transmit,
            Self::Text { wire, compress } => Transmit {
                packet: Packet::Message(Message::Text(Text::copy_wire(wire))),
                compress,
            },
        }
    }
}
