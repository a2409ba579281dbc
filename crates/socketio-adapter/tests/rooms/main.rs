//! The index of rooms: what it tells of a namespace, alone and under threads.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod concurrent;
mod lifecycle;
mod model;
mod observer;
mod socket;
mod visit;
