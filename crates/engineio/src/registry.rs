use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engineio_proto::SessionId;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::session::Shared;

/// Connecting clients of several cores should rarely meet at one lock.
const SHARDS: usize = 16;

/// The sessions that are open, by id.
#[derive(Debug)]
pub(crate) struct Registry {
    hasher: RandomState,
    shards: [Mutex<HashMap<SessionId, Arc<Shared>>>; SHARDS],
    len: AtomicUsize,
    /// Told when the last session is gone.
    empty: Notify,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            shards: Default::default(),
            len: AtomicUsize::new(0),
            empty: Notify::new(),
        }
    }

    pub(crate) fn insert(&self, session: Arc<Shared>) {
        let id = session.id().clone();
        if self.shard(&id).lock().insert(id, session).is_none() {
            self.len.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn find(&self, id: &SessionId) -> Option<Arc<Shared>> {
        self.shard(id).lock().get(id).cloned()
    }

    pub(crate) fn remove(&self, id: &SessionId) {
        if self.shard(id).lock().remove(id).is_some()
            && self.len.fetch_sub(1, Ordering::AcqRel) == 1
        {
            self.empty.notify_waiters();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Calls `f` for every session, without holding a lock meanwhile.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&Arc<Shared>)) {
        for shard in &self.shards {
            let sessions: Vec<_> = shard.lock().values().cloned().collect();
            sessions.iter().for_each(&mut f);
        }
    }

    /// Returns when no session is left.
    pub(crate) async fn emptied(&self) {
        loop {
            let notified = self.empty.notified();
            if self.len() == 0 {
                return;
            }
            notified.await;
        }
    }

    fn shard(&self, id: &SessionId) -> &Mutex<HashMap<SessionId, Arc<Shared>>> {
        let index = self.hasher.hash_one(id) as usize % SHARDS;
        &self.shards[index]
    }
}
