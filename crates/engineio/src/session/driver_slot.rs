//! The slot that stores the driver of a polling session while it is parked.

use std::fmt;

use tokio::runtime;

use super::task::BoxedTask;

/// The place where the driver of a polling session is.
#[derive(Default)]
pub(crate) enum DriverSlot {
    /// With its task: while the task runs, and always once the client has left polling.
    #[default]
    Task,
    /// In the slot. It is parked and belongs to the task on this runtime.
    Parked(BoxedTask, runtime::Id),
    /// With a request. Wakes that happen meanwhile are delivered afterwards.
    Request {
        /// Whether to wake the task.
        woken: bool,
        /// Whether to wake the pending poll. Some clients stop sending if the poll is answered
        /// before their POST.
        poll_due: bool,
    },
    /// The driver has ended while a request was running it, so the task has to end as well.
    Ended,
}

impl DriverSlot {
    /// Defers the wake of the pending poll if a request is running the driver. Returns whether it
    /// did.
    pub(crate) fn defer_poll_wake(&mut self) -> bool {
        match self {
            Self::Request { poll_due, .. } => {
                *poll_due = true;
                true
            }
            _ => false,
        }
    }

    /// Returns whether the slot holds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Task)
    }
}

impl fmt::Debug for DriverSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Task => "Task",
            Self::Parked(..) => "Here",
            Self::Request { .. } => "Request",
            Self::Ended => "Ended",
        })
    }
}
