//! A load generator for Socket.IO servers.
//!
//! One thread with epoll serves all client connections. It implements Engine.IO 4 and Socket.IO 5:
//! frames are encoded once, every answer is compared byte for byte, and heartbeats are answered. The
//! generator therefore costs little beside the kernel, and detects wrong answers. It uses only the
//! public protocol of the server, and refuses addresses other than loopback.
//!
//! [`instructions`] compares the instruction counts of the hot paths with accepted ones.
//!
//! `docs/PERFORMANCE.md` explains the figures.

pub mod instructions;

mod clock;
mod deflate;
mod error;
mod frame;
mod histogram;
mod http;
mod kernel;
mod ledger;
mod limits;
mod message;
mod network;
mod options;
mod polling;
mod process;
mod report;
mod run;
mod scenario;
mod schedule;
mod traffic;
mod variation;
mod websocket;
mod window;

pub use error::LoadError;
pub use frame::{Opcode, Parsed, masked, parse};
pub use histogram::Histogram;
pub use options::{Options, USAGE};
pub use process::{INNER_CLIENTS, Switches};
pub use report::Report;
pub use run::run;
pub use scenario::Scenario;
