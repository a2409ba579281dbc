//! Operations that begin when it is time, whatever has become of those before.

use crate::clock::{nanos, now};

/// When the next operation is due, in nanoseconds.
pub(crate) struct Schedule {
    next: u64,
    gap: u64,
}

impl Schedule {
    /// So many operations per second, the first one now. None at a rate of zero.
    pub(crate) fn new(rate: f64) -> Option<Self> {
        (rate > 0.0).then(|| Self {
            next: now(),
            gap: nanos(1.0 / rate).max(1),
        })
    }

    /// When the operation was due that is to begin at `at`, if there is one.
    pub(crate) fn next(&mut self, at: u64) -> Option<u64> {
        let due = self.next;
        if due > at {
            return None;
        }
        self.next += self.gap;
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_was_due_all_the_same() {
        let mut schedule = Schedule { next: 10, gap: 5 };
        assert_eq!(schedule.next(9), None);
        let late = [(); 4].map(|()| schedule.next(21));
        assert_eq!(late, [Some(10), Some(15), Some(20), None]);
        assert!(Schedule::new(0.0).is_none());
    }
}
