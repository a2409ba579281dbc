//! The API as applications use it, a subject each.

mod dynamic_namespaces;
mod event_middleware;
mod journaled;
mod layers;
mod serve_client;
mod without_axum;
