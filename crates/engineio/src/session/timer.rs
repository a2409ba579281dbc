use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use pin_project::pin_project;
use tokio::task::coop::unconstrained;
use tokio::time::Sleep;

/// The one timer of a session's task.
///
/// A deadline that moves away does not touch the runtime's timer: the task wakes at the earlier
/// time and sleeps on.
#[derive(Debug)]
#[pin_project]
pub(crate) struct Timer {
    #[pin]
    sleep: Sleep,
    /// For when the runtime will wake the task.
    armed: Option<Instant>,
}

impl Timer {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            sleep: tokio::time::sleep_until(now.into()),
            armed: None,
        }
    }

    /// Whether the deadline has passed; if not, the task will be woken for it.
    pub(crate) fn poll_expired(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        now: Instant,
        deadline: Option<Instant>,
    ) -> bool {
        let Some(deadline) = deadline else {
            return false;
        };
        if deadline <= now {
            return true;
        }
        let mut this = self.project();
        if this
            .armed
            .is_some_and(|armed| now < armed && armed <= deadline)
        {
            return false;
        }
        this.sleep.as_mut().reset(deadline.into());
        // Without a budget left, the runtime would wake the task at once and not know the deadline.
        let mut sleep = unconstrained(this.sleep);
        let expired = Pin::new(&mut sleep).poll(cx).is_ready();
        *this.armed = (!expired).then_some(deadline);
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
        let mut timer = pin!(Timer::new(start));
        let mut polls = 0;
        poll_fn(|cx| {
            let now = tokio::time::Instant::now().into_std();
            polls += 1;
            // Handlers that are ready at once have used the budget up. That wakes the task once.
            while polls == 1 && has_budget_remaining() {
                if let Poll::Ready(budget) = poll_proceed(cx) {
                    budget.made_progress();
                }
            }
            if timer.as_mut().poll_expired(cx, now, Some(deadline)) {
                return Poll::Ready(());
            }
            assert!(polls < 5, "the task spins");
            Poll::Pending
        })
        .await;
        assert_eq!(tokio::time::Instant::now().into_std(), deadline);
    }
}
