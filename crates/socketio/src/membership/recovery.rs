//! The recoverable sockets of one namespace.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use socketio_adapter::RecoveryId;
use tokio::time::Instant;

use crate::socket_state::SocketState;
use crate::socket_state::recoverable::RecoveryState;

/// The recovery state of one namespace.
pub(crate) struct Recovery {
    pub(crate) settings: RecoverySettings,
    /// The connected sockets by the secret ids of their clients.
    connected: Mutex<HashMap<RecoveryId, Weak<SocketState>>>,
    /// The number of recoveries in progress, by the secret ids of the clients.
    recovering: Mutex<HashMap<RecoveryId, usize>>,
}

/// The recovery options that the namespace applies itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecoverySettings {
    pub(crate) max_disconnection_duration: Duration,
    pub(crate) skip_middlewares: bool,
}

impl Recovery {
    pub(crate) fn new(settings: RecoverySettings) -> Self {
        Self {
            settings,
            connected: Mutex::default(),
            recovering: Mutex::default(),
        }
    }

    /// Registers a socket that has joined.
    pub(crate) fn joined(&self, socket: &Arc<SocketState>) {
        if let Some(recoverable) = &socket.recoverable {
            let socket = Arc::downgrade(socket);
            self.connected.lock().insert(recoverable.id.clone(), socket);
        }
    }

    /// Removes a socket that has left and records whether it can be recovered.
    pub(crate) fn left(&self, socket: &Arc<SocketState>, state_after_leave: RecoveryState) {
        let Some(recoverable) = &socket.recoverable else {
            return;
        };
        recoverable.settle(state_after_leave);
        let mut connected = self.connected.lock();
        // The client may have recovered it already.
        if connected
            .get(&recoverable.id)
            .is_some_and(|connected| std::ptr::eq(connected.as_ptr(), Arc::as_ptr(socket)))
        {
            connected.remove(&recoverable.id);
        }
        if connected.is_empty() {
            *connected = HashMap::new();
        }
    }

    /// Counts a recovery as in progress until [`end_recovery`](Self::end_recovery) is called.
    pub(crate) fn begin_recovery(&self, id: &RecoveryId) {
        *self.recovering.lock().entry(id.clone()).or_default() += 1;
    }

    /// Ends a recovery, whether it succeeded or not.
    pub(crate) fn end_recovery(&self, id: &RecoveryId) {
        let mut recovering = self.recovering.lock();
        if let Some(count) = recovering.get_mut(id) {
            *count -= 1;
            if *count == 0 {
                recovering.remove(id);
            }
        }
        if recovering.is_empty() {
            *recovering = HashMap::new();
        }
    }

    /// Returns whether a client is recovering its socket. With slow middleware this may last longer
    /// than its session is stored.
    pub(crate) fn is_recovering(&self, id: &RecoveryId) -> bool {
        self.recovering.lock().contains_key(id)
    }

    /// Closes the old connection of a client that has opened a new one before the server noticed
    /// the loss.
    ///
    /// Returns when the session is stored and the disconnect handlers have been started.
    pub(crate) async fn supersede(&self, id: &RecoveryId) {
        let connected = self.connected.lock().get(id).and_then(Weak::upgrade);
        let Some(socket) = connected else { return };
        if let Some(control) = socket.client.control() {
            control.supersede();
        }
        if let Some(recoverable) = &socket.recoverable {
            recoverable.settled().await;
        }
    }

    /// Returns the time until which a client can recover a connection that is lost now.
    pub(crate) fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.settings.max_disconnection_duration)
            .unwrap_or(now)
    }
}
