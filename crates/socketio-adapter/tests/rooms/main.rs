//! The index of rooms, used by one thread and by several.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod concurrent;
mod lifecycle;
mod model;
mod observer;
mod socket;
mod visit;
