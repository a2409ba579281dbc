//! How long joins take while a broadcast is under way, and else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bench::{Histogram, Switches};
use serde_json::{Map, Value, json};
use std::sync::{Mutex, PoisonError};

/// Measures joins and broadcasts where they happen.
#[derive(Debug, Default)]
pub(crate) struct JoinTimes {
    /// Calls that send a broadcast and have not returned.
    broadcasting: AtomicUsize,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    broadcasts: Histogram,
    /// Joins that began while a broadcast was being sent.
    during: Joins,
    between: Joins,
}

#[derive(Debug, Default)]
struct Joins {
    all: Histogram,
    /// In which the thread had its core all the time.
    kept: Histogram,
    /// In which another thread got its core.
    lost: u64,
    /// In which it slept, as it does when a lock is not to be had for long.
    slept: u64,
}

impl JoinTimes {
    /// Measures what sends a broadcast.
    pub(crate) fn broadcast(&self, send: impl FnOnce()) {
        self.broadcasting.fetch_add(1, Ordering::SeqCst);
        let started = Instant::now();
        send();
        let taken = nanos(started);
        self.broadcasting.fetch_sub(1, Ordering::SeqCst);
        self.times(|times| times.broadcasts.record(taken));
    }

    /// Measures a join.
    pub(crate) fn join(&self, join: impl FnOnce()) {
        let before = Switches::of_this_thread();
        let meanwhile = self.broadcasting.load(Ordering::SeqCst) > 0;
        let started = Instant::now();
        join();
        let taken = nanos(started);
        let after = Switches::of_this_thread();
        self.times(|times| {
            let joins = if meanwhile {
                &mut times.during
            } else {
                &mut times.between
            };
            joins.record(taken, before, after);
        });
    }

    /// What was measured since this was asked last.
    pub(crate) fn take(&self) -> Value {
        let mut taken = Times::default();
        self.times(|times| std::mem::swap(times, &mut taken));
        json!({
            "broadcasts": summary(&taken.broadcasts),
            "during": taken.during.summary(),
            "between": taken.between.summary(),
        })
    }

    fn times<R>(&self, use_them: impl FnOnce(&mut Times) -> R) -> R {
        use_them(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Joins {
    fn record(&mut self, nanos: u64, before: Switches, after: Switches) {
        self.all.record(nanos);
        if before == after {
            self.kept.record(nanos);
        }
        self.lost += u64::from(after.lost > before.lost);
        self.slept += u64::from(after.slept > before.slept);
    }

    fn summary(&self) -> Value {
        let mut told = summary(&self.all);
        let share = |count: u64| count as f64 / self.all.count() as f64;
        if let Some(told) = told.as_object_mut().filter(|_| self.all.count() > 0) {
            told.insert("kept".to_owned(), summary(&self.kept));
            told.insert("lost_core".to_owned(), share(self.lost).into());
            told.insert("slept".to_owned(), share(self.slept).into());
        }
        told
    }
}

/// What there is to tell; of nothing that it was nothing.
fn summary(histogram: &Histogram) -> Value {
    let mut summary = Map::new();
    summary.insert("count".to_owned(), histogram.count().into());
    if histogram.count() > 0 {
        let figures = [
            ("p50_us", histogram.quantile(0.5)),
            ("p99_us", histogram.quantile(0.99)),
            ("p999_us", histogram.quantile(0.999)),
            ("max_us", histogram.max()),
        ];
        for (name, value) in figures {
            summary.insert(name.to_owned(), value.into());
        }
    }
    Value::Object(summary)
}

fn nanos(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_are_told_apart_and_once() {
        let times = JoinTimes::default();
        times.join(|| {});
        times.broadcast(|| times.join(|| {}));
        let told = times.take();
        let counts = ["broadcasts", "during", "between"].map(|name| told[name]["count"].as_u64());
        assert_eq!(counts, [Some(1); 3], "{told}");
        assert!(told["during"]["p99_us"].is_number(), "{told}");
        assert!(told["during"]["lost_core"].is_number(), "{told}");
        assert_eq!(times.take()["during"], json!({ "count": 0 }));
    }

    #[test]
    fn joins_that_were_interrupted_are_told_apart() {
        let mut joins = Joins::default();
        let at = |lost, slept| Switches { lost, slept };
        joins.record(1_000, at(7, 7), at(7, 7));
        joins.record(9_000_000, at(7, 7), at(8, 7));
        joins.record(9_000_000, at(8, 7), at(9, 8));
        joins.record(9_000_000, at(9, 8), at(9, 9));
        let told = joins.summary();
        assert_eq!(told["kept"]["count"], 1, "{told}");
        assert_eq!(told["kept"]["max_us"], 1.0, "{told}");
        assert_eq!(
            (&told["lost_core"], &told["slept"]),
            (&json!(0.5), &json!(0.5))
        );
    }
}
