use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engineio_proto::{CloseReason, SessionId};
use hashbrown::{HashMap, hash_map};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::session::Shared;

/// Connecting clients of several cores should rarely meet at one lock.
const SHARDS: usize = 16;

/// The sessions that are open, by id, and a count of all that has to end before the engine is
/// closed.
#[derive(Debug)]
pub(crate) struct Registry {
    /// Their hasher is fast and easy to find collisions for, but ids of clients are only looked up:
    /// all that are in the tables are the server's.
    shards: [Mutex<HashMap<SessionId, Arc<Shared>>>; SHARDS],
    len: AtomicUsize,
    /// Sessions, until their task and the application are done with them.
    sessions: Tally,
    /// WebSockets that nobody uses any more, until they are closed.
    sockets: Tally,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            shards: Default::default(),
            len: AtomicUsize::new(0),
            sessions: Tally::default(),
            sockets: Tally::default(),
        }
    }

    /// Puts a session into the table, for as long as the entry lives. `None` if another has its
    /// id.
    pub(crate) fn enter(self: &Arc<Self>, session: Arc<Shared>) -> Option<Entry> {
        let id = session.id().clone();
        // Counted first: who closes the sessions of the table waits for as many.
        self.sessions.enter();
        match self.shard(id.as_str()).lock().entry(id) {
            hash_map::Entry::Occupied(_) => {
                self.sessions.leave();
                return None;
            }
            hash_map::Entry::Vacant(place) => {
                place.insert(Arc::clone(&session));
            }
        }
        self.len.fetch_add(1, Ordering::Relaxed);
        Some(Entry {
            registry: Arc::clone(self),
            session,
        })
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Shared>> {
        self.shard(id).lock().get(id).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Calls `f` for every session, without holding a lock meanwhile.
    fn for_each(&self, mut f: impl FnMut(&Arc<Shared>)) {
        for shard in &self.shards {
            let sessions: Vec<_> = shard.lock().values().cloned().collect();
            sessions.iter().for_each(&mut f);
        }
    }

    /// Returns when no session is left.
    async fn sessions_ended(&self) {
        self.sessions.emptied().await;
    }

    /// Returns when no session is left and no WebSocket of one.
    async fn emptied(&self) {
        self.sessions.emptied().await;
        self.sockets.emptied().await;
    }

    /// Closes every session and returns when they are gone, by the `deadline` at the latest.
    pub(crate) async fn close_all(&self, reason: CloseReason, deadline: Duration) {
        self.for_each(|session| session.close(reason));
        if tokio::time::timeout(deadline, self.emptied())
            .await
            .is_err()
        {
            let sessions = self.len();
            if sessions > 0 {
                tracing::warn!(
                    sessions,
                    "clients did not take their last packets in time: cutting them off"
                );
            }
            self.for_each(|session| session.abort(reason));
            self.sessions_ended().await;
        }
    }

    fn shard(&self, id: &str) -> &Mutex<HashMap<SessionId, Arc<Shared>>> {
        // To spread random characters over a few locks the sum of them does; a second hash beside
        // that of the map would cost as much as all the rest of a look-up.
        let index = id.bytes().map(usize::from).sum::<usize>() % SHARDS;
        &self.shards[index]
    }
}

/// A session's place in the table. Its end is the end of the session, however it comes: when the
/// runtime ends or the application panics, too.
#[derive(Debug)]
pub(crate) struct Entry {
    registry: Arc<Registry>,
    pub(crate) session: Arc<Shared>,
}

impl Entry {
    /// Takes the session out of the table: new requests do not find it, and it counts no more.
    pub(crate) fn hide(&self) {
        let id = self.session.id();
        let mut sessions = self.registry.shard(id.as_str()).lock();
        // Once it is hidden, another session may have the same id.
        let known = sessions
            .get(id)
            .is_some_and(|known| Arc::ptr_eq(known, &self.session));
        if known {
            sessions.remove(id);
            self.registry.len.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Counts a WebSocket of the session that is about to be closed.
    pub(crate) fn closing_socket(&self) -> ClosingSocket {
        self.registry.sockets.enter();
        ClosingSocket(Arc::clone(&self.registry))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.hide();
        // Without effect where the session ended in good order.
        self.session.abort(CloseReason::ServerShuttingDown);
        // A transport that nobody has fetched would stay open for as long as there are handles, and so
        // would one that is lent. So would observers that hold the session.
        let mut state = self.session.lock();
        let left = state
            .rare_if_any()
            .map(|rare| (rare.probe.take(), rare.observers.take(), rare.torn.take()));
        let driver = state.take_driver();
        let writer = state.writer.take();
        drop(state);
        drop((left, driver, writer));
        self.registry.sessions.leave();
    }
}

/// A WebSocket that is being closed.
#[derive(Debug)]
pub(crate) struct ClosingSocket(Arc<Registry>);

impl Drop for ClosingSocket {
    fn drop(&mut self) {
        self.0.sockets.leave();
    }
}

/// How many of something there are, and whoever waits until there are none.
#[derive(Debug, Default)]
struct Tally {
    count: AtomicUsize,
    empty: Notify,
}

impl Tally {
    fn enter(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn leave(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_waiters();
        }
    }

    async fn emptied(&self) {
        loop {
            let notified = self.empty.notified();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }
}
