//! Synchronizes tests with handlers, with server state and with time.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use socketio_testing::DEADLINE;
use tokio::sync::Semaphore;

/// Blocks handlers until the test admits them. Clones share the gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// Creates a closed gate.
    #[must_use]
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Waits until the gate is open or admits this caller.
    pub async fn pass(&self) {
        // The semaphore is closed while the gate is open.
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }

    /// Admits this number of current or future callers.
    pub fn admit(&self, count: usize) {
        self.0.add_permits(count);
    }

    /// Opens the gate permanently.
    pub fn open(&self) {
        self.0.close();
    }
}

/// Waits until the condition holds. `what` describes it in the panic message. Use it for state of
/// the server that no event announces. Other tasks run meanwhile.
///
/// # Panics
///
/// Panics if the condition does not hold within [`DEADLINE`], in real time.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "timed out waiting for {what}");
        tokio::task::yield_now().await;
    }
}

/// The real time after which the clock is released, so that a test that hangs fails at the deadline
/// of its wait.
const RELEASE_AFTER: Duration = Duration::from_secs(20);

/// A clock that advances only when the test advances it. It applies to all tasks of the runtime
/// until it is dropped.
///
/// The paused clock of tokio advances automatically whenever the runtime is idle. With sockets, the
/// runtime is often idle because it waits for the operating system.
#[derive(Debug)]
pub struct VirtualTime {
    _release: Sender<()>,
}

impl VirtualTime {
    /// Stops the clock of the runtime, which must be single-threaded.
    #[must_use]
    pub fn start() -> Self {
        tokio::time::pause();
        let (release, released) = mpsc::channel();
        // A running blocking task prevents the automatic advance.
        tokio::task::spawn_blocking(move || released.recv_timeout(RELEASE_AFTER));
        Self { _release: release }
    }

    /// Advances the clock by this duration and one millisecond, the precision of the runtime's
    /// timers.
    pub async fn advance(&self, duration: Duration) {
        tokio::time::advance(duration + Duration::from_millis(1)).await;
    }
}
