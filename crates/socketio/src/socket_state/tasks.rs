use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// The handlers of one client that have not finished.
///
/// A handler is polled where it is called. Only one that is not ready at once moves to a task of
/// its own, and counts until it ends.
pub(crate) struct Tasks {
    /// Sockets are also used from threads that are not the runtime's.
    runtime: Handle,
    unfinished: AtomicUsize,
    limit: usize,
    /// The bytes that their events hold.
    bytes: AtomicUsize,
    byte_limit: usize,
    /// The session's task, when it waits for handlers to finish.
    waiting: Mutex<Option<Waker>>,
}

impl Tasks {
    pub(crate) fn new(limit: usize, byte_limit: usize, runtime: Handle) -> Self {
        Self {
            runtime,
            bytes: AtomicUsize::new(0),
            byte_limit,
            unfinished: AtomicUsize::new(0),
            limit,
            waiting: Mutex::new(None),
        }
    }

    /// Runs a future as far as it goes at once; the rest goes on in a task of its own, which holds
    /// so many `bytes`. Returns that task, if there is one.
    #[inline]
    pub(crate) fn start<F>(self: &Arc<Self>, mut future: F, bytes: usize) -> Option<AbortHandle>
    where
        F: Future<Output = ()> + Send + Unpin + 'static,
    {
        // The task polls again as soon as it starts, so that no wake can be lost.
        let mut cx = Context::from_waker(Waker::noop());
        if Pin::new(&mut future).poll(&mut cx).is_ready() {
            return None;
        }
        Some(self.spawn(future, bytes))
    }

    /// Runs a future in a task of its own.
    pub(crate) fn spawn<F>(self: &Arc<Self>, future: F, bytes: usize) -> AbortHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let unfinished = self.count(bytes);
        let task = self.runtime.spawn(async move {
            let _unfinished = unfinished;
            future.await;
        });
        task.abort_handle()
    }

    /// Waits until another handler may be started.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_ready() {
            return Poll::Ready(());
        }
        *self.waiting.lock() = Some(cx.waker().clone());
        // One may have finished before the waker was in its place.
        if self.is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Whether another handler may be started.
    pub(crate) fn is_ready(&self) -> bool {
        self.unfinished.load(Ordering::Acquire) < self.limit
            && self.bytes.load(Ordering::Acquire) < self.byte_limit
    }

    /// Counts something that is not a task, such as an event that waits for the one before.
    pub(crate) fn count(self: &Arc<Self>, bytes: usize) -> Unfinished {
        self.unfinished.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        Unfinished {
            tasks: Arc::clone(self),
            bytes,
        }
    }
}

/// Something unfinished, counted until it is dropped.
pub(crate) struct Unfinished {
    tasks: Arc<Tasks>,
    bytes: usize,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Self { tasks, bytes } = self;
        // Whether a limit is left has to be seen in the very step that leaves it: looked at before,
        // somebody could reach it in between and wait for a wake that never comes.
        let unfinished = tasks.unfinished.fetch_sub(1, Ordering::AcqRel);
        let held = tasks.bytes.fetch_sub(*bytes, Ordering::AcqRel);
        if (unfinished >= tasks.limit || held >= tasks.byte_limit)
            && let Some(waker) = tasks.waiting.lock().take()
        {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn, ready};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_future_that_is_ready_at_once_needs_no_task() {
        let tasks = Arc::new(Tasks::new(1, 100, Handle::current()));
        assert!(tasks.start(ready(()), 0).is_none());
        assert!(
            poll_fn(|cx| Poll::Ready(tasks.poll_ready(cx)))
                .await
                .is_ready()
        );
    }

    #[tokio::test]
    async fn at_the_limit_the_caller_waits_until_one_finishes() {
        let tasks = Arc::new(Tasks::new(2, 100, Handle::current()));
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
    async fn what_the_events_hold_is_bounded_too() {
        let tasks = Arc::new(Tasks::new(10, 100, Handle::current()));
        let held = tasks.count(99);
        assert!(tasks.is_ready());
        let more = tasks.count(1);
        assert!(!tasks.is_ready());
        drop(held);
        poll_fn(|cx| tasks.poll_ready(cx)).await;
        drop(more);
    }
}
