//! A Socket.IO server for axum and tower.

#[macro_use]
mod macros;

mod ack_error;
mod app;
mod broadcast;
mod builder;
mod client;
mod conn;
mod connect_error;
mod connection;
mod context;
mod disconnect_reason;
mod emit_error;
mod encoded;
pub mod extract;
pub mod handler;
mod handlers;
mod handshake;
mod io;
mod layer;
mod limits;
mod link;
mod local;
mod namespace;
mod namespace_core;
mod namespaces;
mod ordered;
mod pending_acks;
mod recipient;
mod rejection;
mod service;
mod socket;
mod socket_data;
mod space;
mod tasks;

#[doc(inline)]
pub use engineio::{NotFound, Origins, ResponseBody, ResponseFuture, Transport};
#[doc(inline)]
pub use socketio_adapter::{IntoRooms, Room, SocketId, TooManyRooms};
#[doc(inline)]
pub use socketio_proto::{Args, ArgsError, EncodeError, Value};

pub use self::ack_error::AckError;
pub use self::broadcast::{BroadcastAck, BroadcastAckError, BroadcastOperator};
pub use self::builder::SocketIoBuilder;
pub use self::conn::Conn;
pub use self::connect_error::{ConnectError, IntoConnectError};
pub use self::context::{ConnectContext, DisconnectContext, EventContext};
pub use self::disconnect_reason::DisconnectReason;
pub use self::emit_error::EmitError;
pub use self::handler::Reply;
pub use self::handshake::Handshake;
pub use self::io::{MissingSocketIo, SocketIo};
pub use self::layer::SocketIoLayer;
pub use self::namespace::Namespace;
pub use self::rejection::Rejection;
pub use self::service::SocketIoService;
pub use self::socket::{AckFuture, JoinError, Socket, SocketEmitter};
pub use self::socket_data::SocketData;
#[cfg(feature = "macros")]
pub use socketio_macros::debug_handler;

/// The interface that adapters implement, which carry broadcasts between servers.
pub mod adapter {
    pub use socketio_adapter::*;
}

#[doc(hidden)]
pub mod __private {
    pub use axum_core::extract::FromRequestParts;
}
