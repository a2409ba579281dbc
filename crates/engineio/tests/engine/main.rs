//! The whole server with its clients, in virtual time. Requests of polling clients are passed to
//! the service directly, and WebSockets run over in-memory connections.

#![allow(clippy::unwrap_used)]

mod application;
mod body;
mod polling_client;
mod server;
mod websocket_client;
mod webtransport_client;

mod back_pressure;
mod broadcast;
mod closing;
mod counters;
mod drain;
mod failures;
mod hooks;
#[cfg(feature = "http2")]
mod http2;
mod interleavings;
mod life;
mod observer;
mod options;
mod outbound;
mod polling;
mod revision_3;
mod run_budget;
mod service;
mod text_bufs;
mod upgrade;
mod upgrade_requests;
mod webtransport;
