//! Times as nanoseconds in one word. 0 marks an empty slot.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Returns the nanoseconds of the monotonic clock; never 0.
#[inline]
pub(crate) fn now() -> u64 {
    // Wraps after 584 years.
    START.elapsed().as_nanos() as u64 + 1
}

/// Converts seconds to nanoseconds.
pub(crate) fn nanos(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds).map_or(0, |duration| duration.as_nanos() as u64)
}
