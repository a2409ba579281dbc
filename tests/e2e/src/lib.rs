//! End-to-end tests: servers and those who talk to them, over real connections.
//!
//! The tests are in `tests/`. Those named `wire_*` speak bytes through `socketio-testing` with the fixture application
//! (`FIXTURE.md`), as Node's server can too; `*_client` run the suites of `clients/` with socket.io-client in Node and in
//! Chromium, and with python-socketio. `api`, `layer`, `limits`, `semantics` and `hostile` bring applications of their own.
//! `README.md` says what they need.

pub mod app;
pub mod bus;
pub mod census;
pub mod clients;
pub mod cluster;
pub mod conversation;
pub mod deviation;
pub mod eventually;
pub mod fixture;
pub mod gate;
pub mod journal;
pub mod server;
pub mod virtual_time;
