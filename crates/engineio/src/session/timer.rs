use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use pin_project::pin_project;
use tokio::task::coop::unconstrained;
use tokio::time::Sleep;

use super::now;
use super::turn::Turn;

/// The one timer of a session's task.
///
/// A deadline that moves away does not touch the runtime's timer: the task wakes at the earlier
/// time and sleeps on.
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

    /// Whether the time for which the task was to be woken has come. The deadline may have moved
    /// away meanwhile.
    pub(crate) fn has_fired(&self) -> bool {
        self.armed && self.sleep.is_elapsed()
    }

    /// Has the task woken at the deadline. Returns whether it has passed: the task is not woken then.
    pub(crate) fn arm(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        turn: &mut Turn,
        deadline: Option<Instant>,
    ) -> bool {
        let Some(deadline) = deadline else {
            return false;
        };
        let is_early = self.sleep.deadline().into_std() <= deadline;
        if self.armed && is_early && !self.sleep.is_elapsed() {
            return false;
        }
        if deadline <= turn.now() {
            return true;
        }
        let mut this = self.project();
        this.sleep.as_mut().reset(deadline.into());
        // Without a budget left, the runtime would wake the task at once and not know the deadline.
        let mut sleep = unconstrained(this.sleep);
        let expired = Pin::new(&mut sleep).poll(cx).is_ready();
        *this.armed = !expired;
        expired
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
    async fn a_deadline_set_without_budget_wakes_all_the_same() {
        let start = tokio::time::Instant::now().into_std();
        let deadline = start + Duration::from_secs(25);
        let mut timer = pin!(Timer::new());
        let mut polls = 0;
        poll_fn(|cx| {
            let turn = &mut Turn::default();
            polls += 1;
            // Handlers that are ready at once have used the budget up. That wakes the task once.
            while polls == 1 && has_budget_remaining() {
                if let Poll::Ready(budget) = poll_proceed(cx) {
                    budget.made_progress();
                }
            }
            if timer.as_mut().arm(cx, turn, Some(deadline)) {
                return Poll::Ready(());
            }
            assert!(polls < 5, "the task spins");
            Poll::Pending
        })
        .await;
        assert_eq!(tokio::time::Instant::now().into_std(), deadline);
    }
}
