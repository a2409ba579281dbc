//! A load generator for Socket.IO servers.
//!
//! One thread over epoll keeps all client connections. It speaks Engine.IO 4 and Socket.IO 5 itself:
//! frames are built once and sent as they are, every answer is compared byte for byte, heartbeats are
//! answered. So the generator costs little beside the kernel, and a server that answers wrongly is
//! seen. It knows nothing of the server but the public protocol, and refuses every address that is
//! not loopback.
//!
//! Apart from it, [`instructions`] tells whether the hot paths have become more expensive.
//!
//! What the numbers mean is told in `docs/PERFORMANCE.md`.

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
