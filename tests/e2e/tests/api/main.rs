//! The API as applications use it, a subject each.

mod layers;
mod serve_client;
mod without_axum;
