//! The API as applications use it, a subject each.

mod client;
mod data;
mod dynamic_namespaces;
mod event_middleware;
mod fetch;
mod handshake;
mod journaled;
mod layers;
mod listeners;
mod listeners_of_namespaces;
mod operators;
mod outgoing;
mod remote;
mod serve_client;
mod without_axum;
