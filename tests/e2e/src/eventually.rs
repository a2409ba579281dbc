//! Conditions that nothing announces.

use std::time::Duration;

use socketio_testing::within;

/// How often the condition is looked at.
const INTERVAL: Duration = Duration::from_millis(1);

/// Returns when the condition holds, which `what` describes: for what the server does on its own
/// and nothing announces.
///
/// # Panics
///
/// If it does not hold within the deadline of every wait.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    within(what, async {
        let mut interval = tokio::time::interval(INTERVAL);
        while !condition() {
            interval.tick().await;
        }
    })
    .await;
}
