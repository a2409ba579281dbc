//! The limit of every wait.

use std::time::Duration;

/// How long a step waits before it fails the test: 10 seconds.
///
/// Generous, since a loaded machine must not fail a test; a server that works never needs it.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// The outcome of `step`, which `what` describes.
///
/// # Panics
///
/// Panics with the description when the step is not over within [`DEADLINE`].
pub async fn within<T>(what: &str, step: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, step).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {} s in vain for {what}", DEADLINE.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "waited 10 s in vain for a sign")]
    async fn a_step_without_end_fails_the_test() {
        within("a sign", std::future::pending::<()>()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_in_time_gives_its_outcome() {
        assert_eq!(within("a number", async { 7 }).await, 7);
    }
}
