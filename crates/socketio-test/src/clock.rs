//! The clock of the test.

use std::fmt;
use std::hint;
use std::time::Duration;

use tokio::time::Instant;

/// Returns whether tokio's clock is paused, as in `#[tokio::test(start_paused = true)]`.
///
/// A paused clock does not advance while this function runs: only the runtime advances it, on the
/// thread of the test.
pub(crate) fn is_paused() -> bool {
    let before = Instant::now();
    let start = std::time::Instant::now();
    while start.elapsed().is_zero() {
        hint::spin_loop();
    }
    Instant::now() == before
}

/// A duration as failure messages write it: `5 s`, `250 ms`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Readable(pub(crate) Duration);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        if millis.is_multiple_of(1000) {
            write!(f, "{} s", self.0.as_secs())
        } else {
            write!(f, "{millis} ms")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_is_detected() {
        assert!(is_paused());
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(is_paused());
        tokio::time::resume();
        assert!(!is_paused());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_running_clock_is_detected() {
        assert!(!is_paused());
    }

    #[test]
    fn durations_are_readable() {
        assert_eq!(Readable(Duration::from_secs(5)).to_string(), "5 s");
        assert_eq!(Readable(Duration::from_millis(1500)).to_string(), "1500 ms");
        assert_eq!(Readable(Duration::ZERO).to_string(), "0 s");
    }
}
