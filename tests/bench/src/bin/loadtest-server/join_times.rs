//! How long joins take while a broadcast is under way, and else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bench::Histogram;
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
    during: Histogram,
    between: Histogram,
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
        let meanwhile = self.broadcasting.load(Ordering::SeqCst) > 0;
        let started = Instant::now();
        join();
        let taken = nanos(started);
        self.times(|times| {
            if meanwhile {
                times.during.record(taken);
            } else {
                times.between.record(taken);
            }
        });
    }

    /// What was measured since this was asked last.
    pub(crate) fn take(&self) -> Value {
        let mut taken = Times::default();
        self.times(|times| std::mem::swap(times, &mut taken));
        json!({
            "broadcasts": summary(&taken.broadcasts),
            "during": summary(&taken.during),
            "between": summary(&taken.between),
        })
    }

    fn times<R>(&self, use_them: impl FnOnce(&mut Times) -> R) -> R {
        use_them(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner))
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
        assert_eq!(times.take()["during"], json!({ "count": 0 }));
    }
}
