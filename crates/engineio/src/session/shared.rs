//! What the task, the requests and the handles of a session share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use engineio_proto::{CloseReason, Protocol, SessionConfig, SessionId, Transport};
use parking_lot::Mutex;

use super::locked::Locked;
use super::state::State;

/// What the session's task, the client's requests and the application share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) id: SessionId,
    /// Whether messages of the client pass through, as it was when the lock was last released.
    passes: AtomicBool,
    pub(super) state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(
        id: SessionId,
        config: Arc<SessionConfig>,
        protocol: Protocol,
        transport: Transport,
        now: Instant,
    ) -> Self {
        Self {
            id,
            passes: AtomicBool::new(false),
            state: Mutex::new(State {
                proto: engineio_proto::Session::new(config, protocol, transport, now),
                driver: None,
                asleep: false,
                promised: false,
                writer: None,
                rare: None,
            }),
        }
    }

    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }

    #[inline]
    pub(crate) fn lock(&self) -> Locked<'_> {
        Locked::new(&self.passes, self.state.lock())
    }

    /// Whether a message that comes on the channel is for the application and nobody else. To know
    /// it takes no lock.
    ///
    /// What ends that, such as a handler that closes the session, counts for all messages that come
    /// after it, as it would with the lock. No other memory depends on it.
    #[inline]
    pub(crate) fn passes_messages(&self) -> bool {
        self.passes.load(Ordering::Relaxed)
    }

    /// What is looked at for every request: without the means to wake anybody.
    pub(crate) fn transport_and_protocol(&self) -> (Transport, Protocol) {
        let state = self.state.lock();
        (state.proto.transport(), state.proto.protocol())
    }

    pub(crate) fn close(&self, reason: CloseReason) {
        let mut state = self.lock();
        state.proto.close(now(), reason);
        state.wake_all();
    }

    pub(crate) fn abort(&self, reason: CloseReason) {
        let mut state = self.lock();
        state.proto.abort(reason);
        state.wake_all();
    }
}

/// The current time of the runtime's clock.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
