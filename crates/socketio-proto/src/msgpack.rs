//! Packets as MessagePack.

mod date;
mod decode;
mod encode;
mod input;
mod output;
mod parts;
mod token;
mod transcode;

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::DecodeError;
use crate::limits::DecodeLimits;
use crate::packet::Packet;
use crate::parser::{Message, PacketDecoder, Parser};

/// Packets as [MessagePack](https://msgpack.org), as Node's `socket.io-msgpack-parser` writes them
/// (feature `msgpack`).
///
/// Every packet is one binary message, a map of `type`, `data`, `nsp` and `id`. Binary is part of
/// it and needs no messages of its own, which is what this parser is good for; texts and numbers
/// take about the room that they take as JSON.
///
/// What comes in is read as follows; anything malformed is an error.
///
/// | MessagePack | is read as |
/// |---|---|
/// | `nil`, `NaN`, `Infinity` | `null` |
/// | `bin`; `ext` of type 0 (an `ArrayBuffer`) | an attachment: what a handler takes as [`Bytes`] |
/// | `fixext1` of type 0 (`undefined`) | `null` in a list, no member in an object |
/// | `fixext8` of type 0 (a `Date`) | the text that `JSON.stringify` makes of it |
/// | any other extension | a list of its type and an attachment, as Node's parser reads it |
/// | a key that is a whole number, a truth value or `nil` | its text |
///
/// What goes out has whole numbers in their shortest form, whether they were whole (`1`) or not
/// (`1.0`), all other numbers with 64 bits, and an attachment as `bin`.
///
/// Every limit of [`DecodeLimits`] holds as it does for JSON, and what arrives is a valid packet in
/// JSON as well. A packet without payload may have `nil` as its data, which is what languages that
/// know no `undefined` write, and CONNECT and CONNECT_ERROR packets may hold binary. The JSON of a message has at
/// most seven times its bytes.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use socketio_proto::{Args, DecodeLimits, MsgpackParser, Namespace, Packet};
///
/// let args = Args::from_serialize(Some("hi"), &Bytes::from_static(&[1]))?;
/// let packet = Packet::event(Namespace::MAIN, args);
/// let message = MsgpackParser::encode(&packet)?;
/// assert_eq!(message, b"\x83\xa4type\x02\xa4data\x92\xa2hi\xc4\x01\x01\xa3nsp\xa1/".as_slice());
/// assert_eq!(MsgpackParser::decode(&message, &DecodeLimits::default())?, packet);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MsgpackParser;

impl MsgpackParser {
    /// Encodes a packet as one message.
    ///
    /// # Errors
    ///
    /// If a text, a list or an attachment has more than 2³² − 1 bytes or elements.
    pub fn encode(packet: &Packet) -> Result<Bytes, MessageTooLarge> {
        encode::packet(packet)
    }

    /// Reads one message, which is one packet.
    ///
    /// Attachments share the memory of the message.
    ///
    /// # Errors
    ///
    /// If the message is no packet, or one beyond the limits.
    pub fn decode(message: &Bytes, limits: &DecodeLimits) -> Result<Packet, DecodeError> {
        decode::packet(message, limits)
    }
}

impl Parser for MsgpackParser {
    fn encode(&self, packet: &Packet) -> Result<Vec<Message>, Box<dyn Error + Send + Sync>> {
        Ok(vec![Message::Binary(Self::encode(packet)?)])
    }

    fn decoder(&self, limits: Arc<DecodeLimits>) -> Box<dyn PacketDecoder> {
        Box::new(MsgpackDecoder { limits })
    }
}

/// A message is a packet, so there is nothing to remember.
struct MsgpackDecoder {
    limits: Arc<DecodeLimits>,
}

impl PacketDecoder for MsgpackDecoder {
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, Box<dyn Error + Send + Sync>> {
        match message {
            Message::Text(_) => Err(DecodeError::InvalidMsgpack.into()),
            Message::Binary(bytes) => Ok(Some(MsgpackParser::decode(&bytes, &self.limits)?)),
        }
    }
}

pub use self::output::MessageTooLarge;
