//! The server under test: this project's or Node's.

use std::net::SocketAddr;

use socketio::parser::MsgpackParser;
use socketio::{ConnectionStateRecovery, PerMessageDeflate};

use crate::{deviation, fixture};

/// The environment variable with the address (`host:port`) of Node's fixture server to test
/// instead.
pub const ORACLE: &str = "SOCKETIO_E2E_ORACLE";

/// As [`ORACLE`], for the fixture server with connection state recovery.
pub const RECOVERY_ORACLE: &str = "SOCKETIO_E2E_RECOVERY_ORACLE";

/// As [`ORACLE`], for the fixture server with `--msgpack`.
pub const MSGPACK_ORACLE: &str = "SOCKETIO_E2E_MSGPACK_ORACLE";

/// As [`ORACLE`], for the fixture server with `--allow-eio3`.
pub const EIO3_ORACLE: &str = "SOCKETIO_E2E_EIO3_ORACLE";

/// A running server with the fixture application.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    addr: SocketAddr,
    is_node: bool,
}

impl Server {
    /// Starts this project's server, or returns Node's if [`ORACLE`] is set.
    ///
    /// # Panics
    ///
    /// Panics when [`ORACLE`] is not an address, and when the server cannot start.
    pub async fn start() -> Self {
        match oracle(ORACLE) {
            Some(node) => node,
            None => Self::ours(fixture::start().await),
        }
    }

    /// Starts this project's server with connection state recovery, or returns Node's if
    /// [`RECOVERY_ORACLE`] is set.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn with_recovery() -> Self {
        let recovery = ConnectionStateRecovery::new();
        match oracle(RECOVERY_ORACLE) {
            Some(node) => node,
            None => Self::ours(
                fixture::start_with(|options| options.connection_state_recovery(recovery)).await,
            ),
        }
    }

    /// Starts this project's server with MessagePack, or returns Node's if [`MSGPACK_ORACLE`] is
    /// set.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn with_msgpack() -> Self {
        match oracle(MSGPACK_ORACLE) {
            Some(node) => node,
            None => Self::ours(fixture::start_with(|options| options.parser(MsgpackParser)).await),
        }
    }

    /// Starts this project's server with support for Socket.IO 2.x clients, or returns Node's if
    /// [`EIO3_ORACLE`] is set.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn with_eio3() -> Self {
        match oracle(EIO3_ORACLE) {
            Some(node) => node,
            None => Self::ours(fixture::start_with(|options| options.allow_eio3(true)).await),
        }
    }

    /// Starts this project's server with compression of all WebSocket messages, for clients that
    /// negotiate it.
    ///
    /// # Panics
    ///
    /// Panics when it cannot start.
    pub async fn with_compression() -> Self {
        let deflate = PerMessageDeflate::default().threshold(0);
        Self::ours(fixture::start_with(|options| options.per_message_deflate(deflate)).await)
    }

    fn ours(addr: SocketAddr) -> Self {
        Self {
            addr,
            is_node: false,
        }
    }

    /// Returns the address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns whether it is Node's server.
    pub fn is_node(&self) -> bool {
        self.is_node
    }

    /// Returns the expectation for a row where this project's server deliberately differs from
    /// Node's.
    ///
    /// # Panics
    ///
    /// Panics when the row is not in [`deviation::TABLE`].
    pub fn expects<T>(&self, row: &str, node: T, ours: T) -> T {
        assert!(
            deviation::TABLE
                .iter()
                .any(|deviation| deviation.row == row),
            "the deviation {row:?} has no reason: add it to tests/e2e/src/deviation.rs"
        );
        if self.is_node { node } else { ours }
    }
}

/// Returns Node's server if the variable is set.
fn oracle(variable: &str) -> Option<Server> {
    let oracle = std::env::var(variable).ok()?;
    match oracle.parse() {
        Ok(addr) => Some(Server {
            addr,
            is_node: true,
        }),
        Err(error) => panic!("{variable}={oracle}: {error}; set it to 127.0.0.1:PORT"),
    }
}
