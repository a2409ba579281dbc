//! The Socket.IO protocol without IO: packets, codecs and arguments.
//!
//! This crate decodes the messages of a connection into [`Packet`]s and encodes packets as messages. It
//! does no IO, reads no clock and does not depend on Engine.IO: a message is a string or bytes, from
//! any source. It implements revision 5 of the protocol in its default (JSON) encoding. The module
//! [`revision_4`] converts the packets of older clients.
//!
//! ```text
//! <type>[<attachments>-][<namespace>,][<acknowledgement id>][JSON]
//!
//! 40{"token":"x"}                                        (Engine.IO's "4" in front)
//!  2/chat,17["message","hello"]
//!  51-["photo",{"_placeholder":true,"num":0}]            followed by one binary message
//! ```
//!
//! - [`Decoder`] decodes messages, one decoder per connection, within [`DecodeLimits`].
//! - [`Packet`] keeps its payload encoded. [`Args`] deserializes directly into the types of a handler,
//!   including [`Bytes`](bytes::Bytes) at any depth.
//! - [`encode_event`] and the other `encode_` functions append a message to a `String`.
//! - [`Parser`] is the trait of other encodings, such as MessagePack (feature `msgpack`).
//!
//! # Examples
//!
//! ```
//! use bytes::Bytes;
//! use socketio_proto::{Decoder, DecodeLimits, encode_event};
//!
//! let mut text = String::new();
//! let attachments = encode_event(&mut text, "/", None, "photo", &("cat", Bytes::from("meow")))?;
//! assert_eq!(text, r#"51-["photo","cat",{"_placeholder":true,"num":0}]"#);
//!
//! let mut decoder = Decoder::new(DecodeLimits::default());
//! assert!(decoder.decode_text(text.into())?.is_none(), "an attachment is missing");
//! let mut packet = None;
//! for attachment in attachments {
//!     packet = decoder.decode_binary(attachment)?;
//! }
//!
//! let packet = packet.expect("the packet is complete");
//! assert_eq!(packet.event_name().as_deref(), Some("photo"));
//! let (title, picture): (String, Bytes) = packet.payload.deserialize()?;
//! assert_eq!((title.as_str(), picture), ("cat", Bytes::from("meow")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod args;
mod attachments;
mod decode;
mod encode;
mod error;
mod event;
mod excerpt;
mod json;
mod limits;
#[cfg(feature = "msgpack")]
mod msgpack;
mod namespace;
mod packet;
mod parser;
mod spare;
mod value;

#[cfg(feature = "msgpack")]
#[cfg_attr(docsrs, doc(cfg(feature = "msgpack")))]
pub mod envelope;
pub mod revision_4;

pub use crate::args::{Args, ArgsIter};
pub use crate::attachments::Attachments;
pub use crate::decode::Decoder;
pub use crate::encode::{
    encode_ack, encode_connect, encode_connect_error, encode_disconnect, encode_event,
    encode_packet,
};
pub use crate::error::{ArgsError, DecodeError, EncodeError};
pub use crate::event::is_reserved;
pub use crate::limits::DecodeLimits;
#[cfg(feature = "msgpack")]
#[cfg_attr(docsrs, doc(cfg(feature = "msgpack")))]
pub use crate::msgpack::{MessageTooLarge, MsgpackParser};
pub use crate::namespace::{InvalidNamespace, Namespace};
pub use crate::packet::{Packet, PacketType};
pub use crate::parser::{JsonParser, Message, PacketDecoder, Parser};
pub use crate::value::Value;
