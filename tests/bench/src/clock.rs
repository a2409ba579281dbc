//! Time, in nanoseconds as one word: a slot that holds 0 is empty.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds on the monotonic clock; never 0.
#[inline]
pub(crate) fn now() -> u64 {
    // Wraps after 584 years.
    START.elapsed().as_nanos() as u64 + 1
}

/// A length of time in nanoseconds.
pub(crate) fn nanos(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds).map_or(0, |duration| duration.as_nanos() as u64)
}
