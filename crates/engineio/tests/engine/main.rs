//! The whole server against its clients, in virtual time: the requests of polling clients go
//! straight into the service, WebSockets run over connections in memory.

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
mod drafts;
mod failures;
mod hooks;
mod http2;
mod interleavings;
mod life;
mod observer;
mod options;
mod outbound;
mod polling;
mod revision_3;
mod service;
mod turns;
mod upgrade;
mod webtransport;
