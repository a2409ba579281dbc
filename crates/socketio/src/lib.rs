//! A Socket.IO server for axum and tower.
//!
//! [Socket.IO] lets a server and its clients send each other events: named messages with arguments,
//! binary among them, and answers if wanted. It knows rooms, notices when the other side is gone, and
//! works where WebSocket does not. This crate is the server, for the clients that exist: in browsers,
//! in Node, Python, Swift, Java and others.
//!
//! It is a tower layer. Whoever knows axum knows the rest: handlers are `async fn`s, their arguments
//! are extractors, and `State`, `Query`, `HeaderMap` and every other extractor that reads the head of
//! a request work in them as they are.
//!
//! [Socket.IO]: https://socket.io
//!
//! # The smallest server
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
//! # A real one
//!
//! Typed state, a middleware that lets clients in, rooms, acknowledgements, and an HTTP handler that
//! reaches the sockets.
//!
//! ```no_run
//! use std::collections::HashMap;
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use axum::extract::{FromRef, State};
//! use axum::{Json, Router, routing::post};
//! use serde::Deserialize;
//! use socketio::extract::{Auth, Data, SocketData};
//! use socketio::{ConnectError, DisconnectReason, Reply, Socket, SocketIo, SocketIoLayer};
//!
//! /// What the handlers share. Each takes the part that it needs, as in axum.
//! #[derive(Clone, FromRef)]
//! struct AppState {
//!     users: Users,
//!     counter: Counter,
//! }
//!
//! /// The users, by their tokens. It stands for a table of a database.
//! #[derive(Clone)]
//! struct Users(Arc<HashMap<&'static str, User>>);
//!
//! #[derive(Clone, Default)]
//! struct Counter(Arc<AtomicU64>);
//!
//! #[derive(Clone)]
//! struct User {
//!     name: &'static str,
//! }
//!
//! #[derive(Deserialize)]
//! struct Login {
//!     token: String,
//! }
//!
//! /// Lets those in who have a token. The others get a `connect_error`.
//! async fn authenticate(
//!     socket: Socket,
//!     Auth(login): Auth<Login>,
//!     State(users): State<Users>,
//! ) -> Result<(), ConnectError> {
//!     let user = users.0.get(login.token.as_str());
//!     let user = user.ok_or_else(|| ConnectError::new("unknown token"))?;
//!     socket.data().insert(user.clone());
//!     Ok(())
//! }
//!
//! async fn connected(socket: Socket, SocketData(user): SocketData<User>) {
//!     socket.join(format!("user:{}", user.name));
//!     socket.broadcast().emit("online", user.name);
//! }
//!
//! /// What a handler returns answers the acknowledgement that the client asked for.
//! async fn enter(socket: Socket, Data(room): Data<String>) -> Reply<&'static str> {
//!     socket.join(format!("chat:{room}"));
//!     Reply("welcome")
//! }
//!
//! #[derive(Deserialize)]
//! struct Message {
//!     room: String,
//!     text: String,
//! }
//!
//! async fn message(
//!     socket: Socket,
//!     SocketData(user): SocketData<User>,
//!     State(counter): State<Counter>,
//!     Data(message): Data<Message>,
//! ) -> Result<Reply<u64>, Reply<&'static str>> {
//!     let room = format!("chat:{}", message.room);
//!     if !socket.rooms().iter().any(|joined| *joined == *room) {
//!         return Err(Reply("enter the room first"));
//!     }
//!     // To all in the room but this socket. A tuple is several arguments.
//!     socket.to(room).emit("message", &(user.name, message.text));
//!     Ok(Reply(counter.0.fetch_add(1, Ordering::Relaxed)))
//! }
//!
//! async fn left(SocketData(user): SocketData<User>, io: SocketIo, reason: DisconnectReason) {
//!     io.emit("offline", &(user.name, reason.as_str()));
//! }
//!
//! /// HTTP handlers reach the sockets as well.
//! async fn notify(io: SocketIo, Json(text): Json<String>) {
//!     io.emit("notice", &text);
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let state = AppState {
//!         users: Users(Arc::new(HashMap::from([("sesame", User { name: "ada" })]))),
//!         counter: Counter::default(),
//!     };
//!     let sockets = SocketIoLayer::with_state(state.clone());
//!     sockets
//!         .io()
//!         .of("/")
//!         .middleware(authenticate)
//!         .on_connect(connected)
//!         .on("enter", enter)
//!         .on("message", message)
//!         .on_disconnect(left);
//!
//!     let app = Router::new()
//!         .route("/notify", post(notify))
//!         .with_state(state)
//!         .layer(sockets);
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app).await
//! }
//! ```
//!
//! A client of it, with the npm package `socket.io-client`:
//!
//! ```js
//! import { io } from "socket.io-client";
//!
//! const socket = io("http://127.0.0.1:3000", { auth: { token: "sesame" } });
//! socket.on("connect_error", (error) => console.log(error.message));
//! socket.on("message", (from, text) => console.log(`${from}: ${text}`));
//! await socket.emitWithAck("enter", "tea");
//! const answer = await socket.emitWithAck("message", { room: "tea", text: "Anybody?" });
//! ```
//!
//! # The guide
//!
//! | chapter | |
//! |---|---|
//! | [`handlers`](guide::handlers) | the kinds of handlers, and in which order they run |
//! | [`listeners`](guide::listeners) | middleware of events, listeners of every event, of one socket |
//! | [`extractors`](guide::extractors) | what handlers can have as arguments |
//! | [`state`](guide::state) | typed state, and data of one socket |
//! | [`messages`](guide::messages) | events, arguments, binary, acknowledgements |
//! | [`errors`](guide::errors) | refusing clients, answering with errors, rejections |
//! | [`namespaces`](guide::namespaces) | several applications on one connection |
//! | [`rooms`](guide::rooms) | sending to some of the sockets |
//! | [`recovery`](guide::recovery) | clients that lose their connection and come back |
//! | [`cluster`](guide::cluster) | several servers: sockets, data and events of the others |
//! | [`parsers`](guide::parsers) | MessagePack, and encodings of one's own |
//! | [`transports`](guide::transports) | polling, WebSocket, which clients |
//! | [`engine`](guide::engine) | who may connect, and what happens beneath the sockets |
//! | [`layer`](guide::layer) | where to put the layer, CORS, proxies, shutting down |
//! | [`limits`](guide::limits) | what bounds a client |
//! | [`from_node`](guide::from_node) | for those who know Node's server |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `axum` | yes | [`Handshake::address`] reads axum's `ConnectInfo` |
//! | `brotli` | no | [`ServeClient`] compresses with brotli too, beside gzip and deflate |
//! | `regex` | yes | dynamic namespaces from a `Regex`, see [`SocketIo::of`] |
//! | `macros` | yes | [`#[debug_handler]`](macro@debug_handler), which says why a function is no handler |
//! | `msgpack` | no | `MsgpackParser` in [`parser`], for clients with `socket.io-msgpack-parser` |
//!
//! axum's extractors work without either: they need no more than `axum-core`.

#[macro_use]
mod macros;

mod ack_error;
mod app;
mod broadcast;
mod builder;
mod client;
mod client_handle;
mod codec;
mod conn;
mod connect_error;
mod connection;
mod connection_state_recovery;
mod context;
mod data_map;
mod delivery;
mod disconnect_reason;
mod emit_error;
mod encoded;
pub mod engine;
mod engine_hooks;
mod everybody;
pub mod extract;
pub mod handler;
mod handlers;
mod handshake;
mod into_namespace;
mod io;
mod last_rooms;
mod layer;
mod lazy_parts;
mod limits;
mod link;
mod listener_id;
mod listeners;
mod local;
mod namespace;
mod namespace_core;
mod namespaces;
mod ordered;
mod outgoing;
mod parent;
pub mod parser;
mod pending_acks;
mod recipient;
mod recoverable;
mod recovery;
mod refusal;
mod rejection;
mod serve_client;
mod server_events;
mod server_side;
mod service;
mod shared_data;
mod socket;
mod socket_listeners;
mod space;
mod tasks;
mod unicast;
mod weak_server;

#[doc(inline)]
pub use engineio::{
    CookieSameSite, HttpCompression, NotFound, Origins, PerMessageDeflate, ResponseBody,
    ResponseFuture, SessionCookie, Transport,
};
#[doc(inline)]
pub use socketio_adapter::{IntoRooms, Room, SocketId, TooManyRooms};
#[doc(inline)]
pub use socketio_proto::{Args, ArgsError, EncodeError, Value};

pub use self::ack_error::AckError;
pub use self::broadcast::{
    BroadcastAck, BroadcastAckError, BroadcastOperator, FetchError, RemoteAck, RemoteEmitter,
    RemoteHandshake, RemoteSocket,
};
pub use self::builder::SocketIoBuilder;
pub use self::client_handle::Client;
pub use self::conn::Conn;
pub use self::connect_error::{ConnectError, IntoConnectError};
pub use self::connection_state_recovery::ConnectionStateRecovery;
pub use self::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
pub use self::data_map::DataMap;
pub use self::disconnect_reason::DisconnectReason;
pub use self::emit_error::EmitError;
pub use self::engine::Engine;
pub use self::handler::Reply;
pub use self::handshake::Handshake;
pub use self::into_namespace::{IntoNamespace, NamespaceSelector};
pub use self::io::{MissingSocketIo, SocketIo, WeakSocketIo};
pub use self::layer::SocketIoLayer;
pub use self::listener_id::ListenerId;
pub use self::namespace::Namespace;
pub use self::refusal::{IntoRefusal, Refusal};
pub use self::rejection::Rejection;
pub use self::serve_client::ServeClient;
pub use self::server_side::{ServerSideAck, ServerSideEmitError};
pub use self::service::SocketIoService;
pub use self::socket::{AckFuture, JoinError, Socket, SocketEmitter};
#[cfg(feature = "macros")]
pub use socketio_macros::debug_handler;

/// The interface that adapters implement, which carry broadcasts between servers.
pub mod adapter {
    pub use socketio_adapter::*;
}

/// The guide, a chapter each. It is there in the documentation only.
#[cfg(any(doc, doctest))]
pub mod guide {
    #[doc = include_str!("docs/handlers.md")]
    pub mod handlers {}
    #[doc = include_str!("docs/listeners.md")]
    pub mod listeners {}
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
    #[doc = include_str!("docs/layer.md")]
    pub mod layer {}
    #[doc = include_str!("docs/limits.md")]
    pub mod limits {}
    #[doc = include_str!("docs/from_node.md")]
    pub mod from_node {}
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/MIGRATING.md")]
mod migrating {}

#[doc(hidden)]
pub mod __private {
    pub use axum_core::extract::FromRequestParts;
}
