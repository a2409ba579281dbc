//! An Engine.IO server as a tower layer and service.
//!
//! Engine.IO carries messages between a client and a server over HTTP long-polling, WebSocket or
//! WebTransport. It upgrades from polling to the other transports without losing messages, and
//! detects broken connections with a heartbeat. This crate implements the server side of protocol
//! revisions 4 and 3 completely. It does not interpret messages; the `socketio` crate implements
//! Socket.IO on top of it.
//!
//! The engine passes every new session to the [`Application`], which returns a [`Connection`] to
//! receive its messages. [`Session`] is the handle to send messages with.
//!
//! ```
//! use engineio::{Application, CloseReason, Config, Connection, EngineIoLayer, Message, Session};
//!
//! struct Echo;
//!
//! impl Application for Echo {
//!     type Connection = EchoConnection;
//!
//!     fn open(&self, session: Session, _request: http::request::Parts) -> EchoConnection {
//!         EchoConnection(session)
//!     }
//! }
//!
//! struct EchoConnection(Session);
//!
//! impl Connection for EchoConnection {
//!     fn message(&mut self, message: Message) {
//!         self.0.send(message).ok();
//!     }
//!
//!     fn closed(self, reason: CloseReason) {
//!         println!("{} disconnected: {reason}", self.0.id());
//!     }
//! }
//!
//! let layer = EngineIoLayer::new(Config::default(), Echo);
//! # let _ = layer;
//! ```
//!
//! One task per session owns the transport, the protocol state and a timer. The protocol itself is
//! [`engineio_proto::Session`], which does no IO.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The ladder, from top to bottom: a module uses only the ones below it.
//
//   service
//   open
//   driver
//   engine
//   session
//   transport
//   config
//   http
//   log
mod config;
mod driver;
mod engine;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod http;
#[doc(hidden)]
pub mod log;
mod open;
mod service;
mod session;
mod transport;

pub use engineio_proto::{
    CloseReason, ConnectionError, Message, Packet, Protocol, SendError, SendOptions, SessionId,
    Text, TextBuf, Transport,
};

pub use self::config::Config;
pub use self::config::cookie::{CookieSameSite, SessionCookie};
pub use self::config::origins::{InvalidOrigin, Origins};
pub use self::config::per_message_deflate::PerMessageDeflate;
pub use self::engine::Engine;
pub use self::engine::application::{Application, Connection};
pub use self::engine::drain::Drained;
pub use self::engine::session_id::random as random_id;
pub use self::http::body::ResponseBody;
pub use self::http::compression::HttpCompression;
pub use self::http::connection_failure::{BoxError, ConnectionFailure, FailureContext};
pub use self::service::future::ResponseFuture;
pub use self::service::layer::EngineIoLayer;
pub use self::service::{EngineIoService, NotFound};
pub use self::session::{
    Broadcast, Counters, QueuedBytes, ReadyState, Session, SessionEvent, SessionObserver,
};

// Internal to the `socketio` crate and not part of the public API, like `Session::enqueue`.
#[doc(hidden)]
pub use self::http::accept_encoding::preferred_encoding;
#[doc(hidden)]
pub use self::session::Announcement;
#[doc(hidden)]
pub use engineio_proto::MESSAGE_OVERHEAD;
