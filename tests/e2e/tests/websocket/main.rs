//! Tests WebSocket: the cases of Autobahn's test suite by their numbers, and compression with
//! independent clients.
//!
//! The server echoes every message. A text is an Engine.IO packet, so it starts with `4`. A binary
//! message has no prefix.

mod echo;
mod events;
mod s01_framing;
mod s02_pings_and_pongs;
mod s03_reserved_bits;
mod s04_opcodes;
mod s05_fragmentation;
mod s06_utf8;
mod s07_closing;
mod s09_limits;
mod s10_fragmented_sending;
mod s12_compression;
