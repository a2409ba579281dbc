//! Conditions that nothing announces.

use std::time::Instant;

use socketio_testing::DEADLINE;

/// Returns when the condition holds, which `what` describes: for what the server does on its own
/// and nothing announces. The other tasks run meanwhile.
///
/// # Panics
///
/// If it does not hold within the deadline of every wait, in real time.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < DEADLINE, "waited in vain for {what}");
        tokio::task::yield_now().await;
    }
}
