//! The state that the collector and the stream share.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use hashbrown::HashSet;
use parking_lot::{Mutex, MutexGuard};

use super::missing::MissingAnswers;
use super::socket_answer::SocketAnswer;
use super::tally::Tally;
use crate::socket_id::SocketId;

/// The unread answers, and the missing ones.
#[derive(Debug, Default)]
pub(super) struct Collected {
    state: Mutex<CollectedState>,
}

#[derive(Debug, Default)]
struct CollectedState {
    /// Whether no more answers are accepted.
    closed: bool,
    queue: VecDeque<SocketAnswer>,
    tally: Tally,
    /// The sockets with known ids that have not answered.
    asked: HashSet<SocketId>,
    waker: Option<Waker>,
}

impl Collected {
    pub(super) fn expect_servers(&self, servers: usize) {
        self.update(|state| state.tally.expect_servers(servers));
    }

    pub(super) fn server_reported(&self, sockets: usize) {
        self.update(|state| state.tally.server_reported(sockets));
    }

    pub(super) fn asked(&self, socket: SocketId) {
        self.update(|state| _ = state.asked.insert(socket));
    }

    pub(super) fn socket_done(&self, answer: SocketAnswer) {
        self.update(|state| {
            state.tally.socket_done();
            if let Some(socket) = &answer.socket {
                state.asked.remove(socket);
            }
            state.queue.push_back(answer);
        });
    }

    /// Accepts no more answers. Answers that have arrived can still be read.
    pub(super) fn stop(&self) {
        self.update(|state| state.closed = true);
    }

    /// Accepts no more answers, and drops the unread ones.
    pub(super) fn discard(&self) {
        self.stop();
        let unread = std::mem::take(&mut self.state.lock().queue);
        drop(unread);
    }

    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<SocketAnswer>> {
        // Cloned and dropped without the lock, because a waker may run any code.
        let mut waker = None;
        loop {
            let mut state = self.state.lock();
            if let Some(answer) = state.queue.pop_front() {
                return Poll::Ready(Some(answer));
            }
            if state.closed {
                return Poll::Ready(None);
            }
            let stored = state.waker.as_ref();
            if stored.is_some_and(|stored| stored.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            if waker.is_some() {
                std::mem::swap(&mut state.waker, &mut waker);
                return Poll::Pending;
            }
            drop(state);
            waker = Some(cx.waker().clone());
        }
    }

    /// Returns the missing answers.
    pub(super) fn missing(&self) -> MissingAnswers {
        let state = self.state.lock();
        MissingAnswers::new(state.tally.missing_servers(), state.tally.missing_sockets())
            .with_socket_ids(state.asked.iter().cloned().collect())
    }

    fn update(&self, change: impl FnOnce(&mut CollectedState)) {
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        let queued = state.queue.len();
        change(&mut state);
        wake_if_changed(state, queued);
    }
}

/// Wakes the stream after a change, if it has an answer more than before or has ended.
fn wake_if_changed(mut state: MutexGuard<'_, CollectedState>, queued_before: usize) {
    state.closed |= state.tally.is_complete();
    if !state.closed && state.queue.len() <= queued_before {
        return;
    }
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Weak};
    use std::task::Wake;

    use super::*;

    /// A waker whose destructor checks that the state is unlocked.
    struct ChecksLock(Weak<Collected>);

    impl Wake for ChecksLock {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for ChecksLock {
        fn drop(&mut self) {
            if let Some(collected) = self.0.upgrade() {
                assert!(collected.state.try_lock().is_some());
            }
        }
    }

    #[test]
    fn no_lock_is_held_while_a_waker_is_dropped() {
        let collected = Arc::new(Collected::default());
        let poll = |collected: &Arc<Collected>| {
            let waker = Waker::from(Arc::new(ChecksLock(Arc::downgrade(collected))));
            let pending = collected.poll_next(&Context::from_waker(&waker));
            assert!(pending.is_pending());
        };
        // The second waker replaces the first one.
        poll(&collected);
        poll(&collected);
        collected.stop();
        let ended = collected.poll_next(&Context::from_waker(Waker::noop()));
        assert_eq!(ended, Poll::Ready(None));
    }
}
