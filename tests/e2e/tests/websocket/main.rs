//! WebSocket itself: the cases of Autobahn's test suite, by its numbers, and compression with independent clients.
//!
//! The server sends every message back. A text is a packet of Engine.IO, so that it begins with a `4`; a binary message is
//! what it is.

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
