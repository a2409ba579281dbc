//! The server that a test talks to.

use std::net::SocketAddr;

use socketio::parser::MsgpackParser;
use socketio::{ConnectionStateRecovery, PerMessageDeflate};

use crate::{deviation, fixture};

/// The variable that names Node's fixture server (`host:port`) to run the tests against instead.
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
    /// This project's server, started for the test; or Node's, if [`ORACLE`] says where it is.
    ///
    /// # Panics
    ///
    /// Panics when [`ORACLE`] holds no address, and when the server cannot start.
    pub async fn start() -> Self {
        match oracle(ORACLE) {
            Some(node) => node,
            None => Self::ours(fixture::start().await),
        }
    }

    /// This project's server with connection state recovery; or Node's, if [`RECOVERY_ORACLE`] says
    /// where it is.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn start_recovering() -> Self {
        let recovery = ConnectionStateRecovery::new();
        match oracle(RECOVERY_ORACLE) {
            Some(node) => node,
            None => Self::ours(
                fixture::start_with(|options| options.connection_state_recovery(recovery)).await,
            ),
        }
    }

    /// This project's server with MessagePack; or Node's, if [`MSGPACK_ORACLE`] says where it is.
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

    /// A server that serves clients of Socket.IO 2.x too: this project's, or Node's, if
    /// [`EIO3_ORACLE`] says where it is.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn allowing_eio3() -> Self {
        match oracle(EIO3_ORACLE) {
            Some(node) => node,
            None => Self::ours(fixture::start_with(|options| options.allow_eio3(true)).await),
        }
    }

    /// This project's server, which compresses all that it sends over a WebSocket to clients that want it.
    ///
    /// # Panics
    ///
    /// When it cannot start.
    pub async fn compressing() -> Self {
        let deflate = PerMessageDeflate::default().threshold(0);
        Self::ours(fixture::start_with(|options| options.per_message_deflate(deflate)).await)
    }

    fn ours(addr: SocketAddr) -> Self {
        Self {
            addr,
            is_node: false,
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Whether it is Node's server.
    pub fn is_node(&self) -> bool {
        self.is_node
    }

    /// What to expect in a row where this project's server deliberately differs from Node's.
    ///
    /// # Panics
    ///
    /// Panics when the row is not in [`deviation::TABLE`].
    pub fn expects<T>(&self, row: &str, node: T, ours: T) -> T {
        assert!(
            deviation::TABLE
                .iter()
                .any(|deviation| deviation.row == row),
            "no reason is given for the deviation {row:?}: add it to tests/e2e/src/deviation.rs"
        );
        if self.is_node { node } else { ours }
    }
}

/// Node's server, if a variable says where it is.
fn oracle(variable: &str) -> Option<Server> {
    let oracle = std::env::var(variable).ok()?;
    match oracle.parse() {
        Ok(addr) => Some(Server {
            addr,
            is_node: true,
        }),
        Err(error) => panic!("{variable}={oracle}: {error}; give it as 127.0.0.1:PORT"),
    }
}
