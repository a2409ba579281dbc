use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use socketio_adapter::RecoveryId;
use tokio::time::Instant;

use crate::socket_state::SocketState;
use crate::socket_state::recoverable::RecoveryState;

/// What a namespace has whose sockets may come back.
pub(crate) struct Recovery {
    pub(crate) settings: RecoverySettings,
    /// The sockets that are connected, by the secret of their clients.
    live: Mutex<HashMap<RecoveryId, Weak<SocketState>>>,
    /// How many clients are about to come back, by their secrets.
    returning: Mutex<HashMap<RecoveryId, usize>>,
}

/// How clients come back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecoverySettings {
    pub(crate) max_disconnection_duration: Duration,
    pub(crate) skip_middlewares: bool,
}

impl Recovery {
    pub(crate) fn new(settings: RecoverySettings) -> Self {
        Self {
            settings,
            live: Mutex::default(),
            returning: Mutex::default(),
        }
    }

    /// Remembers a socket that has joined.
    pub(crate) fn joined(&self, socket: &Arc<SocketState>) {
        if let Some(recoverable) = &socket.recoverable {
            let socket = Arc::downgrade(socket);
            self.live.lock().insert(recoverable.id.clone(), socket);
        }
    }

    /// Says what has become of a socket that has left.
    pub(crate) fn left(&self, socket: &Arc<SocketState>, state_after_leave: RecoveryState) {
        let Some(recoverable) = &socket.recoverable else {
            return;
        };
        recoverable.settle(state_after_leave);
        let mut live = self.live.lock();
        // Its client may be back already.
        if live
            .get(&recoverable.id)
            .is_some_and(|live| std::ptr::eq(live.as_ptr(), Arc::as_ptr(socket)))
        {
            live.remove(&recoverable.id);
        }
        if live.is_empty() {
            *live = HashMap::new();
        }
    }

    /// A client is about to come back, until [`returned`](Self::returned) is called as often.
    pub(crate) fn returning(&self, id: &RecoveryId) {
        *self.returning.lock().entry(id.clone()).or_default() += 1;
    }

    pub(crate) fn returned(&self, id: &RecoveryId) {
        let mut returning = self.returning.lock();
        if let Some(count) = returning.get_mut(id) {
            *count -= 1;
            if *count == 0 {
                returning.remove(id);
            }
        }
        if returning.is_empty() {
            *returning = HashMap::new();
        }
    }

    /// Whether a client is about to come back. It may be later than its session is kept, for
    /// middleware may take its time.
    pub(crate) fn is_returning(&self, id: &RecoveryId) -> bool {
        self.returning.lock().contains_key(id)
    }

    /// Ends the socket that its client has given up for a new connection, which the server has not
    /// noticed yet. Returns when its session is kept and its disconnect handlers have been started.
    pub(crate) async fn supersede(&self, id: &RecoveryId) {
        let live = self.live.lock().get(id).and_then(Weak::upgrade);
        let Some(socket) = live else { return };
        if let Some(control) = socket.client.control() {
            control.supersede();
        }
        if let Some(recoverable) = &socket.recoverable {
            recoverable.settled().await;
        }
    }

    /// Until when a client may come back whose connection has just been lost.
    pub(crate) fn until(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.settings.max_disconnection_duration)
            .unwrap_or(now)
    }
}
