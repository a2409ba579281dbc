//! Counts of events on all connections, and a future that waits for a count.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

/// Counts of events on all connections.
#[derive(Default)]
pub(crate) struct Tally {
    /// The number of bytes that the server has written.
    pub(crate) bytes: Count,
    /// The number of writes.
    pub(crate) writes: Count,
    /// The number of reads that found no data: the server has handled all earlier data.
    pub(crate) waits: Count,
    /// The number of connections that the server has dropped.
    pub(crate) ends: Count,
}

impl Tally {
    /// Returns the counts that change with any event.
    pub(crate) fn numbers(&self) -> [usize; 3] {
        [&self.writes, &self.waits, &self.ends].map(Count::number)
    }
}

/// An increasing number, and the waker of the task that waits for its goal.
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

    /// Waits until the number is at least `goal`.
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
