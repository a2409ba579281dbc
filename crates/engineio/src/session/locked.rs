//! The state of a session, locked, and who is to be woken when it no longer is.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use engineio_proto::Transport;
use parking_lot::MutexGuard;
use smallvec::SmallVec;
use tokio::sync::Notify;

use super::state::State;

/// The state of a session, locked.
///
/// Whoever is woken meanwhile is woken when it is no longer locked: a waker may run anything, and the
/// task that it wakes wants the lock.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    /// What is known without the lock, see [`Shared::passes_messages`](super::Shared::passes_messages).
    passes_messages: &'a AtomicBool,
    // The order matters: fields are dropped from the first to the last.
    state: MutexGuard<'a, State>,
    woken: Woken,
}

/// Who is woken when this is dropped. Nobody is as a rule, or one task: that costs least. It is
/// inlined so that nothing is left of it where nobody can have been added.
#[derive(Debug, Default)]
struct Woken {
    first: Option<Waker>,
    more: Option<Box<More>>,
}

#[derive(Debug, Default)]
struct More {
    tasks: SmallVec<[Waker; 2]>,
    drained: Option<Arc<Notify>>,
}

impl<'a> Locked<'a> {
    #[inline]
    pub(crate) fn new(passes_messages: &'a AtomicBool, state: MutexGuard<'a, State>) -> Self {
        Self {
            passes_messages,
            state,
            woken: Woken::default(),
        }
    }

    /// Wakes whoever writes to the current transport, and the task too if the session has ended.
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

    /// Wakes a task.
    pub(crate) fn wake(&mut self, task: Waker) {
        self.woken.add(Some(task));
    }

    #[inline]
    pub(crate) fn wake_driver(&mut self) {
        if std::mem::take(&mut self.state.asleep) {
            self.woken.add(self.state.driver.clone());
        }
    }

    pub(crate) fn wake_poll(&mut self) {
        if let Some(rare) = self.state.rare_if_any()
            && rare.poll.is_some()
            && !rare.driver.holds_poll()
        {
            self.woken.add(rare.poll.take());
        }
    }

    pub(crate) fn wake_post(&mut self) {
        if let Some(rare) = self.state.rare_if_any() {
            self.woken.add(rare.post_waker.take());
        }
    }

    pub(crate) fn wake_drained(&mut self) {
        if let Some(rare) = self.state.rare_if_any()
            && let Some(drained) = rare.drained.take()
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

impl Drop for Locked<'_> {
    #[inline]
    fn drop(&mut self) {
        let passes = self.state.passes_messages();
        self.passes_messages.store(passes, Ordering::Relaxed);
    }
}

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Woken {
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

impl Drop for Woken {
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

impl More {
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
