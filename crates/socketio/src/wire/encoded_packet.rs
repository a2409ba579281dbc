//! An encoded packet that several clients can share.

use bytes::Bytes;
use engineio::{MESSAGE_OVERHEAD, Message, SendError, SendOptions, Session, Text};
use socketio_proto::{Attachments, Packet};

/// An encoded packet.
///
/// A broadcast encodes one packet, which all of its recipients share.
#[derive(Clone, Debug)]
pub(crate) struct EncodedPacket {
    content: Content,
    options: SendOptions,
}

#[derive(Clone, Debug)]
enum Content {
    /// A packet in the default encoding.
    Packet(Text, Attachments),
    /// The messages of a custom parser; never empty.
    Messages(Vec<Message>),
}

/// The initial capacity of a text, in bytes. It suffices for most events.
const CAPACITY: usize = 128;

impl EncodedPacket {
    /// Creates a packet in the default encoding without attachments.
    pub(crate) fn text(write: impl FnOnce(&mut String)) -> Self {
        let text = Text::build(CAPACITY, write);
        Self::new(Content::Packet(text, Attachments::new()))
    }

    /// Encodes a packet in the default encoding. The payload is encoded already.
    pub(crate) fn packet(packet: &Packet) -> Self {
        let capacity = packet.payload.as_json().len() + packet.namespace.len() + 24;
        let mut attachments: &[Bytes] = &[];
        let text = Text::build(capacity, |out| {
            attachments = socketio_proto::encode_packet(out, packet);
        });
        let attachments = attachments.iter().cloned().collect();
        Self::new(Content::Packet(text, attachments))
    }

    /// Creates a packet from the messages of a parser, or returns `None` if there are none.
    pub(crate) fn from_messages(messages: impl IntoIterator<Item = Message>) -> Option<Self> {
        let messages = Vec::from_iter(messages);
        (!messages.is_empty()).then(|| Self::new(Content::Messages(messages)))
    }

    #[inline]
    fn new(content: Content) -> Self {
        Self {
            content,
            options: SendOptions::default(),
        }
    }

    /// Sets whether the transport may compress the packet.
    #[inline]
    pub(crate) fn set_compress(&mut self, compress: bool) {
        self.options = self.options.compress(compress);
    }

    /// Returns the number of bytes that the packet counts toward the outbound limit of a client.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.messages()
            .map(|message| message.len().saturating_add(MESSAGE_OVERHEAD))
            .fold(0, usize::saturating_add)
    }

    pub(crate) fn options(&self) -> SendOptions {
        self.options
    }

    /// Returns the message if the packet has exactly one.
    pub(crate) fn single_message(&self) -> Option<Message> {
        match &self.content {
            Content::Packet(text, attachments) if attachments.is_empty() => {
                Some(Message::Text(text.clone()))
            }
            Content::Packet(..) => None,
            Content::Messages(messages) => match &**messages {
                [message] => Some(message.clone()),
                _ => None,
            },
        }
    }

    /// Sends the packet to the client of a session.
    #[inline]
    pub(crate) fn send(self, session: &Session) -> Result<(), SendError> {
        match self.content {
            Content::Packet(text, attachments) if attachments.is_empty() => {
                session.send_with(text, self.options)
            }
            content => session.enqueue(content.into_messages(), self.options).0,
        }
    }

    /// Returns the messages in the order in which they are sent.
    pub(crate) fn messages(&self) -> impl Iterator<Item = Message> {
        let (text, attachments, messages): (_, &[Bytes], &[Message]) = match &self.content {
            Content::Packet(text, attachments) => (Some(text.clone()), attachments, &[]),
            Content::Messages(messages) => (None, &[], messages),
        };
        let attachments = attachments.iter().cloned();
        in_order(text, attachments, messages.iter().cloned())
    }
}

impl Content {
    /// Converts the packet into its messages, in the order in which they are sent.
    fn into_messages(self) -> impl Iterator<Item = Message> {
        let (text, attachments, messages) = match self {
            Self::Packet(text, attachments) => (Some(text), attachments, Vec::new()),
            Self::Messages(messages) => (None, Attachments::new(), messages),
        };
        in_order(text, attachments.into_iter(), messages.into_iter())
    }
}

fn in_order(
    text: Option<Text>,
    attachments: impl Iterator<Item = Bytes>,
    messages: impl Iterator<Item = Message>,
) -> impl Iterator<Item = Message> {
    let text = text.into_iter().map(Message::Text);
    text.chain(attachments.map(Message::Binary)).chain(messages)
}
