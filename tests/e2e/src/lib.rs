//! End-to-end tests: a server with the fixture application (`FIXTURE.md`), real clients, and the wire itself.
//!
//! The tests are in `tests/`. Those named `wire_*` speak bytes through `socketio-testing`; the others run the suites of
//! `clients/` with socket.io-client in Node and in Chromium, and with python-socketio. `README.md` says what they need.

pub mod clients;
pub mod deviation;
pub mod fixture;
pub mod server;
