//! Tests tower layers around and inside the server.

mod bodies;
mod cors;
mod limits;
mod observing;
mod paths;
mod sessions;
mod timeouts;
