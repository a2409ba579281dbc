//! The timer of a driver: one runtime timer for all deadlines of a session.

use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use pin_project::pin_project;
use tokio::task::coop::unconstrained;
use tokio::time::Sleep;

use crate::session::now;

/// The timer of a session's task.
///
/// A deadline that moves to a later time does not touch the runtime's timer. The task wakes at the
/// earlier time and waits again.
#[derive(Debug)]
#[pin_project]
pub(crate) struct Timer {
    #[pin]
    sleep: Sleep,
    /// Whether the runtime will wake the task, or has woken it, at the deadline of `sleep`.
    armed: bool,
}

impl Timer {
    pub(crate) fn new() -> Self {
        Self {
            sleep: tokio::time::sleep_until(now().into()),
            armed: false,
        }
    }

    /// Returns whether the time at which the task was to be woken has passed. The deadline may be
    /// later by now.
    pub(crate) fn has_fired(&self) -> bool {
        self.armed && self.sleep.is_elapsed()
    }

    /// Schedules a wake of the task at the deadline. Returns whether the deadline has passed
    /// already. Then the task has to run again, and [`has_fired`](Self::has_fired) returns `true`
    /// in that run.
    pub(crate) fn arm(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        deadline: Option<Instant>,
    ) -> bool {
        let Some(deadline) = deadline else {
            return false;
        };
        let is_early = self.sleep.deadline().into_std() <= deadline;
        if self.armed && is_early && !self.sleep.is_elapsed() {
            return false;
        }
        let mut this = self.project();
        // A deadline in the past also goes through the timer, so that `has_fired` is true in the
        // next run.
        this.sleep.as_mut().reset(deadline.into());
        *this.armed = true;
        // Without coop budget, the runtime would wake the task at once instead of registering the
        // deadline.
        Pin::new(&mut unconstrained(this.sleep)).poll(cx).is_ready()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;
    use std::time::Duration;

    use tokio::task::coop::{has_budget_remaining, poll_proceed};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_deadline_set_without_coop_budget_wakes_the_task() {
        let start = tokio::time::Instant::now().into_std();
        let deadline = start + Duration::from_secs(25);
        let mut timer = pin!(Timer::new());
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            // Uses up the coop budget, as handlers do that are ready at once. This wakes the task
            // once.
            while polls == 1 && has_budget_remaining() {
                if let Poll::Ready(budget) = poll_proceed(cx) {
                    budget.made_progress();
                }
            }
            if timer.as_mut().arm(cx, Some(deadline)) {
                return Poll::Ready(());
            }
            assert!(polls < 5, "the task spins");
            Poll::Pending
        })
        .await;
        assert_eq!(tokio::time::Instant::now().into_std(), deadline);
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_run_handles_a_deadline_that_has_passed() {
        let long_ago = tokio::time::Instant::now().into_std();
        tokio::time::advance(Duration::from_secs(5)).await;
        let later = (tokio::time::Instant::now() + Duration::from_secs(60)).into_std();
        let cx = &mut Context::from_waker(std::task::Waker::noop());
        for armed_before in [None, Some(later), Some(long_ago)] {
            let mut timer = pin!(Timer::new());
            timer.as_mut().arm(cx, armed_before);
            assert!(timer.as_mut().arm(cx, Some(long_ago)), "{armed_before:?}");
            assert!(timer.has_fired(), "{armed_before:?}");
            // After that, the timer waits again.
            assert!(!timer.as_mut().arm(cx, Some(later)), "{armed_before:?}");
            assert!(!timer.has_fired(), "{armed_before:?}");
        }
    }
}
