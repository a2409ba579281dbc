//! Decodes messages into packets.

mod header;
mod payload;

use std::error::Error;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use serde::Serialize;

pub(crate) use self::header::check_id;
use self::header::{BlankId, Header, WireType};
#[cfg(feature = "msgpack")]
pub(crate) use self::payload::{check_name, convert_error};
use crate::args::{Args, write_value};
use crate::attachments::Attachments;
use crate::error::DecodeError;
use crate::limits::DecodeLimits;
use crate::packet::Packet;
use crate::spare::Spare;

/// A decoder of the messages of one connection.
///
/// A packet with attachments is a text message and one binary message per attachment, without other
/// messages in between. The decoder has no clock: the caller bounds how long it
/// [waits for attachments](Self::is_waiting).
///
/// An idle decoder has the size of two words. It allocates only while it waits for attachments.
///
/// # Examples
///
/// ```
/// use socketio_proto::{DecodeError, DecodeLimits, Decoder, PacketType};
///
/// let mut decoder = Decoder::new(DecodeLimits::default());
/// let packet = decoder.decode_text(r#"2/chat,1["hello"]"#.into())?.expect("a complete packet");
/// assert_eq!(packet.kind, PacketType::Event);
/// assert_eq!(packet.namespace, "/chat");
/// assert_eq!(packet.id, Some(1));
/// assert_eq!(packet.event_name().as_deref(), Some("hello"));
///
/// assert_eq!(decoder.decode_text(r#"2["connect"]"#.into()), Err(DecodeError::ReservedEvent));
/// # Ok::<(), DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    limits: Arc<DecodeLimits>,
    incomplete: Option<Box<IncompletePacket>>,
}

thread_local! {
    /// An allocation for the next packet with attachments. Attachments follow their packet closely,
    /// so one allocation per thread usually suffices.
    static SPARE: Spare<Option<Box<IncompletePacket>>> = const { Spare::new(None) };
}

/// A packet that waits for attachments.
#[derive(Clone, Debug, Default)]
struct IncompletePacket {
    /// The packet; `None` if it is to be ignored.
    packet: Option<Packet>,
    /// The number of announced attachments.
    count: usize,
    attachments: Attachments,
    /// The size of the received attachments in bytes.
    bytes: usize,
}

impl Decoder {
    /// Creates a decoder with these limits. The connections of a server can share one [`Arc`].
    #[must_use]
    pub fn new(limits: impl Into<Arc<DecodeLimits>>) -> Self {
        Self {
            limits: limits.into(),
            incomplete: None,
        }
    }

    /// Decodes a text message.
    ///
    /// Returns `None` if the packet waits for attachments, or if it is to be ignored: an EVENT or ACK
    /// without payload, which Node's parser accepts.
    ///
    /// Blanks around the id and the payload are read as by Node's parser, which counts those before
    /// the payload to the id: `2 ["hello"]` has the id 0. It also accepts any number that JavaScript
    /// can read. This decoder accepts only digits: `1e0` attachments and blanks between the digits of
    /// an id are errors. An id over 2⁵³ − 1, which Node's parser rounds, is an error too.
    ///
    /// # Errors
    ///
    /// If the text is not a valid packet, or exceeds the limits. The decoder is then as new, but a
    /// server closes the connection.
    pub fn decode_text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError> {
        self.decode_text_from(text, 0)
    }

    /// Decodes the text message that begins at an offset of `text`, for example after the `4` of
    /// Engine.IO.
    ///
    /// The packet keeps the whole text, which costs less than removing a prefix. Otherwise this is
    /// [`decode_text`](Self::decode_text). If `start` is not a character boundary, the message is
    /// empty.
    ///
    /// # Errors
    ///
    /// As for [`decode_text`](Self::decode_text).
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio_proto::Decoder;
    ///
    /// let mut decoder = Decoder::default();
    /// let packet = decoder.decode_text_from(r#"42["hello"]"#.into(), 1)?.expect("a complete packet");
    /// assert_eq!(packet.payload.as_json(), r#"["hello"]"#);
    /// # Ok::<(), socketio_proto::DecodeError>(())
    /// ```
    pub fn decode_text_from(
        &mut self,
        text: ByteString,
        start: usize,
    ) -> Result<Option<Packet>, DecodeError> {
        if self.incomplete.is_some() {
            self.incomplete = None;
            return Err(DecodeError::UnexpectedText);
        }
        let message = text.get(start..).unwrap_or_default();
        let Header {
            wire,
            namespace,
            id,
            payload_start,
        } = Header::read(message, &self.limits)?;
        let json = message.get(payload_start..).unwrap_or_default();
        let offsets = match payload::check(json, wire, &self.limits) {
            Ok(offsets) => offsets,
            Err(error) => {
                let blank = BlankId::read(json, id)?.ok_or(error)?;
                return self.decode_without_blank(message, payload_start, id, &blank);
            }
        };
        let payload_start = start.saturating_add(payload_start);
        let packet = offsets.map(|offsets| Packet {
            kind: wire.kind,
            namespace,
            id,
            payload: Args::new(text, payload_start, offsets),
        });
        let count = wire.attachments;
        if count == 0 {
            return Ok(packet);
        }
        let mut incomplete = Spare::take(&SPARE).unwrap_or_default();
        incomplete.packet = packet;
        incomplete.count = count;
        self.incomplete = Some(incomplete);
        Ok(None)
    }

    /// Decodes a message with a blank in front of its payload, which belongs to the id and is rare.
    #[cold]
    fn decode_without_blank(
        &mut self,
        message: &str,
        blank_start: usize,
        id: Option<u64>,
        blank: &BlankId,
    ) -> Result<Option<Packet>, DecodeError> {
        let (start, rest) = message.split_at_checked(blank_start).unwrap_or_default();
        let payload = rest.get(blank.len..).unwrap_or_default();
        let missing = if id.is_none() {
            blank.id.to_string()
        } else {
            String::new()
        };
        self.decode_text([start, &missing, payload].concat().into())
    }

    /// Decodes a binary message, which must be an attachment of the last packet.
    ///
    /// Returns `None` if the packet waits for further attachments, or if it is to be ignored.
    ///
    /// # Errors
    ///
    /// If no packet waits for an attachment, or the attachments exceed the limit. The decoder is then
    /// as new, but a server closes the connection.
    pub fn decode_binary(&mut self, bytes: Bytes) -> Result<Option<Packet>, DecodeError> {
        let mut incomplete = self
            .incomplete
            .take()
            .ok_or(DecodeError::UnexpectedBinary)?;
        let limit = self.limits.max_attachment_bytes;
        incomplete.bytes = incomplete.bytes.saturating_add(bytes.len());
        if incomplete.bytes > limit {
            return Err(DecodeError::AttachmentsTooLarge { limit });
        }
        incomplete.attachments.push(bytes);
        if incomplete.attachments.len() < incomplete.count {
            self.incomplete = Some(incomplete);
            return Ok(None);
        }
        let mut packet = incomplete.packet.take();
        let attachments = mem::take(&mut incomplete.attachments);
        incomplete.bytes = 0;
        Spare::put(&SPARE, Some(incomplete));
        if let Some(packet) = &mut packet {
            packet.payload.attach(attachments);
        }
        Ok(packet)
    }

    /// Returns whether a packet waits for attachments. A text message is an error then.
    ///
    /// The caller should bound how long this stays true.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.incomplete.is_some()
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(DecodeLimits::default())
    }
}

impl Packet {
    /// Creates a packet from its parts, for example from a message of another server. The parts are
    /// checked like a message of a client.
    ///
    /// `json` has the format of [`Args::as_json`](crate::Args::as_json).
    ///
    /// # Errors
    ///
    /// If the parts are not a valid packet, or exceed the limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio_proto::{DecodeLimits, Namespace, Packet, PacketType};
    ///
    /// let packet = Packet::from_parts(
    ///     PacketType::Event,
    ///     Namespace::MAIN,
    ///     None,
    ///     r#"["tick",1]"#.into(),
    ///     Vec::new(),
    ///     &DecodeLimits::default(),
    /// )?;
    /// assert_eq!(packet.event_name().as_deref(), Some("tick"));
    /// # Ok::<(), socketio_proto::DecodeError>(())
    /// ```
    pub fn from_parts(
        kind: crate::PacketType,
        namespace: crate::Namespace,
        id: Option<u64>,
        json: ByteString,
        attachments: Vec<Bytes>,
        limits: &DecodeLimits,
    ) -> Result<Self, DecodeError> {
        Self::checked(kind, namespace, id, json, attachments.into(), limits)
    }

    /// Creates a packet whose payload is a value, for example from the decoder of a
    /// [`Parser`](crate::Parser). The payload is checked like a message of a client.
    ///
    /// The value is the whole payload: for an event, a list or tuple whose first element is the name.
    /// `null` means no payload. Binary values ([`Value::Binary`](crate::Value::Binary), [`Bytes`])
    /// become attachments.
    ///
    /// # Errors
    ///
    /// [`EncodeError`](crate::EncodeError) if the value cannot be serialized as JSON.
    /// [`DecodeError`] if the parts are not a valid packet, or exceed the limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio_proto::{DecodeLimits, Namespace, Packet, PacketType, Value};
    ///
    /// let payload = Value::Array(vec![Value::String("tick".into()), Value::Number(1.into())]);
    /// let limits = DecodeLimits::default();
    /// let packet = Packet::from_serialize(
    ///     PacketType::Event,
    ///     Namespace::MAIN,
    ///     None,
    ///     &payload,
    ///     &limits,
    /// )?;
    /// assert_eq!(packet.payload.as_json(), r#"["tick",1]"#);
    /// assert_eq!(packet.payload.deserialize_payload::<Value>()?, payload);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn from_serialize<T>(
        kind: crate::PacketType,
        namespace: crate::Namespace,
        id: Option<u64>,
        payload: &T,
        limits: &DecodeLimits,
    ) -> Result<Self, Box<dyn Error + Send + Sync>>
    where
        T: Serialize + ?Sized,
    {
        let (mut json, attachments) = write_value(payload)?;
        if json == "null" {
            json.clear();
        }
        Ok(Self::checked(
            kind,
            namespace,
            id,
            json.into(),
            attachments,
            limits,
        )?)
    }

    fn checked(
        kind: crate::PacketType,
        namespace: crate::Namespace,
        id: Option<u64>,
        json: ByteString,
        attachments: Attachments,
        limits: &DecodeLimits,
    ) -> Result<Self, DecodeError> {
        let limit = limits.max_attachment_bytes;
        let size = attachments
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        if size > limit {
            return Err(DecodeError::AttachmentsTooLarge { limit });
        }
        let wire = WireType::new(kind, attachments.len(), limits)?;
        let namespace = header::check_namespace(namespace, limits)?;
        let id = check_id(id)?;
        let offsets = payload::check(&json, wire, limits)?.ok_or(DecodeError::InvalidPayload)?;
        let mut payload = Args::new(json, 0, offsets);
        payload.attach(attachments);
        Ok(Self {
            kind,
            namespace,
            id,
            payload,
        })
    }
}
