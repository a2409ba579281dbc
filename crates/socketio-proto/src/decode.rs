//! From messages to packets.

mod header;
mod payload;

use std::cell::Cell;
use std::error::Error;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use serde::Serialize;

pub(crate) use self::header::check_id;
use self::header::{Header, WireType};
#[cfg(feature = "msgpack")]
pub(crate) use self::payload::check_name;
use crate::args::{Args, write_value};
use crate::attachments::Attachments;
use crate::error::DecodeError;
use crate::limits::DecodeLimits;
use crate::packet::Packet;

/// Reads the messages of one connection.
///
/// A packet with attachments is a text and as many binary messages, between which nothing else may
/// come. Nothing here knows time: whoever drives the decoder bounds how long
/// [attachments may be awaited](Self::is_waiting).
///
/// An idle decoder is two words; it allocates only while attachments are awaited.
///
/// # Examples
///
/// ```
/// use socketio_proto::{DecodeError, DecodeLimits, Decoder, PacketType};
///
/// let mut decoder = Decoder::new(DecodeLimits::default());
/// let packet = decoder.decode_text(r#"2/chat,1["hello"]"#.into())?.expect("it is whole");
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
    awaited: Option<Box<Awaited>>,
}

thread_local! {
    /// What attachments were awaited in last, empty: they come right behind their packet, so that the
    /// next packet finds it here, and a connection holds none for long.
    static SPARE: Cell<Option<Box<Awaited>>> = const { Cell::new(None) };
}

/// A packet some of whose attachments have not come yet.
#[derive(Clone, Debug, Default)]
struct Awaited {
    /// `None` if the packet is one to ignore.
    packet: Option<Packet>,
    /// Attachments that were announced.
    count: usize,
    attachments: Attachments,
    /// Bytes of the attachments that have come.
    bytes: usize,
}

impl Decoder {
    /// A decoder with these limits. Those of all connections of a server can be one [`Arc`].
    #[must_use]
    pub fn new(limits: impl Into<Arc<DecodeLimits>>) -> Self {
        Self {
            limits: limits.into(),
            awaited: None,
        }
    }

    /// Reads a text.
    ///
    /// `None` if attachments are awaited, or if the packet is one to ignore: an EVENT or ACK
    /// without payload, which Node's parser lets pass and nothing can be done with.
    ///
    /// Where Node's parser takes whatever JavaScript can read as a number, only digits count here:
    /// `1e0` attachments and an id of blanks are errors, and so are ids over 2⁵³ − 1, which Node's
    /// parser rounds.
    ///
    /// # Errors
    ///
    /// If the text is no packet, or one beyond the limits. The decoder can be used on after it, as
    /// if new; a server closes the connection.
    pub fn decode_text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError> {
        self.decode_text_from(text, 0)
    }

    /// Reads the text that begins at an offset of another one, for instance behind the `4` of
    /// Engine.IO: the packet keeps the whole text, which costs less than to cut something off it.
    ///
    /// Otherwise as [`decode_text`](Self::decode_text). Where `start` is no offset of a character,
    /// the text is empty.
    ///
    /// # Errors
    ///
    /// If the text is no packet, or one beyond the limits, as of
    /// [`decode_text`](Self::decode_text).
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio_proto::Decoder;
    ///
    /// let mut decoder = Decoder::default();
    /// let packet = decoder.decode_text_from(r#"42["hello"]"#.into(), 1)?.expect("it is whole");
    /// assert_eq!(packet.payload.as_json(), r#"["hello"]"#);
    /// # Ok::<(), socketio_proto::DecodeError>(())
    /// ```
    pub fn decode_text_from(
        &mut self,
        text: ByteString,
        start: usize,
    ) -> Result<Option<Packet>, DecodeError> {
        if self.awaited.is_some() {
            self.awaited = None;
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
        let offsets = payload::check(json, wire, &self.limits)?;
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
        // There is none while the thread ends.
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let mut awaited = spare.unwrap_or_default();
        awaited.packet = packet;
        awaited.count = count;
        self.awaited = Some(awaited);
        Ok(None)
    }

    /// Reads a binary message, which must be an attachment of the packet that came last.
    ///
    /// `None` if further attachments are awaited, or if the packet is one to ignore.
    ///
    /// # Errors
    ///
    /// If no attachment is awaited, or the attachments are larger than they may be. The decoder
    /// can be used on after it, as if new; a server closes the connection.
    pub fn decode_binary(&mut self, bytes: Bytes) -> Result<Option<Packet>, DecodeError> {
        let mut awaited = self.awaited.take().ok_or(DecodeError::UnexpectedBinary)?;
        let limit = self.limits.max_attachment_bytes;
        awaited.bytes = awaited.bytes.saturating_add(bytes.len());
        if awaited.bytes > limit {
            return Err(DecodeError::AttachmentsTooLarge { limit });
        }
        awaited.attachments.push(bytes);
        if awaited.attachments.len() < awaited.count {
            self.awaited = Some(awaited);
            return Ok(None);
        }
        let mut packet = awaited.packet.take();
        let attachments = mem::take(&mut awaited.attachments);
        awaited.bytes = 0;
        // Without effect while the thread ends.
        let _ = SPARE.try_with(|spare| spare.set(Some(awaited)));
        if let Some(packet) = &mut packet {
            packet.payload.attach(attachments);
        }
        Ok(packet)
    }

    /// Whether attachments are awaited, and a text would be an error.
    ///
    /// The driver should bound how long this stays true.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.awaited.is_some()
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(DecodeLimits::default())
    }
}

impl Packet {
    /// A packet from its parts, for instance those that another node has sent. They are checked as
    /// if they had come over the wire.
    ///
    /// `json` is what [`Args::as_json`](crate::Args::as_json) returns.
    ///
    /// # Errors
    ///
    /// If the parts make no packet, or one beyond the limits.
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

    /// A packet whose payload is a value, for instance what the decoder of a
    /// [`Parser`](crate::Parser) has read. It is checked as if it had come over the wire.
    ///
    /// The value is the payload as a whole, for an event a list or tuple whose first element is the
    /// name. `null` stands for no payload. Binary in it ([`Value::Binary`](crate::Value::Binary),
    /// [`Bytes`]) becomes attachments.
    ///
    /// # Errors
    ///
    /// If the value has no JSON form ([`EncodeError`](crate::EncodeError)), or if the parts make no
    /// packet, or one beyond the limits ([`DecodeError`]).
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
