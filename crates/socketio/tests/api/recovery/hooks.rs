//! An adapter with hooks at each step of recovery.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use socketio::adapter::{
    Adapter, AdapterError, AdapterFactory, Answers, BroadcastOptions, InMemoryAdapter,
    LocalSockets, Packet, RecoveryId, RecoveryOptions, RemoteSocketInfo, Resume, RoomList,
    StoredSession,
};
use tokio::time::Instant;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A hook that runs before or after a step of the in-memory adapter.
type Step = Arc<dyn Fn() + Send + Sync>;

/// Hooks of the in-memory adapter. Clones belong to the same server.
#[derive(Clone, Default)]
pub(super) struct RecoveryHooks(Arc<Mutex<Hooks>>);

#[derive(Clone, Default)]
struct Hooks {
    join: Option<Step>,
    persist: Option<Step>,
    taken: Option<Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>>,
    resumed: Option<Step>,
}

impl RecoveryHooks {
    pub(super) fn adapter(&self) -> impl AdapterFactory {
        let hooks = self.clone();
        let start = Instant::now();
        let options = RecoveryOptions::new(move || start.elapsed());
        move |_: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
            Arc::new(HookedAdapter {
                inner: InMemoryAdapter::with_recovery(local, &options),
                hooks: hooks.clone(),
            })
        }
    }

    pub(super) fn on_join(&self, step: impl Fn() + Send + Sync + 'static) {
        self.update(|hooks| hooks.join = Some(Arc::new(step)));
    }

    pub(super) fn on_persist(&self, step: impl Fn() + Send + Sync + 'static) {
        self.update(|hooks| hooks.persist = Some(Arc::new(step)));
    }

    /// Runs after a session has been taken and before the server receives it.
    pub(super) fn on_taken(
        &self,
        step: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        self.update(|hooks| hooks.taken = Some(Arc::new(step)));
    }

    pub(super) fn on_resumed(&self, step: impl Fn() + Send + Sync + 'static) {
        self.update(|hooks| hooks.resumed = Some(Arc::new(step)));
    }

    pub(super) fn clear(&self) {
        self.update(|hooks| *hooks = Hooks::default());
    }

    fn update(&self, update: impl FnOnce(&mut Hooks)) {
        update(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn get(&self) -> Hooks {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

struct HookedAdapter {
    inner: InMemoryAdapter,
    hooks: RecoveryHooks,
}

impl Adapter for HookedAdapter {
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
        if let Some(step) = self.hooks.get().join {
            step();
        }
        self.inner.last_offset()
    }

    fn persist_session(&self, session: StoredSession) -> Result<(), AdapterError> {
        if let Some(step) = self.hooks.get().persist {
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
            if let Some(step) = self.hooks.get().taken {
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
            if let Some(step) = self.hooks.get().resumed {
                step();
            }
            resumed
        })
    }
}
