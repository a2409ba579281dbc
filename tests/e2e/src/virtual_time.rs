//! Time that passes only when a test says so.

use std::sync::mpsc::{self, Sender};
use std::time::Duration;

/// After how much real time the clock is let go, so that a test that waits for ever fails with the
/// deadline of its wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// Time that passes only when the test says so, for all tasks of its runtime, until this is
/// dropped.
///
/// tokio's own paused clock leaps ahead whenever the runtime waits, and with sockets it often waits
/// for the operating system.
#[derive(Debug)]
pub struct VirtualTime {
    _release: Sender<()>,
}

impl VirtualTime {
    /// Stops the clock of the runtime, which must be one of a single thread.
    #[must_use]
    pub fn start() -> Self {
        tokio::time::pause();
        let (release, released) = mpsc::channel();
        // While a blocking task runs, the clock does not leap.
        tokio::task::spawn_blocking(move || released.recv_timeout(PATIENCE));
        Self { _release: release }
    }

    /// Lets time pass, and a millisecond more: the runtime's timers are not more precise.
    pub async fn pass(&self, time: Duration) {
        tokio::time::advance(time + Duration::from_millis(1)).await;
    }
}
