//! What is to be written, and how.

use crate::{message::Message, packet::Packet, text::TextRef};

/// How a message is to be sent.
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
    /// Whether the transport may compress the message: `true` by default (Node's `compress`).
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
    /// What is compressed already, such as a picture, only costs time, and so does what is encrypted.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }
}

/// A packet to be written, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Transmit {
    /// The packet.
    pub packet: Packet,
    /// Whether the transport may compress it.
    ///
    /// A polling payload may be compressed if any of its packets may, as in Node's server.
    pub compress: bool,
}

impl Transmit {
    /// A packet of the session's own that may be compressed.
    pub(super) fn compressible(packet: Packet) -> Self {
        Self {
            packet,
            compress: true,
        }
    }

    /// A packet that is not worth compressing.
    pub(super) fn plain(packet: Packet) -> Self {
        Self {
            packet,
            compress: false,
        }
    }
}

/// A packet to be written, and how, which is borrowed where that saves memory of its own.
#[derive(Debug)]
#[must_use]
pub enum TransmitRef<'a> {
    /// A packet.
    Packet(Transmit),
    /// A text message.
    Text {
        /// The text.
        text: TextRef<'a>,
        /// Whether the transport may compress it.
        compress: bool,
    },
}

impl TransmitRef<'_> {
    /// The packet with memory of its own.
    #[inline]
    pub fn into_transmit(self) -> Transmit {
        match self {
            Self::Packet(transmit) => transmit,
            Self::Text { text, compress } => Transmit {
                packet: Packet::Message(Message::Text(text.into())),
                compress,
            },
        }
    }
}
