//! The API as applications use it, a subject each.

mod layers;
mod event_middleware;
mod journaled;
mod serve_client;
mod without_axum;
