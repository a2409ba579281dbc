//! The API as applications use it, a subject each.

mod serve_client;
