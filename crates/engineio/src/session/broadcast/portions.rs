//! Who writes for whom, and when.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use engineio_proto::Batch;
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::runtime::{self, Handle};
use tokio::task::yield_now;

use super::Shared;

/// How many sessions are written for before others have their turn, where nobody else has much to do:
/// 16, which takes some 50 microseconds.
pub(super) const PORTION: usize = 16;

/// How long sessions are written for at most before others have their turn: a millisecond.
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

/// No promise is forgotten, whatever happens: the tasks of the sessions write.
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
/// however many broadcasts are under way, whoever else has something to do waits for few portions.
#[derive(Debug)]
pub(super) struct Portions {
    /// One for each thread of the runtime.
    tasks_at_most: usize,
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
            tasks_at_most: runtime.metrics().num_workers(),
            waiting: Mutex::default(),
        });
        all.retain(|(_, portions)| portions.strong_count() > 0);
        all.push((id, Arc::downgrade(&portions)));
        portions
    }

    /// Adds a portion, which a task takes.
    pub(super) fn add(self: &Arc<Self>, portion: Portion, runtime: &Handle) {
        let mut waiting = self.waiting.lock();
        waiting.portions.push_back(portion);
        if waiting.tasks < self.tasks_at_most {
            waiting.tasks += 1;
            drop(waiting);
            self.begin(runtime);
        }
    }

    /// Offers what waits to another thread.
    ///
    /// The task that a thread of tokio has spawned last is for that thread alone, until it spawns
    /// another: a portion would wait for as long as a handler runs on that broadcasts. If there is but
    /// one task it may be that one.
    pub(super) fn offer(self: &Arc<Self>, runtime: &Handle) {
        let mut waiting = self.waiting.lock();
        if waiting.tasks == 1 && self.tasks_at_most > 1 && !waiting.portions.is_empty() {
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
            portion.write(&mut batch);
            if self.portions.is_empty() || share.is_left(Instant::now()) {
                continue;
            }
            let begun = Instant::now();
            // Not just a wake of this task: tokio would look for what clients send only once in 61
            // portions.
            yield_now().await;
            share = Share::of(begun, Instant::now());
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

/// How long a task may write before others have their turn: for as long as their last turn was. A thread
/// that is never idle would come to a portion after 61 of the others' tasks only.
#[derive(Debug, Default)]
struct Share {
    until: Option<Instant>,
}

impl Share {
    /// The share of who has let others run between these instants.
    fn of(begun: Instant, ended: Instant) -> Self {
        let others = ended.saturating_duration_since(begun);
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

    #[test]
    fn a_task_counts_until_it_ends() {
        let portions = Arc::new(Portions {
            tasks_at_most: 2,
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
            let share = Share::of(begun, ended);
            assert!(!share.is_left(ended + micros(turn)), "{others}");
            assert_eq!(share.is_left(ended), turn > 0, "{others}");
            let last = ended + micros(turn).saturating_sub(Duration::from_nanos(1));
            assert_eq!(share.is_left(last), turn > 0, "{others}");
        }
        assert!(!Share::default().is_left(begun));
    }
}
