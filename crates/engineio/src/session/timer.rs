use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use pin_project::pin_project;
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
        let expired = this.sleep.poll(cx).is_ready();
        *this.armed = (!expired).then_some(deadline);
        expired
    }
}
