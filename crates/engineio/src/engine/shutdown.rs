use std::time::Duration;

use engineio_proto::CloseReason;

use crate::engine::registry::Registry;

/// Closes every session and returns when they are gone, by the `deadline` at the latest.
pub(crate) async fn close_all(registry: &Registry, reason: CloseReason, deadline: Duration) {
    registry.for_each(|session| session.close(reason));
    if tokio::time::timeout(deadline, registry.emptied())
        .await
        .is_err()
    {
        let sessions = registry.len();
        if sessions > 0 {
            tracing::warn!(
                sessions,
                "clients did not take their last packets in time: cutting them off"
            );
        }
        registry.for_each(|session| session.abort(reason));
        registry.sessions_ended().await;
    }
}
