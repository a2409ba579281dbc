//! The tests of both revisions, with revision 4.

// The same tests for another revision.
#![allow(clippy::duplicate_mod)]

use engineio_proto::Protocol::V4 as PROTOCOL;

#[path = "closing.rs"]
mod closing;
#[path = "outbound.rs"]
mod outbound;
#[path = "polling.rs"]
mod polling;
#[path = "upgrade.rs"]
mod upgrade;
