//! The tower layer and service, the options of a server and the handle [`SocketIo`](io::SocketIo).
//!
//! Top of the ladder: this module may use every other module of the crate.

pub(crate) mod app;
pub(crate) mod builder;
pub mod engine;
pub(crate) mod engine_hooks;
pub(crate) mod io;
pub(crate) mod layer;
pub(crate) mod operators;
pub(crate) mod placement;
#[cfg(feature = "serve-client")]
pub(crate) mod serve_client;
pub(crate) mod service;
