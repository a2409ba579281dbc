//! End-to-end tests: servers and real clients over real connections.
//!
//! The tests are in `tests/`. The `wire_*` suites exchange bytes with the fixture application
//! (`FIXTURE.md`) through `socketio-testing` and also run against Node's server. The `*_client`
//! suites run the clients of `clients/`: socket.io-client in Node and in Chromium, and
//! python-socketio. `README.md` lists what they need.
//!
//! The tests in `crates/socketio/tests` use this library too, with applications defined in the
//! tests.

pub mod app;
pub mod clients;
pub mod cluster;
pub mod deviation;
pub mod fixture;
pub mod probes;
pub mod server;
pub mod session;
pub mod sync;

/// Compiles the programs of the documents.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../docs/DEPLOYING.md")]
    mod deploying {}
    #[doc = include_str!("../../../docs/MIGRATING.md")]
    mod migrating {}
    #[doc = include_str!("../../../docs/OPERATING.md")]
    mod operating {}
}
