//! A Socket.IO server for axum and tower.
//!
//! [Socket.IO] connects clients and a server by named events with arguments, binary data and
//! acknowledgements. It has rooms, detects lost connections, and falls back to HTTP long-polling
//! where WebSocket is blocked. This crate is the server side. It serves the existing clients in
//! browsers, Node, Python, Swift, Java and other languages.
//!
//! The server is a tower layer. Handlers are `async fn`s, and their arguments are extractors:
//! `State`, `Query`, `HeaderMap` and every other axum extractor that reads the request head work in
//! them.
//!
//! [Socket.IO]: https://socket.io
//!
//! # Examples
//!
//! ```no_run
//! use axum::Router;
//! use socketio::{Socket, SocketIoLayer, extract::Data};
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let sockets = SocketIoLayer::new();
//!     sockets.io().of("/").on("hello", async |socket: Socket, Data(name): Data<String>| {
//!         socket.emit("welcome", &name);
//!     });
//!
//!     let app = Router::new().layer(sockets);
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app).await
//! }
//! ```
//!
//! # The guide
//!
//! | chapter | content |
//! |---|---|
//! | [`getting_started`](guide::getting_started) | a complete server, with state, authentication and rooms |
//! | [`layer`](guide::layer) | where to put the layer, other layers, proxies, shutdown |
//! | [`handlers`](guide::handlers) | the kinds of handlers, and their order |
//! | [`extractors`](guide::extractors) | the arguments of handlers |
//! | [`state`](guide::state) | typed state, and data of a socket |
//! | [`messages`](guide::messages) | events, arguments, binary data, acknowledgements |
//! | [`errors`](guide::errors) | rejecting clients, error responses, rejected events |
//! | [`listeners`](guide::listeners) | event middleware, catch-all listeners, listeners of one socket |
//! | [`wrapping`](guide::wrapping) | middleware around handlers: latency, time limits, envelopes, tower layers |
//! | [`rooms`](guide::rooms) | selecting sockets and broadcasting to them |
//! | [`namespaces`](guide::namespaces) | several applications on one connection, dynamic namespaces |
//! | [`transports`](guide::transports) | polling, WebSocket, WebTransport, compression, client versions |
//! | [`engine`](guide::engine) | admitting connections, and hooks of the engine |
//! | [`observability`](guide::observability) | spans, observers and counts |
//! | [`recovery`](guide::recovery) | clients that reconnect without missing events |
//! | [`parsers`](guide::parsers) | MessagePack and custom encodings |
//! | [`cluster`](guide::cluster) | several servers |
//! | [`limits`](guide::limits) | the limits of every client, connections per address |
//! | [`delivery`](guide::delivery) | delivery guarantees, repetitions, idempotency keys |
//! | [`authentication`](guide::authentication) | users, tokens that expire, logout |
//! | [`testing`](guide::testing) | tests with the test client and with virtual time |
//! | [`troubleshooting`](guide::troubleshooting) | symptoms, causes and remedies |
//! | [`from_node`](guide::from_node) | a map for users of the Node server |
//!
//! # Features
//!
//! | feature | default | effect |
//! |---|---|---|
//! | `axum` | yes | [`Handshake::address`] reads axum's `ConnectInfo` |
//! | `brotli` | no | `ServeClient` also compresses with brotli; includes `serve-client` |
//! | `http2` | no | WebSocket over HTTP/2; use it together with axum's feature of the same name |
//! | `macros` | yes | [`#[debug_handler]`](macro@debug_handler), which explains why a function is not a handler |
//! | `msgpack` | no | `MsgpackParser` in [`parser`], for clients with `socket.io-msgpack-parser` |
//! | `regex` | no | dynamic namespaces also from a `regex::Regex` |
//! | `regex-lite` | yes | dynamic namespaces from a [`Regex`], see [`SocketIo::of`] |
//! | `serve-client` | no | `ServeClient`, which serves the official browser client |
//! | `test-util` | no | constructors for tests that call handlers and extractors directly, see [`testing`](guide::testing) |
//!
//! axum's extractors work without the feature `axum`: they only need `axum-core`.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
mod macros;

// The ladder, top to bottom; a module uses only the ones below it: server, client, namespace,
// registry, handler, extract, context, socket, broadcast, membership, socket_state, wire,
// handshake, error.
mod broadcast;
mod client;
mod context;
mod error;
pub mod extract;
pub mod handler;
mod handshake;
mod membership;
mod namespace;
mod registry;
mod server;
#[cfg(test)]
mod size_budgets;
mod socket;
mod socket_state;
mod wire;

#[doc(inline)]
pub use engineio::{
    CookieSameSite, HttpCompression, InvalidOrigin, NotFound, Origins, PerMessageDeflate,
    ResponseBody, ResponseFuture, SessionCookie, Transport,
};
#[doc(inline)]
pub use socketio_adapter::{IntoRooms, Room, RoomEvent, SocketId, TooManyRooms};
#[doc(inline)]
pub use socketio_proto::{Args, ArgsError, EncodeError, Value};

pub use self::broadcast::{
    BroadcastAck, BroadcastAckBySocket, BroadcastAckError, BroadcastOperator, FetchError,
    RemoteAck, RemoteEmitter, RemoteHandshake, RemoteSocket, SocketAck,
};
pub use self::client::conn::Conn;
pub use self::client::handle::Client;
pub use self::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, Outcome, ServerEventContext,
};
pub use self::error::client_error::ClientError;
pub use self::error::connect_error::{ConnectError, IntoConnectError};
pub use self::error::emit_error::EmitError;
pub use self::error::refusal::{IntoRefusal, Refusal};
pub use self::error::rejection::Rejection;
pub use self::handler::{Next, Reply, TraceEvents};
pub use self::handshake::Handshake;
pub use self::membership::connection_state_recovery::ConnectionStateRecovery;
pub use self::namespace::Namespace;
pub use self::namespace::into_namespace::{IntoNamespace, NamespaceSelector};
pub use self::server::builder::SocketIoBuilder;
pub use self::server::engine;
pub use self::server::engine::Engine;
pub use self::server::io::{Closed, Drained, MissingSocketIo, SocketIo, WeakSocketIo};
pub use self::server::layer::SocketIoLayer;
#[cfg(feature = "serve-client")]
#[cfg_attr(docsrs, doc(cfg(feature = "serve-client")))]
pub use self::server::serve_client::ServeClient;
pub use self::server::service::SocketIoService;
pub use self::socket::server_side::{ServerSideAck, ServerSideEmitError};
pub use self::socket::{AckFuture, JoinError, Socket, SocketEmitter};
pub use self::socket_state::ack_error::AckError;
pub use self::socket_state::data_map::DataMap;
pub use self::socket_state::listeners::ListenerId;
pub use self::socket_state::observers::{AckOutcome, NamespaceEvent, RecoveryResult};
pub use self::wire::disconnect_reason::DisconnectReason;
#[cfg(feature = "regex-lite")]
#[doc(no_inline)]
pub use regex_lite::Regex;
#[cfg(feature = "macros")]
pub use socketio_macros::debug_handler;

/// Encodings of packets other than JSON (Node's option `parser`).
///
/// [`SocketIoBuilder::parser`] takes a [`Parser`](parser::Parser). The guide describes them in
/// [`parsers`](crate::guide::parsers).
pub mod parser {
    #[doc(inline)]
    pub use socketio_proto::{
        DecodeError, DecodeLimits, JsonParser, Message, Namespace, Packet, PacketDecoder,
        PacketType, Parser,
    };
    #[cfg(feature = "msgpack")]
    #[doc(inline)]
    pub use socketio_proto::{MessageTooLarge, MsgpackParser};
}

/// The interface that adapters implement, which carry broadcasts between servers.
pub mod adapter {
    pub use socketio_adapter::*;
}

/// The guide, one chapter per topic. The module exists in the documentation only.
#[cfg(any(doc, doctest))]
pub mod guide {
    #[doc = include_str!("docs/getting_started.md")]
    pub mod getting_started {}
    #[doc = include_str!("docs/handlers.md")]
    pub mod handlers {}
    #[doc = include_str!("docs/listeners.md")]
    pub mod listeners {}
    #[doc = include_str!("docs/wrapping.md")]
    pub mod wrapping {}
    #[doc = include_str!("docs/extractors.md")]
    pub mod extractors {}
    #[doc = include_str!("docs/state.md")]
    pub mod state {}
    #[doc = include_str!("docs/messages.md")]
    pub mod messages {}
    #[doc = include_str!("docs/errors.md")]
    pub mod errors {}
    #[doc = include_str!("docs/namespaces.md")]
    pub mod namespaces {}
    #[doc = include_str!("docs/rooms.md")]
    pub mod rooms {}
    #[doc = include_str!("docs/recovery.md")]
    pub mod recovery {}
    #[doc = include_str!("docs/cluster.md")]
    pub mod cluster {}
    #[doc = include_str!("docs/parsers.md")]
    pub mod parsers {}
    #[doc = include_str!("docs/transports.md")]
    pub mod transports {}
    #[doc = include_str!("docs/engine.md")]
    pub mod engine {}
    #[doc = include_str!("docs/observability.md")]
    pub mod observability {}
    #[doc = include_str!("docs/layer.md")]
    pub mod layer {}
    #[doc = include_str!("docs/delivery.md")]
    pub mod delivery {}
    #[doc = include_str!("docs/authentication.md")]
    pub mod authentication {}
    #[doc = include_str!("docs/limits.md")]
    pub mod limits {}
    #[doc = include_str!("docs/testing.md")]
    pub mod testing {}
    #[doc = include_str!("docs/troubleshooting.md")]
    pub mod troubleshooting {}
    #[doc = include_str!("docs/from_node.md")]
    pub mod from_node {}
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[doc(hidden)]
pub mod __private {
    pub use axum_core::extract::FromRequestParts;

    pub use crate::handler::IsNext;
}
