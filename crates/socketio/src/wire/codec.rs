//! The packet encoding of a server.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use engineio::{Message, Text};
use serde::Serialize;
use serde_json::value::RawValue;
use socketio_proto::{
    Args, DecodeLimits, Decoder, EncodeError, Namespace, Packet, PacketDecoder, Parser,
};

use crate::wire::encoded_packet::EncodedPacket;
use crate::wire::unicast_packet::UnicastPacket;

/// The packet encoding of a server: the default one or a custom parser.
///
/// The default encoding writes text directly, without a [`Packet`] value.
#[derive(Clone, Default)]
pub(crate) struct Codec {
    parser: Option<Arc<dyn Parser>>,
}

impl Codec {
    pub(crate) fn new(parser: impl Parser) -> Self {
        Self {
            parser: Some(Arc::new(parser)),
        }
    }

    #[inline]
    pub(crate) fn event<T: Serialize + ?Sized>(
        &self,
        namespace: &Namespace,
        id: Option<u64>,
        event: &str,
        args: &T,
    ) -> Result<UnicastPacket, EncodeError> {
        let Some(parser) = &self.parser else {
            return UnicastPacket::json(|out| {
                socketio_proto::encode_event(out, namespace, id, event, args)
            });
        };
        let packet = Packet::event(namespace.clone(), Args::from_serialize(Some(event), args)?);
        parse(&**parser, &packet.with_id(id)).map(UnicastPacket::from)
    }

    #[inline]
    pub(crate) fn ack<T: Serialize + ?Sized>(
        &self,
        namespace: &Namespace,
        id: u64,
        args: &T,
    ) -> Result<UnicastPacket, EncodeError> {
        let Some(parser) = &self.parser else {
            return UnicastPacket::json(|out| socketio_proto::encode_ack(out, namespace, id, args));
        };
        let packet = Packet::ack(namespace.clone(), id, Args::from_serialize(None, args)?);
        parse(&**parser, &packet).map(UnicastPacket::from)
    }

    /// Encodes a packet for one client.
    pub(crate) fn unicast(&self, packet: &Packet) -> Result<UnicastPacket, EncodeError> {
        match &self.parser {
            None => UnicastPacket::json(|out| {
                let attachments = socketio_proto::encode_packet(out, packet);
                Ok(attachments.iter().cloned().collect())
            }),
            Some(parser) => parse(&**parser, packet).map(UnicastPacket::from),
        }
    }

    pub(crate) fn packet(&self, packet: &Packet) -> Result<EncodedPacket, EncodeError> {
        match &self.parser {
            None => Ok(EncodedPacket::packet(packet)),
            Some(parser) => parse(&**parser, packet),
        }
    }

    pub(crate) fn connect(
        &self,
        namespace: &Namespace,
        sid: &str,
        pid: Option<&str>,
    ) -> Result<EncodedPacket, EncodeError> {
        let Some(parser) = &self.parser else {
            return Ok(EncodedPacket::text(|out| {
                socketio_proto::encode_connect(out, namespace, sid, pid);
            }));
        };
        parse(&**parser, &Packet::connect(namespace.clone(), sid, pid))
    }

    pub(crate) fn connect_error(
        &self,
        namespace: &Namespace,
        message: &str,
        data: Option<&RawValue>,
    ) -> Result<EncodedPacket, EncodeError> {
        let Some(parser) = &self.parser else {
            return Ok(EncodedPacket::text(|out| {
                socketio_proto::encode_connect_error(out, namespace, message, data);
            }));
        };
        let packet = Packet::connect_error(namespace.clone(), message, data);
        parse(&**parser, &packet)
    }

    pub(crate) fn disconnect(&self, namespace: &Namespace) -> Result<EncodedPacket, EncodeError> {
        let Some(parser) = &self.parser else {
            return Ok(EncodedPacket::text(|out| {
                socketio_proto::encode_disconnect(out, namespace);
            }));
        };
        parse(&**parser, &Packet::disconnect(namespace.clone()))
    }

    /// Creates a decoder for the messages of one connection.
    pub(crate) fn decoder(&self, limits: Arc<DecodeLimits>) -> MessageDecoder {
        match &self.parser {
            None => MessageDecoder::Json(Decoder::new(limits)),
            Some(parser) => MessageDecoder::Parser(Box::new(parser.decoder(limits))),
        }
    }
}

fn parse(parser: &dyn Parser, packet: &Packet) -> Result<EncodedPacket, EncodeError> {
    let messages = parser.encode(packet).map_err(EncodeError::from_parser)?;
    let messages = messages.into_iter().map(|message| match message {
        socketio_proto::Message::Text(text) => Message::Text(Text::new(&text)),
        socketio_proto::Message::Binary(bytes) => Message::Binary(bytes),
    });
    EncodedPacket::from_messages(messages)
        .ok_or_else(|| EncodeError::from_parser("the parser returned no message".into()))
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.parser.is_some() {
            "parser"
        } else {
            "JSON"
        };
        f.debug_tuple("Codec").field(&name).finish()
    }
}

/// A decoder for the messages of one connection.
pub(crate) enum MessageDecoder {
    Json(Decoder),
    /// Boxed twice to make each connection one word smaller: few servers have a parser.
    Parser(Box<Box<dyn PacketDecoder>>),
}

impl MessageDecoder {
    #[inline]
    pub(crate) fn decode(
        &mut self,
        message: Message,
    ) -> Result<Option<Packet>, Box<dyn Error + Send + Sync>> {
        match (self, message) {
            (Self::Json(decoder), Message::Text(text)) => {
                // Cutting the packet type off would need an allocation.
                let start = text.as_wire().len().saturating_sub(text.len());
                Ok(decoder.decode_text_from(text.into_wire(), start)?)
            }
            (Self::Json(decoder), Message::Binary(bytes)) => Ok(decoder.decode_binary(bytes)?),
            (Self::Parser(decoder), Message::Text(text)) => {
                decoder.decode(socketio_proto::Message::Text(text.into_payload()))
            }
            (Self::Parser(decoder), Message::Binary(bytes)) => {
                decoder.decode(socketio_proto::Message::Binary(bytes))
            }
        }
    }

    /// Returns whether a packet is incomplete and waits for further messages.
    pub(crate) fn is_waiting(&self) -> bool {
        match self {
            Self::Json(decoder) => decoder.is_waiting(),
            Self::Parser(decoder) => decoder.is_waiting(),
        }
    }
}
