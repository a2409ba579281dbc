//! The guard of a session's state, and the wakes that it defers.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::Instant;

use engineio_proto::Transport;
use parking_lot::MutexGuard;
use tokio::sync::Notify;

use super::state::{Post, SessionState};

/// The locked state of a session.
///
/// Tasks are woken after unlocking: a waker may run any code, and the woken task needs the lock.
#[derive(Debug)]
pub(crate) struct StateGuard<'a> {
    /// The flag that can be read without locking, see
    /// [`Shared::passes_messages`](super::Shared::passes_messages).
    passes_messages: &'a AtomicBool,
    // The order matters: fields are dropped from first to last.
    state: MutexGuard<'a, SessionState>,
    woken: DeferredWakes,
}

/// The wakers to call on drop. In most cases there is none or one, which is the cheapest case.
/// Inlined, so that it vanishes from functions that wake nothing.
#[derive(Debug, Default)]
struct DeferredWakes {
    first: Option<Waker>,
    more: Option<Box<MoreWakes>>,
}

#[derive(Debug, Default)]
struct MoreWakes {
    tasks: Vec<Waker>,
    drained: Option<Arc<Notify>>,
}

impl<'a> StateGuard<'a> {
    #[inline]
    pub(crate) fn new(
        passes_messages: &'a AtomicBool,
        state: MutexGuard<'a, SessionState>,
    ) -> Self {
        Self {
            passes_messages,
            state,
            woken: DeferredWakes::default(),
        }
    }

    /// Wakes the task that writes to the current transport, and the driver as well if the session
    /// has ended.
    #[inline]
    pub(crate) fn wake_writer(&mut self, ended: bool) {
        if ended || self.proto.is_upgrading() {
            self.wake_all();
        } else {
            match self.proto.transport() {
                Transport::Polling => self.wake_poll(),
                _ => self.wake_driver(),
            }
        }
    }

    /// Wakes a task after unlocking.
    pub(crate) fn wake(&mut self, task: Waker) {
        self.woken.add(Some(task));
    }

    #[inline]
    pub(crate) fn wake_driver(&mut self) {
        if std::mem::take(&mut self.state.parked) {
            self.woken.add(self.state.driver_waker.clone());
        }
    }

    pub(crate) fn wake_poll(&mut self) {
        if let Some(cold) = self.state.cold_mut()
            && cold.poll_waker.is_some()
            && !cold.driver_slot.defer_poll_wake()
        {
            self.woken.add(cold.poll_waker.take());
        }
    }

    pub(crate) fn wake_post(&mut self) {
        if let Some(cold) = self.state.cold_mut() {
            self.woken.add(cold.post_waker.take());
        }
    }

    /// Ends the POST that was in progress at the upgrade if its body has not arrived by its
    /// deadline.
    pub(crate) fn expire_post(&mut self, now: Instant) {
        if let Some(cold) = self.state.cold_mut()
            && cold.post_deadline.take_if(|at| *at <= now).is_some()
            && matches!(cold.post, Post::Receiving)
        {
            cold.post = Post::Expired;
            self.wake_post();
        }
    }

    pub(crate) fn wake_drained(&mut self) {
        if let Some(cold) = self.state.cold_mut()
            && let Some(drained) = cold.drained.take()
        {
            self.woken.more.get_or_insert_default().drained = Some(drained);
        }
    }

    pub(crate) fn wake_all(&mut self) {
        self.wake_driver();
        self.wake_poll();
        if self.proto.is_closed() {
            self.wake_drained();
            self.wake_post();
        }
    }
}

impl Drop for StateGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let passes = self.state.passes_messages();
        self.passes_messages.store(passes, Ordering::Relaxed);
    }
}

impl Deref for StateGuard<'_> {
    type Target = SessionState;

    fn deref(&self) -> &SessionState {
        &self.state
    }
}

impl DerefMut for StateGuard<'_> {
    fn deref_mut(&mut self) -> &mut SessionState {
        &mut self.state
    }
}

impl DeferredWakes {
    #[inline]
    fn add(&mut self, task: Option<Waker>) {
        if self.first.is_none() {
            self.first = task;
        } else if let Some(task) = task {
            self.add_another(task);
        }
    }

    #[cold]
    fn add_another(&mut self, task: Waker) {
        self.more.get_or_insert_default().tasks.push(task);
    }
}

impl Drop for DeferredWakes {
    #[inline]
    fn drop(&mut self) {
        if let Some(first) = self.first.take() {
            first.wake();
        }
        if let Some(more) = self.more.take() {
            more.wake();
        }
    }
}

impl MoreWakes {
    #[cold]
    fn wake(self) {
        for task in self.tasks {
            task.wake();
        }
        if let Some(drained) = self.drained {
            drained.notify_waiters();
        }
    }
}
