//! Points of time in the future.

use std::time::{Duration, Instant};

/// What stands for a delay that the clock cannot express: about a hundred years.
const FAR_FUTURE: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

/// The point of time `delay` after `now`. A delay beyond the range of the clock, such as
/// `Duration::MAX` for "never", is cut to one that nobody lives to see.
pub(super) fn after(now: Instant, delay: Duration) -> Instant {
    now.checked_add(delay)
        .or_else(|| now.checked_add(FAR_FUTURE))
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_without_end_is_far_away_and_no_panic() {
        let now = Instant::now();
        assert_eq!(
            after(now, Duration::from_secs(1)),
            now + Duration::from_secs(1)
        );
        assert_eq!(after(now, Duration::MAX), now + FAR_FUTURE);
    }
}
