//! The registry of open sessions, and closing all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engineio_proto::{CloseReason, SessionId, Transport};
use hashbrown::{HashMap, hash_map};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::session::{CounterCells, QueuedBytes, Shared};

/// The time that aborted sessions have to end. It passes only if the application blocks the thread
/// of a session.
const ABORT_LIMIT: Duration = Duration::from_secs(1);

/// The number of locks, so that cores that accept clients at the same time rarely contend.
const SHARDS: usize = 16;

/// The open sessions by id, and counters of all that must end before the engine is closed.
#[derive(Debug)]
pub(crate) struct Registry {
    /// The hasher is fast but not collision-resistant. That is safe because ids from clients are
    /// only looked up; only ids of the server are inserted.
    shards: [Mutex<HashMap<SessionId, Arc<Shared>>>; SHARDS],
    len: AtomicUsize,
    pub(crate) counters: Arc<CounterCells>,
    /// Sessions whose task or connection has not ended.
    live_sessions: ActiveCount,
    /// Channels of ended sessions whose close handshake is still in progress.
    closing_sockets: ActiveCount,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            shards: Default::default(),
            len: AtomicUsize::new(0),
            counters: Arc::default(),
            live_sessions: ActiveCount::default(),
            closing_sockets: ActiveCount::default(),
        }
    }

    /// Registers a session for as long as the returned guard lives. Returns `None` if the id is in
    /// use.
    pub(crate) fn register(self: &Arc<Self>, session: Arc<Shared>) -> Option<SessionGuard> {
        let id = session.id().clone();
        // Counted first, because `close_all` waits for every session that it can find.
        self.live_sessions.increment();
        match self.shard(id.as_str()).lock().entry(id) {
            hash_map::Entry::Occupied(_) => {
                self.live_sessions.decrement();
                return None;
            }
            hash_map::Entry::Vacant(place) => {
                place.insert(Arc::clone(&session));
            }
        }
        self.len.fetch_add(1, Ordering::Relaxed);
        let transport = session.lock().proto.transport();
        self.counters.opened(transport);
        Some(SessionGuard {
            registry: Arc::clone(self),
            session,
            counted_on: Some(transport),
        })
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Shared>> {
        self.shard(id).lock().get(id).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Returns the number of bytes that are queued for clients.
    pub(crate) fn queued_bytes(&self) -> QueuedBytes {
        let mut queued = QueuedBytes::default();
        self.for_each(|session| {
            let bytes = session.lock().proto.queued_bytes();
            queued.total = queued.total.saturating_add(bytes);
            queued.max = queued.max.max(bytes);
        });
        queued
    }

    /// Returns the sessions that are registered now.
    pub(crate) fn sessions(&self) -> Vec<Arc<Shared>> {
        let mut sessions = Vec::with_capacity(self.len());
        for shard in &self.shards {
            sessions.extend(shard.lock().values().cloned());
        }
        sessions
    }

    /// Calls `f` for every session, without holding a lock during the call.
    fn for_each(&self, mut f: impl FnMut(&Arc<Shared>)) {
        for shard in &self.shards {
            let sessions: Vec<_> = shard.lock().values().cloned().collect();
            sessions.iter().for_each(&mut f);
        }
    }

    /// Waits until all sessions have ended.
    async fn sessions_ended(&self) {
        self.live_sessions.reached_zero().await;
    }

    /// Waits until all sessions have ended, at most for `limit`.
    pub(crate) async fn sessions_ended_within(&self, limit: Duration) {
        if !limit.is_zero() {
            tokio::time::timeout(limit, self.sessions_ended())
                .await
                .ok();
        }
    }

    /// Waits until all sessions have ended and their channels are closed.
    async fn all_ended(&self) {
        self.live_sessions.reached_zero().await;
        self.closing_sockets.reached_zero().await;
    }

    /// Shuts down every session and waits until all have ended. Aborts the remaining sessions at the
    /// `deadline`, and waits [`ABORT_LIMIT`] for those.
    pub(crate) async fn close_all(&self, reason: CloseReason, deadline: Duration) {
        self.for_each(|session| session.shut_down(reason));
        if tokio::time::timeout(deadline, self.all_ended())
            .await
            .is_err()
        {
            let sessions = self.len();
            if sessions > 0 {
                crate::log_limited!(
                    warn,
                    None,
                    "aborting sessions whose clients did not accept their last packets in time",
                    sessions,
                );
            }
            self.for_each(|session| session.abort(reason));
            let ended = tokio::time::timeout(ABORT_LIMIT, self.sessions_ended());
            if ended.await.is_err() {
                tracing::warn!(
                    sessions = self.live_sessions.count.load(Ordering::Relaxed),
                    "sessions have not ended because the application blocks their threads: move \
                     blocking work to `spawn_blocking`"
                );
            }
        }
    }

    /// Counts a channel that is about to be closed.
    pub(crate) fn track_closing_socket(self: &Arc<Self>) -> ClosingSocketGuard {
        self.closing_sockets.increment();
        ClosingSocketGuard(Arc::clone(self))
    }

    fn shard(&self, id: &str) -> &Mutex<HashMap<SessionId, Arc<Shared>>> {
        // The sum spreads random characters well enough. A second hash beside that of the map would
        // cost as much as the rest of the lookup.
        let index = id.bytes().map(usize::from).sum::<usize>() % SHARDS;
        &self.shards[index]
    }
}

/// The registration of a session. Dropping it ends the session, also when the runtime ends or the
/// application panics.
#[derive(Debug)]
pub(crate) struct SessionGuard {
    registry: Arc<Registry>,
    pub(crate) session: Arc<Shared>,
    /// The transport with which the session is counted as open.
    counted_on: Option<Transport>,
}

impl SessionGuard {
    /// Removes the session from the registry, so that new requests do not find it.
    pub(crate) fn unregister(&self) {
        let id = self.session.id();
        let mut sessions = self.registry.shard(id.as_str()).lock();
        // After the first call, another session may use the same id.
        let known = sessions
            .get(id)
            .is_some_and(|known| Arc::ptr_eq(known, &self.session));
        if known {
            sessions.remove(id);
            self.registry.len.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Counts the move of the session to another transport.
    pub(crate) fn count_upgrade(&mut self, to: Transport) {
        if let Some(from) = self.counted_on.replace(to) {
            self.registry.counters.upgraded(from, to);
        }
    }

    /// Counts the end of the session.
    pub(crate) fn count_end(&mut self, reason: CloseReason) {
        if let Some(transport) = self.counted_on.take() {
            self.registry.counters.closed(transport, reason);
        }
    }

    /// Counts a channel of the session that is about to be closed.
    pub(crate) fn track_closing_socket(&self) -> ClosingSocketGuard {
        self.registry.track_closing_socket()
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        self.unregister();
        self.count_end(CloseReason::ServerShuttingDown);
        // Has no effect if the session has ended regularly.
        self.session.abort(CloseReason::ServerShuttingDown);
        // Handles may outlive the session. They must not keep alive a probe that no driver has
        // taken, requests that wait for its packets, a lent writer, or observers that hold the
        // session.
        let mut state = self.session.lock();
        let leftover = state.cold_mut().map(|cold| {
            (
                cold.probe.take(),
                cold.observers.take(),
                std::mem::take(&mut cold.awaiting_probe),
                cold.partial_write.take(),
            )
        });
        let driver = state.take_driver_waker();
        let writer = state.writer.take();
        drop(state);
        drop((leftover, driver, writer));
        self.registry.live_sessions.decrement();
    }
}

/// A channel whose close handshake is in progress.
#[derive(Debug)]
pub(crate) struct ClosingSocketGuard(Arc<Registry>);

impl Drop for ClosingSocketGuard {
    fn drop(&mut self) {
        self.0.closing_sockets.decrement();
    }
}

/// A counter that can be awaited to reach zero.
#[derive(Debug, Default)]
struct ActiveCount {
    count: AtomicUsize,
    empty: Notify,
}

impl ActiveCount {
    fn increment(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn decrement(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_waiters();
        }
    }

    async fn reached_zero(&self) {
        loop {
            let notified = self.empty.notified();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }
}
