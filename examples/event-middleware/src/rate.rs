//! A rate limit.

use std::time::Duration;

use tokio::time::Instant;

/// The most events in a burst.
const BURST: u32 = 5;

/// The time between two events after a burst.
const REFILL: Duration = Duration::from_secs(10);

/// A token bucket: each event takes a token, and tokens are refilled over time.
#[derive(Clone, Copy)]
pub(crate) struct Bucket {
    tokens: u32,
    refilled: Instant,
}

impl Bucket {
    /// Creates a full bucket.
    pub(crate) fn full() -> Self {
        Self {
            tokens: BURST,
            refilled: Instant::now(),
        }
    }

    /// Takes a token and returns whether there was one.
    pub(crate) fn take(&mut self) -> bool {
        while self.tokens < BURST && self.refilled.elapsed() >= REFILL {
            self.tokens += 1;
            self.refilled += REFILL;
        }
        if self.tokens == BURST {
            // The time during which the bucket is full does not count.
            self.refilled = Instant::now();
        }
        let taken = self.tokens.checked_sub(1);
        self.tokens = taken.unwrap_or_default();
        taken.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tokens_are_refilled_up_to_the_burst() {
        let mut bucket = Bucket::full();
        let taken = |bucket: &mut Bucket| {
            std::iter::repeat_with(|| bucket.take())
                .take(10)
                .filter(|taken| *taken)
                .count()
        };
        assert_eq!(taken(&mut bucket), 5);
        tokio::time::advance(REFILL - Duration::from_secs(1)).await;
        assert_eq!(taken(&mut bucket), 0);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(taken(&mut bucket), 1);
        tokio::time::advance(3 * REFILL).await;
        assert_eq!(taken(&mut bucket), 3);
        tokio::time::advance(100 * REFILL).await;
        assert_eq!(taken(&mut bucket), 5);
    }
}
