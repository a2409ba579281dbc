//! The deadline of every step.

use std::time::Duration;

/// The time after which a step fails the test: 10 seconds.
///
/// It is long, so that a loaded machine does not fail a test.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Returns the outcome of `step`. `what` describes the step.
///
/// # Panics
///
/// Panics with the description if the step does not complete within [`DEADLINE`].
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
    async fn a_step_in_time_returns_its_outcome() {
        assert_eq!(within("a number", async { 7 }).await, 7);
    }
}
