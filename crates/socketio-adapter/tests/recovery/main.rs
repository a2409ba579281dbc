//! Connection state recovery of the in-memory adapter, on a namespace with an index of rooms.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod concurrent;
mod limits;
mod model;
mod namespace;
mod rules;
