//! How many events a client may send.

use std::time::Duration;

use tokio::time::Instant;

/// How many events a client may send at once.
const BURST: u32 = 5;

/// How long it takes until it may send another one.
const REFILL: Duration = Duration::from_secs(10);

/// A bucket of tokens: each event takes one, and time puts them back.
pub(crate) struct Bucket {
    tokens: u32,
    refilled: Instant,
}

impl Bucket {
    pub(crate) fn full() -> Self {
        Self {
            tokens: BURST,
            refilled: Instant::now(),
        }
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self) -> bool {
        while self.tokens < BURST && self.refilled.elapsed() >= REFILL {
            self.tokens += 1;
            self.refilled += REFILL;
        }
        if self.tokens == BURST {
            // What is full does not fill further.
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
    async fn tokens_come_back_one_by_one_and_no_more_than_there_were() {
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
