//! End-to-end tests: a server with the fixture application (`FIXTURE.md`), real clients, and the wire itself.
//!
//! The tests are in `tests/`. Those named `wire_*` speak bytes through `socketio-testing`; the others run the suites of
//! `clients/` with socket.io-client in Node and in Chromium, and with python-socketio. `README.md` says what they need.

pub mod app;
pub mod census;
pub mod clients;
pub mod conversation;
pub mod deviation;
pub mod eventually;
pub mod fixture;
pub mod gate;
pub mod journal;
pub mod server;
pub mod virtual_time;
