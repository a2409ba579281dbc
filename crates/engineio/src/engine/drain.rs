//! Draining: closing the sessions of an engine one after the other.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};
use std::time::Duration;

use engineio_proto::{CloseReason, Transport};
use tokio::time::Instant;

use crate::engine::Engine;
use crate::engine::application::Application;
use crate::engine::registry::Registry;
use crate::session::Shared;

/// The result of draining an engine, see [`Engine::drain`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Drained {
    /// The number of sessions that the call closed.
    pub closed: usize,
    /// The number of sessions that ended before the call closed them, for example because their
    /// clients disconnected.
    pub ended: usize,
}

impl<A: Application> Engine<A> {
    /// Drains the engine: refuses new sessions from now on, and closes the open ones one after the
    /// other, spread evenly over `time`.
    ///
    /// Requests and upgrades of open sessions are served until their turn. The order is random,
    /// with the sessions on polling last. Each session is closed as by
    /// [`Session::close`](crate::Session::close), with the reason
    /// [`ServerShuttingDown`](CloseReason::ServerShuttingDown). A session that ends by itself gives
    /// its turn to the next one.
    ///
    /// Returns when all sessions have ended, or when `time` has passed; some of the closed sessions
    /// may still be sending their queues then. [`close`](Self::close) bounds their time, also during
    /// a drain, which then returns early. If the future is dropped, the remaining sessions stay open,
    /// and new ones are still refused. Concurrent calls close sessions independently, each at its
    /// pace.
    pub async fn drain(&self, time: Duration) -> Drained {
        self.start_draining();
        // A session that was registered before is found now; later ones are refused.
        let queue = in_drain_order(&self.registry);
        let start = Instant::now();
        let sessions = u32::try_from(queue.len()).unwrap_or(u32::MAX);
        let interval = time.checked_div(sessions).unwrap_or_default();
        let mut drained = Drained::default();
        let mut turns = 0;
        for session in queue {
            if is_open(&session) {
                let wait = interval
                    .saturating_mul(turns)
                    .saturating_sub(start.elapsed());
                self.registry.sessions_ended_within(wait).await;
            }
            if close(&session) {
                drained.closed += 1;
                turns = turns.saturating_add(1);
            } else {
                drained.ended += 1;
            }
        }
        let rest = time.saturating_sub(start.elapsed());
        self.registry.sessions_ended_within(rest).await;
        drained
    }
}

/// Returns the sessions in random order, those on polling last. Polling clients are the ones that
/// may be about to upgrade.
fn in_drain_order(registry: &Registry) -> Vec<Weak<Shared>> {
    // The keys of the hasher are random.
    let hasher = RandomState::new();
    let mut sessions = registry.sessions();
    sessions.sort_by_cached_key(|session| {
        let (transport, ..) = session.for_request();
        let is_polling = transport == Transport::Polling;
        (is_polling, hasher.hash_one(session.id()))
    });
    // The list must not keep the state of sessions that end meanwhile.
    sessions.iter().map(Arc::downgrade).collect()
}

fn is_open(session: &Weak<Shared>) -> bool {
    session.upgrade().is_some_and(|session| session.is_open())
}

/// Closes a session. Returns whether it was open.
fn close(session: &Weak<Shared>) -> bool {
    session
        .upgrade()
        .is_some_and(|session| session.close(CloseReason::ServerShuttingDown))
}
