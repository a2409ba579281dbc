//! Keeps packets and delivers them in one and the same order.

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

/// What a namespace keeps for clients that come back, and the turn to deliver.
///
/// The lock is held while a packet is numbered, kept and handed to every socket that is meant, and
/// while a socket is taken back. So every client gets the packets in the order of their numbers, and one
/// that comes back does so between two packets: what was sent before is among those that it has
/// missed, what comes after reaches it in its rooms.
///
/// The price is that two broadcasts of a namespace do not run at the same time.
///
/// Whoever is told of a delivery may send in turn, on the same thread. Such packets are kept at once and
/// delivered after the one that is under way.
#[derive(Debug)]
pub(super) struct Delivery {
    state: ReentrantMutex<RefCell<State>>,
}

#[derive(Debug)]
struct State {
    packets: KeptPackets,
    sessions: KeptSessions,
    /// Kept, and not delivered yet.
    waiting: VecDeque<(Packet, BroadcastOptions)>,
    /// Whether somebody up this thread's stack delivers.
    delivering: bool,
}

impl Delivery {
    pub(super) fn new(options: &RecoveryOptions) -> Arc<Self> {
        let state = State {
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

    pub(super) fn last_offset(&self) -> String {
        self.state.lock().borrow().packets.last_offset()
    }

    pub(super) fn broadcast(
        &self,
        local: &dyn LocalSockets,
        packet: Packet,
        options: BroadcastOptions,
    ) {
        let told = {
            let state = self.state.lock();
            let first = {
                let mut state = state.borrow_mut();
                let packet = state.packets.keep(packet, &options);
                // Something also waits where who delivered it has panicked.
                if state.delivering || !state.waiting.is_empty() {
                    state.waiting.push_back((packet, options));
                    None
                } else {
                    Some((packet, options))
                }
            };
            deliver(&state, local, first)
        };
        drop(told);
    }

    pub(super) fn persist(&self, session: StoredSession) -> Result<(), SessionTooLarge> {
        self.state.lock().borrow_mut().sessions.keep(session)
    }

    pub(super) fn take(&self, id: &RecoveryId, offset: &str) -> Option<StoredSession> {
        let state = self.state.lock();
        let mut state = state.borrow_mut();
        // It is taken in any case: whoever comes back with an offset that is unknown today will not
        // have a better one tomorrow.
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
        // Dropped after the lock.
        let _told;
        let state = self.state.lock();
        if state.borrow().delivering {
            // Half of the sockets have the packet that is under way, and this one might belong to
            // either half.
            return false;
        }
        let missed = state.borrow_mut().packets.missed(offset, session);
        let Some(missed) = missed else {
            return false;
        };
        let turn = Turn::take(&state);
        let resumed = resume.call(missed);
        drop(turn);
        _told = deliver(&state, local, None);
        resumed
    }

    pub(super) fn clear(&self) {
        let state = self.state.lock();
        let mut state = state.borrow_mut();
        state.packets.clear();
        state.sessions.clear();
    }
}

impl Store for Delivery {
    fn forget_expired(&self) {
        // Whoever asks holds the lock of another store. To wait for this one as well might be for
        // ever.
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

/// What is to be dropped when the lock is not held any more.
type Told = SmallVec<[AfterDelivery; 1]>;

/// Delivers a packet and what waits, unless that is being done further up the stack: then there is no
/// packet to begin with.
fn deliver(
    state: &RefCell<State>,
    local: &dyn LocalSockets,
    first: Option<(Packet, BroadcastOptions)>,
) -> Told {
    let mut told = Told::new();
    if state.borrow().delivering {
        return told;
    }
    let _turn = Turn::take(state);
    let mut next = first.or_else(|| state.borrow_mut().waiting.pop_front());
    while let Some((packet, options)) = next {
        told.push(local.broadcast_locked(&packet, &options));
        next = state.borrow_mut().waiting.pop_front();
    }
    told
}

/// Delivering, until it is dropped.
struct Turn<'a>(&'a RefCell<State>);

impl<'a> Turn<'a> {
    fn take(state: &'a RefCell<State>) -> Self {
        state.borrow_mut().delivering = true;
        Self(state)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().delivering = false;
    }
}
