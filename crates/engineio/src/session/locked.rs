//! The state of a session, locked, and who is to be woken when it no longer is.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::task::Waker;

use engineio_proto::Transport;
use parking_lot::MutexGuard;
use tokio::sync::Notify;

use super::state::State;

/// The state of a session, locked.
///
/// Whoever is woken meanwhile is woken when it is no longer locked: a waker may run anything, and the
/// task that it wakes wants the lock.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    // The order matters: fields are dropped from the first to the last.
    state: MutexGuard<'a, State>,
    woken: Woken,
}

/// Who is woken when this is dropped.
#[derive(Debug, Default)]
struct Woken {
    driver: Option<Waker>,
    poll: Option<Waker>,
    post: Option<Waker>,
    drained: Option<Arc<Notify>>,
}

impl<'a> Locked<'a> {
    pub(super) fn new(state: MutexGuard<'a, State>) -> Self {
        Self {
            state,
            woken: Woken::default(),
        }
    }

    /// Wakes whoever writes to the current transport, and the task too if the session has ended.
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

    pub(crate) fn wake_driver(&mut self) {
        if std::mem::take(&mut self.state.asleep) {
            self.woken.driver = self.state.driver.clone();
        }
    }

    pub(crate) fn wake_poll(&mut self) {
        if let Some(rare) = self.state.rare_if_any()
            && let Some(poll) = rare.poll.take()
        {
            self.woken.poll = Some(poll);
        }
    }

    pub(crate) fn wake_post(&mut self) {
        if let Some(rare) = self.state.rare_if_any()
            && let Some(post) = rare.post_waker.take()
        {
            self.woken.post = Some(post);
        }
    }

    pub(crate) fn wake_drained(&mut self) {
        if let Some(rare) = self.state.rare_if_any()
            && let Some(drained) = rare.drained.take()
        {
            self.woken.drained = Some(drained);
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

impl Drop for Woken {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
        if let Some(poll) = self.poll.take() {
            poll.wake();
        }
        if let Some(post) = self.post.take() {
            post.wake();
        }
        if let Some(drained) = &self.drained {
            drained.notify_waiters();
        }
    }
}
