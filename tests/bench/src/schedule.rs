//! The due times of operations, independent of the completion of earlier ones.

use crate::clock::{nanos, now};

/// The time at which the next operation is due, in nanoseconds.
pub(crate) struct Schedule {
    next: u64,
    gap: u64,
}

impl Schedule {
    /// Creates a schedule with `rate` operations per second, of which the first is due now. Returns `None`
    /// for a rate of zero.
    pub(crate) fn new(rate: f64) -> Option<Self> {
        (rate > 0.0).then(|| Self {
            next: now(),
            gap: nanos(1.0 / rate).max(1),
        })
    }

    /// Returns the due time of the next operation, if it is due at `at`.
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
    fn a_late_operation_keeps_its_due_time() {
        let mut schedule = Schedule { next: 10, gap: 5 };
        assert_eq!(schedule.next(9), None);
        let late = [(); 4].map(|()| schedule.next(21));
        assert_eq!(late, [Some(10), Some(15), Some(20), None]);
        assert!(Schedule::new(0.0).is_none());
    }
}
