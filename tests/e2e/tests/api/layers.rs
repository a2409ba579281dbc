//! Other layers around the server and inside of it, a kind each.

mod bodies;
mod cors;
mod limits;
mod observing;
mod paths;
mod sessions;
mod timeouts;
