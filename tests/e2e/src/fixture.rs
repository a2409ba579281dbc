//! The fixture application of `FIXTURE.md` on this project's server.
//!
//! [`start`] is where it begins: bind `127.0.0.1:0`, serve an axum router with `GET /` and the Socket.IO layer on it
//! in a task of the current runtime, and return the address. One table of handlers is registered for `/` and for
//! `/admin`; the refusals `deny` and `denynull` belong to the hook that may refuse a handshake.

use std::net::SocketAddr;

/// Starts the application on a free port of 127.0.0.1 and returns its address. It lives as long as the runtime.
///
/// # Panics
///
/// Panics as long as the application is not written.
#[allow(
    clippy::unused_async,
    reason = "the signature that its callers are written against"
)]
pub async fn start() -> SocketAddr {
    panic!(
        "the fixture application is not written yet: set {}=HOST:PORT and run tests/e2e/clients/fixture-server.mjs \
         there",
        crate::server::ORACLE
    );
}
