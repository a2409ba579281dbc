//! What has happened on all connections, and somebody who waits for it.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

/// What has happened on all connections.
#[derive(Default)]
pub(crate) struct Tally {
    /// Bytes that the server has written.
    pub(crate) bytes: Count,
    /// Times that it wrote.
    pub(crate) writes: Count,
    /// How often the server wanted to read and there was nothing: it is done with what came before.
    pub(crate) waits: Count,
    /// Connections that the server has let go.
    pub(crate) ends: Count,
}

impl Tally {
    /// All of it, to see whether something has happened.
    pub(crate) fn numbers(&self) -> [usize; 3] {
        [&self.writes, &self.waits, &self.ends].map(Count::number)
    }
}

/// A number that grows, and whom to wake when it is high enough.
#[derive(Default)]
pub(crate) struct Count {
    number: AtomicUsize,
    goal: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Count {
    pub(crate) fn number(&self) -> usize {
        self.number.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, number: usize) {
        let before = self.number.fetch_add(number, Ordering::Relaxed);
        let goal = self.goal.load(Ordering::Relaxed);
        if before < goal && before + number >= goal {
            let waker = self.waker();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Waits until the number is at least this.
    pub(crate) async fn reach(&self, goal: usize) {
        self.goal.store(goal, Ordering::Relaxed);
        poll_fn(|cx| {
            if self.number() >= goal {
                return Poll::Ready(());
            }
            *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn waker(&self) -> Option<Waker> {
        self.waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
