//! Emits events to the clients of a Socket.IO cluster from programs without a server.
//!
//! A job, a function or another service publishes an event on the bus of the cluster, and the servers
//! send it to their clients. The servers are written in Rust, with the crate `socketio-redis`, or in
//! Node, with `@socket.io/redis-adapter`. This crate is the counterpart of Node's
//! `@socket.io/redis-emitter` and needs neither axum nor a server.
//!
//! Each operation resolves when the bus has accepted the message, so a program may end after it. The bus
//! does not store messages: clients that are not connected at this moment miss the event, and an
//! emitter receives no acknowledgements.
//!
//! # Examples
//!
//! ```no_run
//! use socketio_emitter::RedisEmitter;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), socketio_emitter::EmitterError> {
//! let emitter = RedisEmitter::connect("redis://127.0.0.1:6379").await?;
//! emitter.emit("maintenance", &("in 5 minutes",)).await?;
//! emitter.of("/orders").to("user:42").emit("shipped", &17).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | contents |
//! |---|---|---|
//! | `redis` | yes | [`RedisEmitter`] |
//! | `tls` | no | `rediss://` URLs, with rustls |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
mod emitter;
mod error;
mod operator;
#[cfg(feature = "redis")]
mod redis;

pub use self::emitter::Emitter;
pub use self::error::EmitterError;
pub use self::operator::EmitOperator;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::redis::{RedisEmitter, RedisEmitterBuilder};
#[doc(no_inline)]
pub use socketio_adapter::{IntoRooms, Room};
#[doc(no_inline)]
pub use socketio_cluster::SubscriptionMode;
