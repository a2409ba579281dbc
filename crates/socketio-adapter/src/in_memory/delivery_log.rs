//! Stores packets and delivers them in the order in which they are numbered.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::ReentrantMutex;
use smallvec::SmallVec;
use socketio_proto::Packet;

use crate::local::{AfterDelivery, LocalSockets};
use crate::options::BroadcastOptions;
use crate::recovery::{
    KeptPackets, KeptSessions, RecoveryId, RecoveryOptions, Resume, SessionTooLarge, Store,
    StoredSession,
};

/// The stored packets and sessions of a namespace, and the lock that orders deliveries.
///
/// The lock is held while a packet is numbered, stored and sent to every targeted socket, and while a
/// socket is recovered. So every client receives the packets in the order of their numbers, and a
/// recovery happens between two packets: earlier packets are among the missed ones, later packets
/// reach the socket through its rooms.
///
/// The cost: two broadcasts of a namespace do not run at the same time.
///
/// A listener that runs during a delivery may broadcast on the same thread. Its packets are stored at
/// once and delivered after the current one.
#[derive(Debug)]
pub(super) struct DeliveryLog {
    state: ReentrantMutex<RefCell<DeliveryState>>,
}

#[derive(Debug)]
struct DeliveryState {
    packets: KeptPackets,
    sessions: KeptSessions,
    /// The stored packets that are not delivered yet.
    waiting: VecDeque<(Packet, BroadcastOptions)>,
    /// Whether a frame further up the stack of this thread is delivering.
    delivering: bool,
}

impl DeliveryLog {
    pub(super) fn new(options: &RecoveryOptions) -> Arc<Self> {
        let state = DeliveryState {
            packets: KeptPackets::new(options.clone()),
            sessions: KeptSessions::new(options.clone()),
            waiting: VecDeque::new(),
            delivering: false,
        };
        let delivery = Arc::new(Self {
            state: ReentrantMutex::new(RefCell::new(state)),
        });
        let store: Weak<Self> = Arc::downgrade(&delivery);
        options.total.register(store);
        delivery
    }

    pub(super) fn session_count(&self) -> usize {
        self.state.lock().borrow().sessions.len()
    }

    pub(super) fn last_offset(&self) -> String {
        self.state.lock().borrow().packets.last_offset()
    }

    pub(super) fn broadcast(
        &self,
        local: &dyn LocalSockets,
        packet: Packet,
        options: BroadcastOptions,
    ) {
        let after = {
            let state = self.state.lock();
            let first = {
                let mut state = state.borrow_mut();
                let packet = state.packets.keep(packet, &options);
                // Packets also wait if an earlier delivery has panicked.
                if state.delivering || !state.waiting.is_empty() {
                    state.waiting.push_back((packet, options));
                    None
                } else {
                    Some((packet, options))
                }
            };
            deliver(&state, local, first)
        };
        drop(after);
    }

    pub(super) fn persist(&self, session: StoredSession) -> Result<(), SessionTooLarge> {
        self.state.lock().borrow_mut().sessions.keep(session)
    }

    pub(super) fn take(&self, id: &RecoveryId, offset: &str) -> Option<StoredSession> {
        let state = self.state.lock();
        let mut state = state.borrow_mut();
        // The session is removed in any case: an unknown offset does not become known later.
        let session = state.sessions.take(id)?;
        state.packets.knows(offset, &session).then_some(session)
    }

    pub(super) fn resume(
        &self,
        local: &dyn LocalSockets,
        session: &StoredSession,
        offset: &str,
        resume: Resume,
    ) -> bool {
        // Declared before the lock, so that it is dropped after the lock.
        let _after;
        let state = self.state.lock();
        if state.borrow().delivering {
            // Some sockets have already received the current packet. Whether this socket has missed
            // it cannot be decided.
            return false;
        }
        let missed = state.borrow_mut().packets.missed(offset, session);
        let Some(missed) = missed else {
            return false;
        };
        let delivering = DeliveringGuard::new(&state);
        let resumed = resume.call(missed);
        drop(delivering);
        _after = deliver(&state, local, None);
        resumed
    }

    pub(super) fn clear(&self) {
        let state = self.state.lock();
        let mut state = state.borrow_mut();
        state.packets.clear();
        state.sessions.clear();
    }
}

impl Store for DeliveryLog {
    fn forget_expired(&self) {
        // The caller holds the lock of another store, so waiting here could deadlock.
        let Some(state) = self.state.try_lock() else {
            return;
        };
        let Ok(mut state) = state.try_borrow_mut() else {
            return;
        };
        state.packets.forget_expired();
        state.sessions.forget_expired();
    }
}

/// The follow-up work of several deliveries, to drop after the lock.
type AfterDeliveries = SmallVec<[AfterDelivery; 1]>;

/// Delivers `first` and all waiting packets.
///
/// Does nothing if a frame further up the stack is delivering. `first` is `None` then.
fn deliver(
    state: &RefCell<DeliveryState>,
    local: &dyn LocalSockets,
    first: Option<(Packet, BroadcastOptions)>,
) -> AfterDeliveries {
    let mut after = AfterDeliveries::new();
    if state.borrow().delivering {
        return after;
    }
    let _delivering = DeliveringGuard::new(state);
    let mut next = first.or_else(|| state.borrow_mut().waiting.pop_front());
    while let Some((packet, options)) = next {
        after.push(local.broadcast_locked(&packet, &options));
        next = state.borrow_mut().waiting.pop_front();
    }
    after
}

/// Marks the state as delivering until it is dropped.
struct DeliveringGuard<'a>(&'a RefCell<DeliveryState>);

impl<'a> DeliveringGuard<'a> {
    fn new(state: &'a RefCell<DeliveryState>) -> Self {
        state.borrow_mut().delivering = true;
        Self(state)
    }
}

impl Drop for DeliveringGuard<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().delivering = false;
    }
}
