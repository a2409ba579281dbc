//! The tasks of the handlers of a server, which closing the server waits for.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
    /// The number of tasks that were cancelled.
    cancelled: AtomicUsize,
}

#[derive(Default)]
struct Shard {
    next: u64,
    tasks: HashMap<u64, TaskState>,
}

enum TaskState {
    /// The task is being spawned, and its handle is not known yet.
    Starting,
    Running(AbortHandle),
    /// The task was aborted, or is aborted as soon as its handle is known.
    Cancelled,
}

/// The place of a task in the list.
#[derive(Clone, Copy)]
struct TaskKey {
    shard: usize,
    number: u64,
}

/// A listed task.
struct ListedTask<G> {
    /// Dropped before the entry, because a caller may wait for that.
    future: BoxFuture<'static, ()>,
    entry: ListEntry,
    _guard: G,
}

/// The entry of a task in the list. It is removed on drop, even if the destructor of the future
/// panics.
struct ListEntry {
    key: TaskKey,
    list: Arc<RunningTasks>,
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
        let address = std::ptr::from_ref(&*future).cast::<()>().addr();
        let key = self.add(shard_of(address));
        let task = runtime.spawn(ListedTask {
            future,
            entry: ListEntry {
                key,
                list: Arc::clone(self),
            },
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

    /// Aborts all tasks. Each remains listed until it is dropped.
    pub(crate) fn cancel(&self) {
        for shard in &self.shards {
            let mut handles = Vec::new();
            for state in shard.lock().tasks.values_mut() {
                match std::mem::replace(state, TaskState::Cancelled) {
                    TaskState::Running(handle) => handles.push(handle),
                    TaskState::Starting => {}
                    TaskState::Cancelled => continue,
                }
                self.cancelled.fetch_add(1, Ordering::Relaxed);
            }
            handles.iter().for_each(AbortHandle::abort);
        }
    }

    /// Returns the number of tasks that were cancelled.
    pub(crate) fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::Relaxed)
    }
}

impl<G: Unpin> Future for ListedTask<G> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let list = Arc::as_ptr(&self.entry.list).addr();
        let _current = CurrentGuard(CURRENT.replace(Some((list, self.entry.key))));
        self.future.as_mut().poll(cx)
    }
}

impl Drop for ListEntry {
    fn drop(&mut self) {
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

/// Returns the shard for a future at this address.
///
/// Addresses of one size class have a power of two as their distance. The multiplication with the
/// golden ratio, in 32 bits, spreads them over all shards.
fn shard_of(address: usize) -> usize {
    (address.wrapping_mul(0x9E37_79B9) >> 28) % SHARDS
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
        list.cancel();
        assert_eq!(list.cancelled(), 0);
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
        list.cancel();
        list.all_finished().await;
        assert_eq!(list.cancelled(), 1);
        dropped.try_recv().expect("the future was dropped");
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_of_a_cancelled_future_does_not_keep_it_listed() {
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                panic!("on purpose");
            }
        }
        let list = Arc::new(RunningTasks::default());
        let held = Panics;
        spawn(&list, async {
            let _held = held;
            pending().await
        });
        list.cancel();
        let ended = timeout(Duration::from_secs(1), list.all_finished());
        ended.await.expect("the task has ended");
    }

    #[tokio::test]
    async fn a_task_is_cancelled_and_counted_once() {
        let list = Arc::new(RunningTasks::default());
        spawn(&list, pending());
        list.cancel();
        spawn(&list, pending());
        list.cancel();
        list.all_finished().await;
        assert_eq!(list.cancelled(), 2);
    }

    #[test]
    fn addresses_of_every_size_class_spread_over_the_shards() {
        for size in (4..16).map(|exponent| 1_usize << exponent) {
            let shards = (0..160).map(|place| shard_of(0x7f00_0000_0000 + place * size));
            let mut counts = [0; SHARDS];
            shards.for_each(|shard| counts[shard] += 1);
            assert!(
                counts.iter().all(|&count| count <= 20),
                "{size}: {counts:?}"
            );
        }
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
