//! The API as applications use it, a subject each.

mod allow_request;
mod client;
mod conn;
mod data;
mod dynamic_namespaces;
mod engine;
mod event_middleware;
mod fetch;
mod handshake;
mod journaled;
mod layers;
mod listeners;
mod listeners_of_namespaces;
mod msgpack;
mod notepack;
mod operators;
mod options;
mod outgoing;
mod parser;
mod recovery;
mod recovery_wire;
mod remote;
mod serve_client;
mod server_side;
mod without_axum;
