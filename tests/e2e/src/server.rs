//! The server that a test talks to.

use std::net::SocketAddr;

use socketio::{PerMessageDeflate, SocketIoLayer};

use crate::{app, deviation, fixture};

/// The variable that names Node's fixture server (`host:port`) to run the tests against instead.
pub const ORACLE: &str = "SOCKETIO_E2E_ORACLE";

/// As [`ORACLE`], for the fixture server with connection state recovery.
pub const RECOVERY_ORACLE: &str = "SOCKETIO_E2E_RECOVERY_ORACLE";

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
        match Self::oracle(ORACLE) {
            Some(oracle) => oracle,
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
        match Self::oracle(RECOVERY_ORACLE) {
            Some(oracle) => oracle,
            None => Self::ours(fixture::start_recovering().await),
        }
    }

    fn oracle(variable: &str) -> Option<Self> {
        let oracle = std::env::var(variable).ok()?;
        match oracle.parse() {
            Ok(addr) => Some(Self {
                addr,
                is_node: true,
            }),
            Err(error) => panic!("{variable}={oracle}: {error}; give it as 127.0.0.1:PORT"),
        }
    }

    fn ours(addr: SocketAddr) -> Self {
        Self {
            addr,
            is_node: false,
        }
    }

    /// This project's server, which compresses all that it sends over a WebSocket to clients that want it.
    ///
    /// # Panics
    ///
    /// When it cannot start.
    pub async fn compressing() -> Self {
        let deflate = PerMessageDeflate::default().threshold(0);
        let builder = SocketIoLayer::builder().per_message_deflate(deflate);
        Self {
            addr: app::serve_router(fixture::app_with(builder)).await,
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
