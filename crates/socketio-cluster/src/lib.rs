//! The protocols between the Socket.IO servers of a cluster.
//!
//! A cluster is several servers that broadcast to each other's sockets over a bus, such as Redis. The
//! messages and their formats are those of Node's adapters, so Rust and Node servers share one
//! cluster. Use this crate to write an adapter. To connect servers over Redis, use the crate
//! `socketio-redis`.
//!
//! - A [`Message`] is what one server sends to the others.
//! - A [`Format`] encodes and decodes messages and names their channels: [`ClassicFormat`] and
//!   [`ShardedFormat`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod format;
mod message;

pub use self::format::{
    ClassicFormat, DecodeError, Destination, EncodeError, Format, FormatLimits, Incoming, Outgoing,
    ShardedFormat, SubscriptionMode,
};
pub use self::message::{Body, Message, RequestId, ServerId};
#[doc(no_inline)]
pub use socketio_adapter::{BroadcastOptions, RemoteSocketInfo, Room, RoomList, SocketId, Target};
#[doc(no_inline)]
pub use socketio_proto::{Args, Namespace};
