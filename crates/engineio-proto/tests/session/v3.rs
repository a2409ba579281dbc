//! The tests of both revisions, with revision 3.

use engineio_proto::Protocol::V3 as PROTOCOL;

#[path = "closing.rs"]
mod closing;
#[path = "outbound.rs"]
mod outbound;
#[path = "polling.rs"]
mod polling;
#[path = "upgrade.rs"]
mod upgrade;
