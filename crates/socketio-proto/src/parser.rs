//! The traits of packet encodings, and the default encoding.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::decode::Decoder;
use crate::encode::encode_packet;
use crate::limits::DecodeLimits;
use crate::packet::Packet;

/// A message of a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
}

/// An encoding of packets as messages (Node's option `parser`).
///
/// Both sides of a connection must use the same encoding. The default of clients and servers is the
/// encoding of the protocol's specification, [`JsonParser`]. A server without a custom parser calls it
/// directly and not through this trait.
///
/// [`Packet`] stores its payload as JSON and attachments.
///
/// - To encode, read the payload with [`Args::as_json`](crate::Args::as_json) and
///   [`Args::attachments`](crate::Args::attachments), or as a value of any type with
///   [`Args::deserialize_payload`](crate::Args::deserialize_payload).
/// - To decode, create a packet from JSON and attachments with [`Packet::from_parts`], or from a value
///   with [`Packet::from_serialize`]. Both check the limits.
///
/// # Examples
///
/// Every packet as one JSON object, without binary (the first example in Socket.IO's documentation of
/// custom parsers):
///
/// ```
/// use std::error::Error;
/// use std::sync::Arc;
///
/// use serde::{Deserialize, Serialize};
/// use serde_json::Value;
/// use socketio_proto::{
///     DecodeLimits, Message, Namespace, Packet, PacketDecoder, PacketType, Parser,
/// };
///
/// #[derive(Deserialize, Serialize)]
/// struct Whole {
///     #[serde(rename = "type")]
///     kind: u8,
///     #[serde(skip_serializing_if = "Value::is_null", default)]
///     data: Value,
///     nsp: String,
///     #[serde(skip_serializing_if = "Option::is_none", default)]
///     id: Option<u64>,
/// }
///
/// struct WholeJson;
///
/// impl Parser for WholeJson {
///     fn encode(&self, packet: &Packet) -> Result<Vec<Message>, Box<dyn Error + Send + Sync>> {
///         let whole = Whole {
///             kind: packet.kind.number(),
///             data: packet.payload.deserialize_payload::<Option<Value>>()?.unwrap_or_default(),
///             nsp: packet.namespace.to_string(),
///             id: packet.id,
///         };
///         Ok(vec![Message::Text(serde_json::to_string(&whole)?.into())])
///     }
///
///     fn decoder(&self, limits: Arc<DecodeLimits>) -> Box<dyn PacketDecoder> {
///         Box::new(WholeJsonDecoder { limits })
///     }
/// }
///
/// struct WholeJsonDecoder {
///     limits: Arc<DecodeLimits>,
/// }
///
/// impl PacketDecoder for WholeJsonDecoder {
///     fn decode(
///         &mut self,
///         message: Message,
///     ) -> Result<Option<Packet>, Box<dyn Error + Send + Sync>> {
///         let Message::Text(text) = message else {
///             return Err("this parser does not support binary".into());
///         };
///         let whole: Whole = serde_json::from_str(&text)?;
///         let kind = PacketType::from_number(whole.kind).ok_or("unknown packet type")?;
///         let namespace = Namespace::new(whole.nsp)?;
///         let packet =
///             Packet::from_serialize(kind, namespace, whole.id, &whole.data, &self.limits)?;
///         Ok(Some(packet))
///     }
/// }
///
/// let packet = Packet::from_serialize(
///     PacketType::Event,
///     Namespace::new("/chat")?,
///     Some(7),
///     &("message", "hi"),
///     &DecodeLimits::default(),
/// )?;
/// let messages = WholeJson.encode(&packet)?;
/// let text = r#"{"type":2,"data":["message","hi"],"nsp":"/chat","id":7}"#;
/// assert_eq!(messages, [Message::Text(text.into())]);
///
/// let mut decoder = WholeJson.decoder(Arc::default());
/// assert_eq!(decoder.decode(Message::Text(text.into()))?, Some(packet));
/// # Ok::<(), Box<dyn Error + Send + Sync>>(())
/// ```
pub trait Parser: Send + Sync + 'static {
    /// Encodes a packet as messages, in the order in which they must be sent.
    ///
    /// A broadcast is encoded once, and all recipients get the same messages. The caller may hold
    /// locks, so this must not use the server.
    ///
    /// # Errors
    ///
    /// If the packet cannot be encoded. It is not sent then.
    fn encode(&self, packet: &Packet) -> Result<Vec<Message>, Box<dyn Error + Send + Sync>>;

    /// Creates a decoder for one connection with the limits of its peer.
    fn decoder(&self, limits: Arc<DecodeLimits>) -> Box<dyn PacketDecoder>;
}

/// The decoder of one connection, created by a [`Parser`].
///
/// It decodes untrusted input. It must not panic, recurse as deep as its input is nested, or allocate
/// by an announced length.
pub trait PacketDecoder: Send + 'static {
    /// Decodes the next message. Returns `None` if the packet needs further messages or is to be
    /// ignored.
    ///
    /// # Errors
    ///
    /// If the message is invalid. The server closes the connection.
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, Box<dyn Error + Send + Sync>>;

    /// Returns whether the current packet needs further messages. False by default.
    ///
    /// A server bounds how long this stays true.
    fn is_waiting(&self) -> bool {
        false
    }
}

/// The encoding of the protocol's specification: JSON, with attachments as binary messages.
///
/// It is the default. Use this type in parsers that wrap the default encoding.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonParser;

impl Parser for JsonParser {
    fn encode(&self, packet: &Packet) -> Result<Vec<Message>, Box<dyn Error + Send + Sync>> {
        let mut text = String::new();
        let attachments = encode_packet(&mut text, packet).iter().cloned();
        let text = Message::Text(text.into());
        Ok(std::iter::once(text)
            .chain(attachments.map(Message::Binary))
            .collect())
    }

    fn decoder(&self, limits: Arc<DecodeLimits>) -> Box<dyn PacketDecoder> {
        Box::new(Decoder::new(limits))
    }
}

impl PacketDecoder for Decoder {
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, Box<dyn Error + Send + Sync>> {
        Ok(match message {
            Message::Text(text) => self.decode_text(text)?,
            Message::Binary(bytes) => self.decode_binary(bytes)?,
        })
    }

    fn is_waiting(&self) -> bool {
        self.is_waiting()
    }
}

impl fmt::Debug for dyn Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parser")
    }
}

impl fmt::Debug for dyn PacketDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PacketDecoder")
    }
}
