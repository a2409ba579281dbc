//! The flush queue: tasks that write broadcasts for parked sessions.
//!
//! A broadcast that wakes every driver pays for scheduling thousands of tasks. Instead it collects
//! the sessions whose drivers are parked in a [`FlushGroup`] of 16 and submits the group to the
//! [`FlushQueue`] of its runtime. A few [`FlushTask`]s, usually one per worker thread, take groups
//! from the queue and write them with the writers that the drivers have lent.
//!
//! - Fairness: a flush task yields between groups, so that a large broadcast delays other tasks by
//!   one group. If the thread is busy with other work, the task may continue for a [`TimeSlice`] as
//!   long as that work took. [`FlushClock`] measures it.
//! - Slow clients: the bytes that a connection does not accept are stored as a partial write, and
//!   the driver is woken to continue it. The flush task never waits for a client.
//! - No message is lost: a group that is dropped unflushed, because its runtime ends, wakes the
//!   drivers.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use engineio_proto::Batch;
use parking_lot::Mutex;
use tokio::runtime::{self, Handle};
use tokio::task::yield_now;

use crate::session::shared::Shared;
use crate::session::spawn_on;

/// The number of sessions that are flushed before the task yields: 16, which takes about 50
/// microseconds.
pub(super) const GROUP_SIZE: usize = 16;

/// The longest time for which a task continues with further groups before it yields: 1 millisecond.
const MAX_TIME_SLICE: Duration = Duration::from_millis(1);

/// The flush queues of all runtimes that have one.
static QUEUES: Mutex<Vec<(runtime::Id, Weak<FlushQueue>)>> = Mutex::new(Vec::new());

/// Sessions that are scheduled to be flushed.
#[derive(Debug, Default)]
pub(super) struct FlushGroup {
    sessions: Vec<Arc<Shared>>,
}

impl FlushGroup {
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn push(&mut self, session: Arc<Shared>) {
        if self.sessions.is_empty() {
            self.sessions.reserve_exact(GROUP_SIZE);
        }
        self.sessions.push(session);
    }

    fn flush(mut self, batch: &mut Batch) {
        while let Some(session) = self.sessions.pop() {
            session.flush_parked(batch);
        }
    }
}

/// Wakes the drivers of the remaining sessions, so that no message is forgotten when a runtime
/// ends.
impl Drop for FlushGroup {
    fn drop(&mut self) {
        for session in self.sessions.drain(..) {
            let mut state = session.lock();
            state.flush_scheduled = false;
            state.wake_driver();
        }
    }
}

/// The groups of all broadcasts on one runtime that no task has taken yet, in order.
///
/// There are few tasks and one queue. Consecutive groups often hold the members of one room, which
/// are close in memory. However many broadcasts are in progress, other tasks wait for only a few
/// groups.
#[derive(Debug)]
pub(super) struct FlushQueue {
    /// The number of worker threads of the runtime.
    threads: usize,
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    groups: VecDeque<FlushGroup>,
    tasks: usize,
}

impl FlushQueue {
    /// Returns the flush queue of a runtime. It is kept alive by broadcasts and flush tasks.
    pub(super) fn for_runtime(runtime: &Handle) -> Arc<Self> {
        let id = runtime.id();
        let mut all = QUEUES.lock();
        let known = all.iter().find(|(of, _)| *of == id);
        if let Some(queue) = known.and_then(|(_, queue)| queue.upgrade()) {
            return queue;
        }
        let queue = Arc::new(Self {
            threads: runtime.metrics().num_workers(),
            pending: Mutex::default(),
        });
        all.retain(|(_, queue)| queue.strong_count() > 0);
        all.push((id, Arc::downgrade(&queue)));
        queue
    }

    /// Adds a group. Returns whether a task was spawned for it, which is not the case if there are
    /// enough.
    pub(super) fn add(self: &Arc<Self>, group: FlushGroup, runtime: &Handle) -> bool {
        let mut pending = self.pending.lock();
        pending.groups.push_back(group);
        let spawns = pending.tasks < self.threads;
        if spawns {
            pending.tasks += 1;
            drop(pending);
            self.spawn_task(runtime);
        }
        spawns
    }

    /// Spawns another task for the pending groups, if the runtime has more than one thread.
    ///
    /// Tokio keeps the most recently spawned task of a worker thread local to that thread until the
    /// thread spawns another one. A group would wait for as long as the handler runs that
    /// broadcasts. So a broadcast that has spawned fewer than two tasks calls this for each missing
    /// one. Earlier tasks may be stuck in the same way, or on the threads on which they have
    /// yielded.
    pub(super) fn spawn_extra_task(self: &Arc<Self>, runtime: &Handle) {
        let mut pending = self.pending.lock();
        let most = self.threads.saturating_mul(2);
        if self.threads > 1 && pending.tasks < most && !pending.groups.is_empty() {
            pending.tasks += 1;
            drop(pending);
            self.spawn_task(runtime);
        }
    }

    /// Spawns a task that is already counted.
    fn spawn_task(self: &Arc<Self>, runtime: &Handle) {
        let task = FlushTask {
            queue: Arc::clone(self),
            counted: true,
        };
        spawn_on(runtime, Box::pin(task.run()));
    }

    fn is_empty(&self) -> bool {
        self.pending.lock().groups.is_empty()
    }
}

/// A task that flushes groups until the queue is empty.
struct FlushTask {
    queue: Arc<FlushQueue>,
    counted: bool,
}

impl FlushTask {
    async fn run(mut self) {
        let mut batch = Batch::default();
        let mut slice = TimeSlice::default();
        // The task holds no group while it yields, because no other task could take it.
        while let Some(group) = self.next_group() {
            let started = Instant::now();
            group.flush(&mut batch);
            let now = Instant::now();
            FlushClock::record(now.saturating_duration_since(started));
            if self.queue.is_empty() || slice.is_left(now) {
                continue;
            }
            let clock = FlushClock::now();
            // A plain wake of this task would not do: tokio would then poll for IO only once in 61
            // groups.
            yield_now().await;
            let resumed = Instant::now();
            let elapsed = resumed.saturating_duration_since(now);
            slice = TimeSlice::starting_at(resumed, clock.other_work(elapsed));
        }
    }

    /// Returns the next group. If there is none, the task is no longer counted, and `add` spawns
    /// another one.
    fn next_group(&mut self) -> Option<FlushGroup> {
        let mut pending = self.queue.pending.lock();
        let group = pending.groups.pop_front();
        if group.is_none() {
            pending.tasks -= 1;
            self.counted = false;
        }
        group
    }
}

/// Allows another task to be spawned, even after a panic.
impl Drop for FlushTask {
    fn drop(&mut self) {
        if self.counted {
            self.queue.pending.lock().tasks -= 1;
        }
    }
}

thread_local! {
    /// The time that flush tasks have spent writing on this thread, in nanoseconds.
    static FLUSH_NANOS: Cell<u64> = const { Cell::new(0) };
}

/// A reading of the thread's counter of time that flush tasks have spent writing.
#[derive(Clone, Copy, Debug)]
struct FlushClock {
    /// The address of the counter, which identifies the thread.
    thread: usize,
    nanos: u64,
}

impl FlushClock {
    fn now() -> Self {
        FLUSH_NANOS.with(|written| Self {
            thread: std::ptr::from_ref(written).addr(),
            nanos: written.get(),
        })
    }

    fn record(time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        FLUSH_NANOS.with(|written| written.set(written.get().wrapping_add(nanos)));
    }

    /// Returns the part of the time since this reading in which the thread did other work than
    /// flushing.
    fn other_work(self, elapsed: Duration) -> Duration {
        let now = Self::now();
        if now.thread != self.thread {
            return Duration::ZERO;
        }
        elapsed.saturating_sub(Duration::from_nanos(now.nanos.wrapping_sub(self.nanos)))
    }
}

/// The time for which a task may flush before it yields again: as long as the thread's other work
/// took. A task that yielded after each group would run only once in 61 tasks on a busy thread.
#[derive(Debug, Default)]
struct TimeSlice {
    until: Option<Instant>,
}

impl TimeSlice {
    /// Creates a time slice that is as long as the other work, within the limit.
    fn starting_at(start: Instant, other_work: Duration) -> Self {
        Self {
            until: start.checked_add(other_work.min(MAX_TIME_SLICE)),
        }
    }

    fn is_left(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns the number of groups that no task has taken.
    pub(in super::super) fn pending_groups() -> usize {
        let queue = FlushQueue::for_runtime(&Handle::current());
        queue.pending.lock().groups.len()
    }

    /// Counts the maximum number of tasks, none of which runs.
    pub(in super::super) fn saturate_task_count() -> Arc<FlushQueue> {
        let queue = FlushQueue::for_runtime(&Handle::current());
        queue.pending.lock().tasks = queue.threads;
        queue
    }

    #[test]
    fn a_flush_task_is_counted_until_it_ends() {
        let queue = Arc::new(FlushQueue {
            threads: 2,
            pending: Mutex::default(),
        });
        let task = || {
            queue.pending.lock().tasks += 1;
            FlushTask {
                queue: Arc::clone(&queue),
                counted: true,
            }
        };
        // One ends with a panic, the other because the queue is empty.
        let (dropped, mut idle) = (task(), task());
        drop(dropped);
        assert_eq!(queue.pending.lock().tasks, 1);
        assert!(idle.next_group().is_none());
        assert_eq!(queue.pending.lock().tasks, 0);
        drop(idle);
        assert_eq!(queue.pending.lock().tasks, 0);
    }

    #[test]
    fn a_time_slice_is_as_long_as_the_other_work_within_a_limit() {
        let start = Instant::now();
        let micros = Duration::from_micros;
        for (others, length) in [(0, 0), (1, 1), (300, 300), (1_000, 1_000), (500_000, 1_000)] {
            let resumed = start + micros(others);
            let slice = TimeSlice::starting_at(resumed, micros(others));
            assert!(!slice.is_left(resumed + micros(length)), "{others}");
            assert_eq!(slice.is_left(resumed), length > 0, "{others}");
            let last = resumed + micros(length).saturating_sub(Duration::from_nanos(1));
            assert_eq!(slice.is_left(last), length > 0, "{others}");
        }
        assert!(!TimeSlice::default().is_left(start));
    }

    #[test]
    fn the_flush_clock_excludes_the_time_of_other_flush_tasks() {
        let micros = Duration::from_micros;
        let clock = FlushClock::now();
        assert_eq!(clock.other_work(micros(300)), micros(300));
        FlushClock::record(micros(100));
        FlushClock::record(micros(50));
        assert_eq!(clock.other_work(micros(300)), micros(150));
        assert_eq!(clock.other_work(micros(100)), Duration::ZERO);
        let elsewhere = std::thread::scope(|scope| {
            let others = scope.spawn(|| clock.other_work(micros(300)));
            others.join().expect("no panic")
        });
        assert_eq!(elsewhere, Duration::ZERO);
    }
}
