//! The MessagePack encoding of packets.
//!
//! `decode` and `encode` convert packets, the module `envelope` other messages. `transcode` converts MessagePack to JSON with attachments,
//! and `parts` iterates over JSON for the opposite direction.

mod date;
mod decode;
mod encode;
mod input;
mod output;
mod parts;
mod skip;
mod token;
mod transcode;

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::DecodeError;
use crate::limits::DecodeLimits;
use crate::packet::Packet;
use crate::parser::{Message, PacketDecoder, Parser};

/// The encoding of packets as [MessagePack](https://msgpack.org), in the format of Node's
/// `socket.io-msgpack-parser` (feature `msgpack`).
///
/// Every packet is one binary message, a map of `type`, `data`, `nsp` and `id`. Binary values are part
/// of that message instead of separate messages. Strings and numbers take about the same space as in
/// JSON.
///
/// Decoding reads these values as follows. Malformed input is an error.
///
/// | MessagePack | read as |
/// |---|---|
/// | `nil`, `NaN`, `Infinity` | `null` |
/// | `bin`; `ext` of type 0 (an `ArrayBuffer`) | an attachment, [`Bytes`] in a handler |
/// | `fixext1` of type 0 (`undefined`) | `null` in a list, no member in an object |
/// | `fixext8` of type 0, timestamp of type -1 (a `Date`) | the string that `JSON.stringify` returns for it |
/// | any other extension | a list of its type and an attachment, as in Node's parser |
/// | a key that is an integer, a boolean or `nil` | its text |
///
/// Encoding writes integral numbers (`1` and `1.0`) as integers in their shortest form, all other
/// numbers with 64 bits, and an attachment as `bin`.
///
/// Every limit of [`DecodeLimits`] applies as for JSON, and a decoded packet can also be encoded as
/// JSON. Two forms are accepted in addition: `nil` as the data of a packet without payload, from
/// languages without `undefined`, and binary in CONNECT and CONNECT_ERROR packets. The JSON of a
/// message has at most seven times its size.
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
    /// If a string, a list or an attachment has more than 2³² − 1 bytes or elements.
    pub fn encode(packet: &Packet) -> Result<Bytes, MessageTooLarge> {
        encode::packet(packet)
    }

    /// Decodes a packet from one message.
    ///
    /// Attachments share the buffer of the message.
    ///
    /// # Errors
    ///
    /// If the message is not a valid packet, or exceeds the limits.
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

/// The decoder. It has no state, because every message is a whole packet.
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

pub(crate) use self::encode::data as write_data;
pub(crate) use self::input::Input;
pub use self::output::MessageTooLarge;
pub(crate) use self::output::MsgpackOutput;
pub(crate) use self::skip::skip;
pub(crate) use self::token::Token;
pub(crate) use self::transcode::{Root, argument, value};
