//! An encoded packet for one client.

use bytes::Bytes;
use engineio::{Message, SendError, SendOptions, Session, TextBuf};
use socketio_proto::{Attachments, EncodeError};

use crate::wire::encoded_packet::EncodedPacket;

/// An encoded packet for one client.
///
/// Its text is written into a buffer of the thread. Unlike the text of an [`EncodedPacket`], it is
/// not shared and needs no allocation.
#[derive(Debug)]
pub(crate) enum UnicastPacket {
    /// A packet in the default encoding.
    Packet(TextBuf, Attachments, SendOptions),
    Encoded(EncodedPacket),
}

/// The initial capacity of a text, in bytes. It suffices for most events.
const CAPACITY: usize = 128;

impl UnicastPacket {
    /// Creates a packet in the default encoding, with or without attachments.
    #[inline]
    pub(crate) fn json(
        write: impl FnOnce(&mut String) -> Result<Attachments, EncodeError>,
    ) -> Result<Self, EncodeError> {
        let mut written = None;
        let text = TextBuf::build(CAPACITY, |out| written = Some(write(out)));
        let attachments = written.transpose()?.unwrap_or_default();
        Ok(Self::Packet(text, attachments, SendOptions::default()))
    }

    /// Sets whether the transport may compress the packet.
    #[inline]
    pub(crate) fn set_compress(&mut self, compress: bool) {
        match self {
            Self::Packet(_, _, options) => *options = options.compress(compress),
            Self::Encoded(packet) => packet.set_compress(compress),
        }
    }

    /// Sends the packet to the client of a session.
    #[inline]
    pub(crate) fn send(self, session: &Session) -> Result<(), SendError> {
        match self {
            Self::Packet(text, attachments, options) if attachments.is_empty() => {
                session.send_text_buf(text, options)
            }
            Self::Packet(text, attachments, options) => {
                session.enqueue(messages(text, attachments), options).0
            }
            Self::Encoded(packet) => packet.send(session),
        }
    }

    /// Sends the packet if the transport is ready. Returns whether it was sent.
    pub(crate) fn send_volatile(self, session: &Session) -> bool {
        match self {
            Self::Packet(text, attachments, options) => {
                session.enqueue_volatile(messages(text, attachments), options)
            }
            Self::Encoded(packet) => session.enqueue_volatile(packet.messages(), packet.options()),
        }
    }
}

/// Returns the messages in the order in which they are sent.
fn messages(text: TextBuf, attachments: Attachments) -> impl Iterator<Item = Message> {
    let text = Message::Text(text.into_text());
    let attachments = attachments.into_iter().map(Bytes::into);
    std::iter::once(text).chain(attachments)
}

impl From<EncodedPacket> for UnicastPacket {
    fn from(packet: EncodedPacket) -> Self {
        Self::Encoded(packet)
    }
}
