//! The tasks of the handlers of a server, which closing the server waits for.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_core::future::BoxFuture;
use hashbrown::HashMap;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// The number of locks, so that cores that start handlers at the same time rarely contend.
const SHARDS: usize = 16;

/// The tasks of the handlers of a server, including disconnect handlers and middleware.
///
/// A handler that is ready at its first poll has no task and costs nothing here.
#[derive(Default)]
pub(crate) struct RunningTasks {
    shards: [Mutex<Shard>; SHARDS],
    /// Whether a caller waits. Finished tasks notify only then.
    is_awaited: AtomicBool,
    finished: Notify,
}

#[derive(Default)]
struct Shard {
    next: u64,
    tasks: HashMap<u64, TaskState>,
}

enum TaskState {
    /// The task is being spawned, and its handle is not known yet.
    Starting,
    /// As `Starting`, to be aborted as soon as the handle is known.
    Cancelled,
    Running(AbortHandle),
}

/// The place of a task in the list.
#[derive(Clone, Copy)]
struct TaskKey {
    shard: usize,
    number: u64,
}

/// A listed task. Dropping it, finished or not, removes it from the list.
struct ListedTask<G> {
    /// `None` once it is dropped.
    future: Option<BoxFuture<'static, ()>>,
    key: TaskKey,
    list: Arc<RunningTasks>,
    _guard: G,
}

thread_local! {
    /// The address of the list, and the place in it, of the task that this thread polls.
    static CURRENT: Cell<Option<(usize, TaskKey)>> = const { Cell::new(None) };
}

impl RunningTasks {
    /// Runs a future in a task that is listed until it ends. `guard` is dropped with the task.
    pub(crate) fn spawn<G>(
        self: &Arc<Self>,
        runtime: &Handle,
        future: BoxFuture<'static, ()>,
        guard: G,
    ) where
        G: Send + Unpin + 'static,
    {
        // The addresses of futures spread over the shards.
        let address = std::ptr::from_ref(&*future).cast::<()>().addr();
        let key = self.add(address / 64 % SHARDS);
        let task = runtime.spawn(ListedTask {
            future: Some(future),
            key,
            list: Arc::clone(self),
            _guard: guard,
        });
        let handle = task.abort_handle();
        let is_cancelled = self.started(key, handle.clone());
        if is_cancelled {
            handle.abort();
        }
    }

    fn add(&self, shard: usize) -> TaskKey {
        let mut tasks = self.shards[shard].lock();
        let number = tasks.next;
        tasks.next = number.wrapping_add(1);
        tasks.tasks.insert(number, TaskState::Starting);
        TaskKey { shard, number }
    }

    /// Stores the handle of a task unless it has ended. Returns whether the task was cancelled.
    fn started(&self, key: TaskKey, handle: AbortHandle) -> bool {
        let mut shard = self.shards[key.shard].lock();
        match shard.tasks.get_mut(&key.number) {
            Some(TaskState::Cancelled) => true,
            Some(state) => {
                *state = TaskState::Running(handle);
                false
            }
            None => false,
        }
    }

    fn remove(&self, key: TaskKey) {
        let removed = self.shards[key.shard].lock().tasks.remove(&key.number);
        // A caller sets the flag before it counts the tasks under the lock.
        if removed.is_some() && self.is_awaited.load(Ordering::Acquire) {
            self.finished.notify_waiters();
        }
    }

    /// Waits until no task is left except the calling one and others that have called this.
    ///
    /// A handler may close the server, and its own task would never end.
    pub(crate) async fn all_finished(&self) {
        self.is_awaited.store(true, Ordering::Release);
        let mut finished = pin!(self.finished.notified());
        poll_fn(|cx| {
            // A handler may have moved to a task since the last poll.
            self.remove_current();
            // Polled before the tasks are counted, so that no notification is lost.
            while finished.as_mut().poll(cx).is_ready() {
                finished.set(self.finished.notified());
            }
            if self.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn remove_current(&self) {
        if let Some((list, key)) = CURRENT.get()
            && list == std::ptr::from_ref(self).addr()
        {
            self.remove(key);
        }
    }

    fn is_empty(&self) -> bool {
        let mut shards = self.shards.iter();
        shards.all(|shard| shard.lock().tasks.is_empty())
    }

    /// Aborts all tasks and returns their number. Each remains listed until it is dropped.
    pub(crate) fn cancel(&self) -> usize {
        let mut count: usize = 0;
        for shard in &self.shards {
            let mut handles = Vec::new();
            for state in shard.lock().tasks.values_mut() {
                count = count.saturating_add(1);
                match state {
                    TaskState::Running(handle) => handles.push(handle.clone()),
                    TaskState::Starting => *state = TaskState::Cancelled,
                    TaskState::Cancelled => {}
                }
            }
            handles.iter().for_each(AbortHandle::abort);
        }
        count
    }
}

impl<G: Unpin> Future for ListedTask<G> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let list = Arc::as_ptr(&self.list).addr();
        let _current = CurrentGuard(CURRENT.replace(Some((list, self.key))));
        match &mut self.future {
            Some(future) => future.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl<G> Drop for ListedTask<G> {
    fn drop(&mut self) {
        // The future is dropped first, because a caller may wait for that.
        self.future = None;
        self.list.remove(self.key);
    }
}

/// Restores the previous task of the thread, also after a panic.
struct CurrentGuard(Option<(usize, TaskKey)>);

impl Drop for CurrentGuard {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    fn spawn(list: &Arc<RunningTasks>, future: impl Future<Output = ()> + Send + 'static) {
        list.spawn(&Handle::current(), Box::pin(future), ());
    }

    #[tokio::test]
    async fn a_task_is_listed_until_it_ends() {
        let list = Arc::new(RunningTasks::default());
        list.all_finished().await;
        let (finish, finished) = oneshot::channel::<()>();
        spawn(&list, async { drop(finished.await) });
        assert!(!list.is_empty());
        finish.send(()).expect("the task waits");
        list.all_finished().await;
        assert_eq!(list.cancel(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn cancelled_tasks_are_dropped() {
        struct Dropped(Option<oneshot::Sender<()>>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.take().expect("once").send(()).ok();
            }
        }
        let list = Arc::new(RunningTasks::default());
        let (sender, mut dropped) = oneshot::channel();
        let held = Dropped(Some(sender));
        spawn(&list, async {
            let _held = held;
            pending().await
        });
        let waiting = timeout(Duration::from_secs(1), list.all_finished());
        waiting.await.expect_err("the task never ends");
        assert_eq!(list.cancel(), 1);
        list.all_finished().await;
        dropped.try_recv().expect("the future was dropped");
    }

    #[tokio::test]
    async fn tasks_that_wait_do_not_wait_for_each_other() {
        let list = Arc::new(RunningTasks::default());
        let (done, mut all_done) = tokio::sync::mpsc::channel(2);
        for _ in 0..2 {
            let (waits_for, done) = (Arc::clone(&list), done.clone());
            spawn(&list, async move {
                waits_for.all_finished().await;
                done.send(()).await.ok();
            });
        }
        for _ in 0..2 {
            all_done.recv().await.expect("both end");
        }
    }
}
