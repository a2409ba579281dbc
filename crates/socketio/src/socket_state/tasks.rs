//! The unfinished handlers of one client and their limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use futures_core::future::BoxFuture;
use futures_util::task::AtomicWaker;
use tokio::runtime::Handle;

use crate::socket_state::running_tasks::RunningTasks;
use crate::wire::limits::Limits;

/// The unfinished handlers of one client.
///
/// A handler is first polled in place. Only if it is not ready at once, it moves to a separate task
/// and counts as unfinished until it ends.
pub(crate) struct Tasks {
    /// Stored because sockets are also used from threads outside the runtime.
    runtime: Handle,
    /// The tasks of all clients of the server.
    running: Arc<RunningTasks>,
    limits: Arc<Limits>,
    unfinished: AtomicUsize,
    /// The number of bytes that the events of unfinished handlers hold.
    bytes: AtomicUsize,
    /// Wakes the session's task while it waits for handlers to finish.
    waker: AtomicWaker,
}

impl Tasks {
    pub(crate) fn new(limits: Arc<Limits>, running: Arc<RunningTasks>, runtime: Handle) -> Self {
        Self {
            runtime,
            running,
            limits,
            unfinished: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            waker: AtomicWaker::new(),
        }
    }

    /// Polls a future once and, if it is pending, continues it in a separate task. `bytes` is the
    /// size of its event.
    #[inline]
    pub(crate) fn start(self: &Arc<Self>, mut future: BoxFuture<'static, ()>, bytes: usize) {
        // No wake is lost because the task polls again as soon as it starts.
        let mut cx = Context::from_waker(Waker::noop());
        if future.as_mut().poll(&mut cx).is_pending() {
            self.spawn(future, bytes);
        }
    }

    /// Runs a future in a separate task.
    pub(crate) fn spawn(self: &Arc<Self>, future: BoxFuture<'static, ()>, bytes: usize) {
        let guard = self.count(bytes);
        self.running.spawn(&self.runtime, future, guard);
    }

    /// Returns `Ready` when another handler may be started.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_ready() {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        // A handler may have finished before the waker was set.
        if self.is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Returns whether another handler may be started.
    pub(crate) fn is_ready(&self) -> bool {
        self.unfinished.load(Ordering::Acquire) < self.limits.max_pending_events
            && self.bytes.load(Ordering::Acquire) < self.limits.max_pending_bytes
    }

    /// Counts work that has no task, such as an event in the queue of ordered handlers.
    pub(crate) fn count(self: &Arc<Self>, bytes: usize) -> TaskGuard {
        self.unfinished.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        TaskGuard {
            tasks: Arc::clone(self),
            bytes,
        }
    }
}

/// A count of unfinished work, which is released on drop.
pub(crate) struct TaskGuard {
    tasks: Arc<Tasks>,
    bytes: usize,
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        let Self { tasks, bytes } = self;
        // The decrement itself decides whether a limit is no longer reached. With a separate check
        // before it, another caller could reach the limit in between and never be woken.
        let unfinished = tasks.unfinished.fetch_sub(1, Ordering::AcqRel);
        let held = tasks.bytes.fetch_sub(*bytes, Ordering::AcqRel);
        let limits = &tasks.limits;
        if unfinished >= limits.max_pending_events || held >= limits.max_pending_bytes {
            tasks.waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn, ready};

    use tokio::sync::oneshot;

    use super::*;

    fn tasks(max_pending_events: usize, max_pending_bytes: usize) -> Arc<Tasks> {
        let limits = Limits {
            max_pending_events,
            max_pending_bytes,
            ..Limits::default()
        };
        let tasks = Tasks::new(Arc::new(limits), Arc::default(), Handle::current());
        Arc::new(tasks)
    }

    #[tokio::test]
    async fn a_future_that_is_ready_at_once_starts_no_task() {
        let tasks = tasks(1, 100);
        tasks.start(Box::pin(ready(())), 0);
        assert!(
            poll_fn(|cx| Poll::Ready(tasks.poll_ready(cx)))
                .await
                .is_ready()
        );
    }

    #[tokio::test]
    async fn the_caller_waits_at_the_limit_until_a_task_finishes() {
        let tasks = tasks(2, 100);
        let (finish, finished) = oneshot::channel::<()>();
        tasks.start(Box::pin(async { drop(finished.await) }), 0);
        tasks.start(Box::pin(pending()), 0);
        assert!(
            poll_fn(|cx| Poll::Ready(tasks.poll_ready(cx)))
                .await
                .is_pending()
        );
        finish.send(()).unwrap();
        poll_fn(|cx| tasks.poll_ready(cx)).await;
    }

    #[tokio::test]
    async fn the_bytes_of_events_are_limited() {
        let tasks = tasks(10, 100);
        let held = tasks.count(99);
        assert!(tasks.is_ready());
        let more = tasks.count(1);
        assert!(!tasks.is_ready());
        drop(held);
        poll_fn(|cx| tasks.poll_ready(cx)).await;
        drop(more);
    }
}
