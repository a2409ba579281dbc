use bytes::Bytes;
use engineio::{MESSAGE_OVERHEAD, Message, SendOptions, Text};
use socketio_proto::{EncodeError, Packet};

/// A packet ready to be sent.
///
/// A broadcast makes one, which all recipients share.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    first: Message,
    rest: Rest,
    options: SendOptions,
}

/// The messages that follow the first one of a packet.
#[derive(Clone, Debug)]
enum Rest {
    Attachments(Vec<Bytes>),
    /// What a parser has made.
    Messages(Vec<Message>),
}

/// Enough for most events without growing.
const CAPACITY: usize = 128;

impl Encoded {
    /// A packet as the specification encodes it, with or without attachments.
    pub(crate) fn json(
        write: impl FnOnce(&mut String) -> Result<Vec<Bytes>, EncodeError>,
    ) -> Result<Self, EncodeError> {
        let mut attachments = Ok(Vec::new());
        let text = Text::build(CAPACITY, |out| attachments = write(out));
        Ok(Self::new(text, attachments?))
    }

    /// A packet as the specification encodes it, without attachments.
    pub(crate) fn text(write: impl FnOnce(&mut String)) -> Self {
        Self::new(Text::build(CAPACITY, write), Vec::new())
    }

    /// A packet whose payload is encoded already, as the specification encodes it.
    pub(crate) fn packet(packet: &Packet) -> Self {
        let capacity = packet.payload.as_json().len() + packet.namespace.len() + 24;
        let mut attachments: &[Bytes] = &[];
        let text = Text::build(capacity, |out| {
            attachments = socketio_proto::encode_packet(out, packet);
        });
        Self::new(text, attachments.to_vec())
    }

    /// A packet as messages, if there is one.
    pub(crate) fn from_messages(messages: impl IntoIterator<Item = Message>) -> Option<Self> {
        let mut messages = messages.into_iter();
        Some(Self {
            first: messages.next()?,
            rest: Rest::Messages(messages.collect()),
            options: SendOptions::default(),
        })
    }

    fn new(text: Text, attachments: Vec<Bytes>) -> Self {
        Self {
            first: Message::Text(text),
            rest: Rest::Attachments(attachments),
            options: SendOptions::default(),
        }
    }

    /// Says whether the transport may compress the packet.
    pub(crate) fn compress(mut self, compress: bool) -> Self {
        self.options = self.options.compress(compress);
        self
    }

    /// How many bytes it takes of what may wait for a client.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.messages()
            .map(|message| message.len().saturating_add(MESSAGE_OVERHEAD))
            .fold(0, usize::saturating_add)
    }

    pub(crate) fn options(&self) -> SendOptions {
        self.options
    }

    /// The only message, if there is but one.
    pub(crate) fn sole(&self) -> Option<&Message> {
        self.is_sole().then_some(&self.first)
    }

    /// The only message, if there is but one; otherwise the packet comes back.
    pub(crate) fn into_sole(self) -> Result<Message, Self> {
        if self.is_sole() {
            Ok(self.first)
        } else {
            Err(self)
        }
    }

    fn is_sole(&self) -> bool {
        match &self.rest {
            Rest::Attachments(attachments) => attachments.is_empty(),
            Rest::Messages(messages) => messages.is_empty(),
        }
    }

    /// The messages in the order in which they are sent.
    pub(crate) fn messages(&self) -> impl Iterator<Item = Message> {
        let (attachments, messages): (&[Bytes], &[Message]) = match &self.rest {
            Rest::Attachments(attachments) => (attachments, &[]),
            Rest::Messages(messages) => (&[], messages),
        };
        let attachments = attachments.iter().cloned().map(Message::Binary);
        std::iter::once(self.first.clone())
            .chain(attachments)
            .chain(messages.iter().cloned())
    }
}
