//! An adapter that does at each step of recovery what the test wants.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use socketio::adapter::{
    Adapter, AdapterError, AdapterFactory, Answers, BroadcastOptions, InMemoryAdapter,
    LocalSockets, Packet, RecoveryId, RecoveryOptions, RemoteSocketInfo, Resume, RoomList,
    StoredSession,
};
use tokio::time::Instant;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What comes before, or after, what the adapter in memory does.
type Step = Arc<dyn Fn() + Send + Sync>;

/// The adapter in memory with something added. Clones belong to the same server.
#[derive(Clone, Default)]
pub(super) struct Steps(Arc<Mutex<Added>>);

#[derive(Clone, Default)]
struct Added {
    joining: Option<Step>,
    keeping: Option<Step>,
    taken: Option<Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>>,
    resumed: Option<Step>,
}

impl Steps {
    pub(super) fn adapter(&self) -> impl AdapterFactory {
        let steps = self.clone();
        let start = Instant::now();
        let options = RecoveryOptions::new(move || start.elapsed());
        move |_: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
            Arc::new(Faulty {
                inner: InMemoryAdapter::with_recovery(local, &options),
                steps: steps.clone(),
            })
        }
    }

    pub(super) fn when_joining(&self, step: impl Fn() + Send + Sync + 'static) {
        self.change(|added| added.joining = Some(Arc::new(step)));
    }

    pub(super) fn when_keeping(&self, step: impl Fn() + Send + Sync + 'static) {
        self.change(|added| added.keeping = Some(Arc::new(step)));
    }

    /// A session has been taken, and the server does not know yet.
    pub(super) fn when_taken(
        &self,
        step: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        self.change(|added| added.taken = Some(Arc::new(step)));
    }

    pub(super) fn when_resumed(&self, step: impl Fn() + Send + Sync + 'static) {
        self.change(|added| added.resumed = Some(Arc::new(step)));
    }

    pub(super) fn clear(&self) {
        self.change(|added| *added = Added::default());
    }

    fn change(&self, change: impl FnOnce(&mut Added)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn get(&self) -> Added {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

struct Faulty {
    inner: InMemoryAdapter,
    steps: Steps,
}

impl Adapter for Faulty {
    fn broadcast(&self, packet: Packet, options: BroadcastOptions) {
        self.inner.broadcast(packet, options);
    }

    fn broadcast_with_ack(&self, packet: Packet, options: BroadcastOptions) -> Answers {
        self.inner.broadcast_with_ack(packet, options)
    }

    fn add_sockets(&self, options: BroadcastOptions, rooms: RoomList) {
        self.inner.add_sockets(options, rooms);
    }

    fn del_sockets(&self, options: BroadcastOptions, rooms: RoomList) {
        self.inner.del_sockets(options, rooms);
    }

    fn disconnect_sockets(&self, options: BroadcastOptions, close: bool) {
        self.inner.disconnect_sockets(options, close);
    }

    fn fetch_sockets(
        &self,
        options: BroadcastOptions,
    ) -> BoxFuture<'_, Result<Vec<RemoteSocketInfo>, AdapterError>> {
        self.inner.fetch_sockets(options)
    }

    fn supports_recovery(&self) -> bool {
        true
    }

    fn last_offset(&self) -> Option<String> {
        if let Some(step) = self.steps.get().joining {
            step();
        }
        self.inner.last_offset()
    }

    fn persist_session(&self, session: StoredSession) -> Result<(), AdapterError> {
        if let Some(step) = self.steps.get().keeping {
            step();
        }
        self.inner.persist_session(session)
    }

    fn take_session(
        &self,
        id: RecoveryId,
        offset: String,
    ) -> BoxFuture<'_, Result<Option<StoredSession>, AdapterError>> {
        Box::pin(async move {
            let taken = self.inner.take_session(id, offset).await;
            if let Some(step) = self.steps.get().taken {
                step().await;
            }
            taken
        })
    }

    fn resume_session(
        &self,
        session: StoredSession,
        offset: String,
        resume: Resume,
    ) -> BoxFuture<'_, Result<bool, AdapterError>> {
        Box::pin(async move {
            let resumed = self.inner.resume_session(session, offset, resume).await;
            if let Some(step) = self.steps.get().resumed {
                step();
            }
            resumed
        })
    }
}
