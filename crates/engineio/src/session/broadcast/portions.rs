//! Who writes for whom, and when.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use engineio_proto::Batch;
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::runtime::{self, Handle};
use tokio::task::yield_now;

use crate::session::shared::Shared;

/// How many sessions are written for before others have their turn, where nobody else has much to do:
/// 16, which takes some 50 microseconds.
pub(super) const PORTION: usize = 16;

/// How long a task goes on with the next portion before others have their turn: a millisecond at most.
const LONGEST_TURN: Duration = Duration::from_millis(1);

/// The portions of each runtime that has some.
static OF_RUNTIMES: Mutex<Vec<(runtime::Id, Weak<Portions>)>> = Mutex::new(Vec::new());

/// Sessions that somebody has promised to write for.
#[derive(Debug, Default)]
pub(super) struct Portion {
    sessions: SmallVec<[Arc<Shared>; PORTION]>,
}

impl Portion {
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn push(&mut self, session: Arc<Shared>) {
        self.sessions.push(session);
    }

    fn write(mut self, batch: &mut Batch) {
        while let Some(session) = self.sessions.pop() {
            session.write_asleep(batch);
        }
    }
}

/// No promise is forgotten when a runtime ends: the tasks of the sessions write.
impl Drop for Portion {
    fn drop(&mut self) {
        for session in self.sessions.drain(..) {
            let mut state = session.lock();
            state.promised = false;
            state.wake_driver();
        }
    }
}

/// The portions of all broadcasts on one runtime that no task has taken, in their order.
///
/// Few tasks with one list: memory of neighbours is near, as the members of a room often are, and
/// however many broadcasts are under way, who does something else waits for few portions.
#[derive(Debug)]
pub(super) struct Portions {
    /// How many threads the runtime has.
    threads: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    portions: VecDeque<Portion>,
    tasks: usize,
}

impl Portions {
    /// The portions of a runtime. They are kept by who adds some and who takes some.
    pub(super) fn of_runtime(runtime: &Handle) -> Arc<Self> {
        let id = runtime.id();
        let mut all = OF_RUNTIMES.lock();
        let known = all.iter().find(|(of, _)| *of == id);
        if let Some(portions) = known.and_then(|(_, portions)| portions.upgrade()) {
            return portions;
        }
        let portions = Arc::new(Self {
            threads: runtime.metrics().num_workers(),
            waiting: Mutex::default(),
        });
        all.retain(|(_, portions)| portions.strong_count() > 0);
        all.push((id, Arc::downgrade(&portions)));
        portions
    }

    /// Adds a portion. Returns whether a task was begun for it: as a rule there are enough.
    pub(super) fn add(self: &Arc<Self>, portion: Portion, runtime: &Handle) -> bool {
        let mut waiting = self.waiting.lock();
        waiting.portions.push_back(portion);
        let begins = waiting.tasks < self.threads;
        if begins {
            waiting.tasks += 1;
            drop(waiting);
            self.begin(runtime);
        }
        begins
    }

    /// Offers what waits to other threads, if there are some.
    ///
    /// The task that a thread of tokio has spawned last is for that thread alone, until it spawns
    /// another: a portion would wait for as long as a handler runs on that broadcasts. So who has not begun
    /// two tasks calls this for each that is missing. Tasks of others may be held by threads in the same
    /// way, or because they have yielded there.
    pub(super) fn offer(self: &Arc<Self>, runtime: &Handle) {
        let mut waiting = self.waiting.lock();
        let most = self.threads.saturating_mul(2);
        if self.threads > 1 && waiting.tasks < most && !waiting.portions.is_empty() {
            waiting.tasks += 1;
            drop(waiting);
            self.begin(runtime);
        }
    }

    /// Begins a task, which has been counted.
    fn begin(self: &Arc<Self>, runtime: &Handle) {
        let task = Task {
            portions: Arc::clone(self),
            is_counted: true,
        };
        runtime.spawn(task.run());
    }

    fn is_empty(&self) -> bool {
        self.waiting.lock().portions.is_empty()
    }
}

/// A task that takes portions, for as long as there are some.
struct Task {
    portions: Arc<Portions>,
    is_counted: bool,
}

impl Task {
    async fn run(mut self) {
        let mut batch = Batch::default();
        let mut share = Share::default();
        // While others run this holds no portion, which nobody else could take.
        while let Some(portion) = self.take() {
            let begun = Instant::now();
            portion.write(&mut batch);
            let now = Instant::now();
            Written::count(now.saturating_duration_since(begun));
            if self.portions.is_empty() || share.is_left(now) {
                continue;
            }
            let written = Written::on_this_thread();
            // Not just a wake of this task: tokio would look for what clients send only once in 61
            // portions.
            yield_now().await;
            let ended = Instant::now();
            let elapsed = ended.saturating_duration_since(now);
            share = Share::of(written.others(elapsed), ended);
        }
    }

    /// Returns the next portion. If there is none the task counts no more: who adds one begins another.
    fn take(&mut self) -> Option<Portion> {
        let mut waiting = self.portions.waiting.lock();
        let portion = waiting.portions.pop_front();
        if portion.is_none() {
            waiting.tasks -= 1;
            self.is_counted = false;
        }
        portion
    }
}

/// Whatever ends it, another may take its place.
impl Drop for Task {
    fn drop(&mut self) {
        if self.is_counted {
            self.portions.waiting.lock().tasks -= 1;
        }
    }
}

thread_local! {
    /// How long portions have been written on this thread, in nanoseconds.
    static WRITTEN: Cell<u64> = const { Cell::new(0) };
}

/// What had been written on a thread at some time, by this task and by others that do the same.
#[derive(Clone, Copy, Debug)]
struct Written {
    /// Where the thread counts, which tells it from others.
    thread: usize,
    nanos: u64,
}

impl Written {
    fn on_this_thread() -> Self {
        WRITTEN.with(|written| Self {
            thread: std::ptr::from_ref(written).addr(),
            nanos: written.get(),
        })
    }

    fn count(time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        WRITTEN.with(|written| written.set(written.get().wrapping_add(nanos)));
    }

    /// How much of the time since then was that of those who do something else.
    fn others(self, elapsed: Duration) -> Duration {
        let now = Self::on_this_thread();
        if now.thread != self.thread {
            return Duration::ZERO;
        }
        elapsed.saturating_sub(Duration::from_nanos(now.nanos.wrapping_sub(self.nanos)))
    }
}

/// How long a task may write before others have their turn: for as long as their last turn was. A thread
/// that is never idle would come to a portion after 61 of the others' tasks only.
#[derive(Debug, Default)]
struct Share {
    until: Option<Instant>,
}

impl Share {
    /// The share of who has let others run for so long.
    fn of(others: Duration, ended: Instant) -> Self {
        Self {
            until: ended.checked_add(others.min(LONGEST_TURN)),
        }
    }

    fn is_left(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// How many portions of the runtime nobody has taken.
    pub(in super::super) fn waiting() -> usize {
        let portions = Portions::of_runtime(&Handle::current());
        portions.waiting.lock().portions.len()
    }

    /// Counts as many tasks as there may be, of which none will run.
    pub(in super::super) fn keep_tasks() -> Arc<Portions> {
        let portions = Portions::of_runtime(&Handle::current());
        portions.waiting.lock().tasks = portions.threads;
        portions
    }

    #[test]
    fn a_task_counts_until_it_ends() {
        let portions = Arc::new(Portions {
            threads: 2,
            waiting: Mutex::default(),
        });
        let task = || {
            portions.waiting.lock().tasks += 1;
            Task {
                portions: Arc::clone(&portions),
                is_counted: true,
            }
        };
        // One by a panic, and one because there is nothing to do.
        let (dropped, mut idle) = (task(), task());
        drop(dropped);
        assert_eq!(portions.waiting.lock().tasks, 1);
        assert!(idle.take().is_none());
        assert_eq!(portions.waiting.lock().tasks, 0);
        drop(idle);
        assert_eq!(portions.waiting.lock().tasks, 0);
    }

    #[test]
    fn a_turn_is_as_long_as_that_of_others_within_a_bound() {
        let begun = Instant::now();
        let micros = Duration::from_micros;
        for (others, turn) in [(0, 0), (1, 1), (300, 300), (1_000, 1_000), (500_000, 1_000)] {
            let ended = begun + micros(others);
            let share = Share::of(micros(others), ended);
            assert!(!share.is_left(ended + micros(turn)), "{others}");
            assert_eq!(share.is_left(ended), turn > 0, "{others}");
            let last = ended + micros(turn).saturating_sub(Duration::from_nanos(1));
            assert_eq!(share.is_left(last), turn > 0, "{others}");
        }
        assert!(!Share::default().is_left(begun));
    }

    #[test]
    fn who_writes_too_is_not_among_the_others() {
        let micros = Duration::from_micros;
        let written = Written::on_this_thread();
        assert_eq!(written.others(micros(300)), micros(300));
        Written::count(micros(100));
        Written::count(micros(50));
        assert_eq!(written.others(micros(300)), micros(150));
        assert_eq!(written.others(micros(100)), Duration::ZERO);
        let elsewhere = std::thread::scope(|scope| {
            let others = scope.spawn(|| written.others(micros(300)));
            others.join().expect("no panic")
        });
        assert_eq!(elsewhere, Duration::ZERO);
    }
}
