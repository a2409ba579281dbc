//! Other encodings of packets (Node's option `parser`).
//!
//! [`SocketIoBuilder::parser`](crate::SocketIoBuilder::parser) takes a [`Parser`]; the chapter
//! [`parsers`](crate::guide::parsers) of the guide tells more.

#[doc(inline)]
pub use socketio_proto::{
    DecodeError, DecodeLimits, JsonParser, Message, Namespace, Packet, PacketDecoder, PacketType,
    Parser,
};
#[cfg(feature = "msgpack")]
#[doc(inline)]
pub use socketio_proto::{MessageTooLarge, MsgpackParser};
