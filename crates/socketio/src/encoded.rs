use bytes::Bytes;
use engineio::{Message, SendOptions, Text};
use serde::Serialize;
use socketio_proto::{EncodeError, Packet};

/// A packet ready to be sent: its text, and the attachments that follow.
///
/// A broadcast makes one, which all recipients share.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    pub(crate) text: Text,
    pub(crate) attachments: Vec<Bytes>,
    pub(crate) options: SendOptions,
}

/// Enough for most events without growing.
const CAPACITY: usize = 128;

impl Encoded {
    pub(crate) fn event<T: Serialize + ?Sized>(
        namespace: &str,
        id: Option<u64>,
        event: &str,
        args: &T,
    ) -> Result<Self, EncodeError> {
        Self::build(CAPACITY, |out| {
            socketio_proto::encode_event(out, namespace, id, event, args)
        })
    }

    pub(crate) fn ack<T: Serialize + ?Sized>(
        namespace: &str,
        id: u64,
        args: &T,
    ) -> Result<Self, EncodeError> {
        Self::build(CAPACITY, |out| {
            socketio_proto::encode_ack(out, namespace, id, args)
        })
    }

    pub(crate) fn packet(packet: &Packet) -> Self {
        let capacity = packet.payload.as_json().len() + packet.namespace.len() + 24;
        let mut attachments: &[Bytes] = &[];
        let text = Text::build(capacity, |out| {
            attachments = socketio_proto::encode_packet(out, packet);
        });
        Self {
            text,
            attachments: attachments.to_vec(),
            options: SendOptions::default(),
        }
    }

    pub(crate) fn text(write: impl FnOnce(&mut String)) -> Self {
        Self {
            text: Text::build(CAPACITY, write),
            attachments: Vec::new(),
            options: SendOptions::default(),
        }
    }

    fn build(
        capacity: usize,
        write: impl FnOnce(&mut String) -> Result<Vec<Bytes>, EncodeError>,
    ) -> Result<Self, EncodeError> {
        let mut attachments = Ok(Vec::new());
        let text = Text::build(capacity, |out| attachments = write(out));
        Ok(Self {
            text,
            attachments: attachments?,
            options: SendOptions::default(),
        })
    }

    /// Says whether the transport may compress the packet.
    pub(crate) fn compress(mut self, compress: bool) -> Self {
        self.options = self.options.compress(compress);
        self
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = Message> {
        let text = Message::Text(self.text.clone());
        let attachments = self.attachments.iter().cloned().map(Message::Binary);
        std::iter::once(text).chain(attachments)
    }
}
