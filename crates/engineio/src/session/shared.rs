//! The state that the task, the requests and the handles of a session share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use engineio_proto::{CloseReason, Protocol, SessionConfig, SessionId, Transport};
use parking_lot::Mutex;

use super::counters::CounterCells;
use super::state::SessionState;
use super::state_guard::StateGuard;

/// The state that the session's task, the client's requests and the application share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) id: SessionId,
    /// The counts of the engine.
    pub(super) counters: Arc<CounterCells>,
    /// Whether client messages bypass the protocol, as of the last unlock.
    passes: AtomicBool,
    pub(super) state: Mutex<SessionState>,
}

impl Shared {
    pub(crate) fn new(
        id: SessionId,
        config: Arc<SessionConfig>,
        protocol: Protocol,
        transport: Transport,
        now: Instant,
        counters: Arc<CounterCells>,
    ) -> Self {
        Self {
            id,
            counters,
            passes: AtomicBool::new(false),
            state: Mutex::new(SessionState {
                proto: engineio_proto::Session::new(config, protocol, transport, now),
                driver_waker: None,
                parked: false,
                flush_scheduled: false,
                writer: None,
                cold: None,
            }),
        }
    }

    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }

    #[inline]
    pub(crate) fn lock(&self) -> StateGuard<'_> {
        StateGuard::new(&self.passes, self.state.lock())
    }

    /// Returns whether a client message on the channel changes nothing in the protocol's state, so
    /// that it can be delivered without locking.
    ///
    /// A change, such as a handler that closes the session, affects all messages that follow it, as
    /// it would with the lock. No other memory is synchronized by this flag.
    #[inline]
    pub(crate) fn passes_messages(&self) -> bool {
        self.passes.load(Ordering::Relaxed)
    }

    /// Returns what every request checks: the transport, the protocol revision, and whether another
    /// transport is being probed. Locks without the overhead of a [`StateGuard`].
    pub(crate) fn for_request(&self) -> (Transport, Protocol, bool) {
        let state = self.state.lock();
        let proto = &state.proto;
        (proto.transport(), proto.protocol(), proto.is_upgrading())
    }

    /// Returns whether the session is neither closed nor closing.
    pub(crate) fn is_open(&self) -> bool {
        self.state.lock().proto.is_open()
    }

    /// Closes the session once all queued messages have been sent. Returns whether it was open.
    pub(crate) fn close(&self, reason: CloseReason) -> bool {
        let mut state = self.lock();
        let was_open = state.proto.is_open();
        if state.is_receiving_post() && state.proto.is_queue_empty() {
            // A client that holds its POST cannot delay the end, as with Node's server, which ends
            // the request.
            state.proto.shut_down(now(), reason);
        } else {
            state.proto.close(now(), reason);
        }
        state.wake_all();
        was_open
    }

    /// Closes the session without waiting for a poll only to send the close packet.
    pub(crate) fn shut_down(&self, reason: CloseReason) {
        let mut state = self.lock();
        state.proto.shut_down(now(), reason);
        state.wake_all();
    }

    pub(crate) fn abort(&self, reason: CloseReason) {
        let mut state = self.lock();
        state.proto.abort(reason);
        state.wake_all();
    }
}

/// Returns the current time of the runtime's clock.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
