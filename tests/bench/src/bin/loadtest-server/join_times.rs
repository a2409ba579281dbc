//! The durations of joins during a broadcast and at other times.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bench::{Histogram, Switches};
use serde_json::{Map, Value, json};
use std::sync::{Mutex, PoisonError};

/// Measures the calls that join and broadcast.
#[derive(Debug, Default)]
pub(crate) struct JoinTimes {
    /// The number of broadcasts that are being sent.
    broadcasting: AtomicUsize,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    broadcasts: Histogram,
    /// Joins that started while a broadcast was being sent.
    during: Joins,
    between: Joins,
}

#[derive(Debug, Default)]
struct Joins {
    all: Histogram,
    /// The joins during which the thread kept its core.
    kept: Histogram,
    /// The number of joins during which another thread got the core.
    lost: u64,
    /// The number of joins during which the thread slept, as it does when it waits long for a lock.
    slept: u64,
}

impl JoinTimes {
    /// Measures a call that broadcasts.
    pub(crate) fn broadcast(&self, send: impl FnOnce()) {
        self.broadcasting.fetch_add(1, Ordering::SeqCst);
        let started = Instant::now();
        send();
        let taken = nanos(started);
        self.broadcasting.fetch_sub(1, Ordering::SeqCst);
        self.times(|times| times.broadcasts.record(taken));
    }

    /// Measures a call that joins.
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

    /// Returns the measurements since the last call.
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
        let mut report = summary(&self.all);
        let share = |count: u64| count as f64 / self.all.count() as f64;
        if let Some(members) = report.as_object_mut().filter(|_| self.all.count() > 0) {
            members.insert("kept".to_owned(), summary(&self.kept));
            members.insert("lost_core".to_owned(), share(self.lost).into());
            members.insert("slept".to_owned(), share(self.slept).into());
        }
        report
    }
}

/// Returns the count, and the quantiles if there are any.
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
    fn joins_during_broadcasts_are_reported_separately_and_once() {
        let times = JoinTimes::default();
        times.join(|| {});
        times.broadcast(|| times.join(|| {}));
        let report = times.take();
        let counts = ["broadcasts", "during", "between"].map(|name| report[name]["count"].as_u64());
        assert_eq!(counts, [Some(1); 3], "{report}");
        assert!(report["during"]["p99_us"].is_number(), "{report}");
        assert!(report["during"]["lost_core"].is_number(), "{report}");
        assert_eq!(times.take()["during"], json!({ "count": 0 }));
    }

    #[test]
    fn interrupted_joins_are_reported_separately() {
        let mut joins = Joins::default();
        let at = |lost, slept| Switches { lost, slept };
        joins.record(1_000, at(7, 7), at(7, 7));
        joins.record(9_000_000, at(7, 7), at(8, 7));
        joins.record(9_000_000, at(8, 7), at(9, 8));
        joins.record(9_000_000, at(9, 8), at(9, 9));
        let report = joins.summary();
        assert_eq!(report["kept"]["count"], 1, "{report}");
        assert_eq!(report["kept"]["max_us"], 1.0, "{report}");
        assert_eq!(
            (&report["lost_core"], &report["slept"]),
            (&json!(0.5), &json!(0.5))
        );
    }
}
