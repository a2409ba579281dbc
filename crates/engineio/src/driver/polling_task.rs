//! The task of a session that starts with polling, and how a POST runs its driver in place.
//!
//! Without this, a POST would wake the driver's task, and that task would wake the POST again. That
//! takes three polls, two of them through the whole HTTP stack. So while the driver of a polling
//! session is parked, it is stored in the session's [`DriverSlot`]. A POST takes it from there,
//! runs it and puts it back before it is answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{self, Handle};

use crate::session::{BoxedTask, DriverSlot, Shared, StateGuard};

/// The task of a session that starts with polling.
pub(crate) struct PollingTask {
    session: Arc<Shared>,
    /// The runtime that the task is spawned on.
    runtime: runtime::Id,
    /// The driver, once the session has left polling. From then on the slot is not checked in every
    /// run.
    owned: Option<BoxedTask>,
}

impl PollingTask {
    /// Creates a task that runs `driver` for `session`.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub(crate) fn new(session: Arc<Shared>, driver: BoxedTask) -> Self {
        let runtime = Handle::current().id();
        session.lock().cold_or_insert().driver_slot = DriverSlot::Parked(driver, runtime);
        Self {
            session,
            runtime,
            owned: None,
        }
    }
}

impl Future for PollingTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            session,
            runtime,
            owned,
        } = &mut *self;
        if let Some(driver) = owned {
            return driver.as_mut().poll(cx);
        }
        let mut driver = {
            let mut state = session.lock();
            let slot = &mut state.cold_or_insert().driver_slot;
            match std::mem::take(slot) {
                DriverSlot::Parked(driver, _) => driver,
                DriverSlot::Request { poll_due, .. } => {
                    *slot = DriverSlot::Request {
                        woken: true,
                        poll_due,
                    };
                    return Poll::Pending;
                }
                DriverSlot::Task | DriverSlot::Ended => return Poll::Ready(()),
            }
        };
        if driver.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut state = session.lock();
        if state.proto.transport() == engineio_proto::Transport::Polling {
            state.cold_or_insert().driver_slot = DriverSlot::Parked(driver, *runtime);
        } else {
            *owned = Some(driver);
        }
        Poll::Pending
    }
}

/// Breaks the reference cycle of driver and session when the runtime drops the task.
impl Drop for PollingTask {
    fn drop(&mut self) {
        let mut state = self.session.lock();
        let leftover = state
            .cold_mut()
            .map(|cold| std::mem::take(&mut cold.driver_slot));
        drop(state);
        drop(leftover);
    }
}

/// Makes the driver of a session handle a changed state. Runs it in place if it is parked and
/// belongs to this runtime, and wakes its task otherwise.
///
/// The driver may run handlers of the application, so the state is unlocked meanwhile.
pub(crate) fn run_driver<'a>(session: &'a Shared, mut state: StateGuard<'a>) -> StateGuard<'a> {
    match BorrowedDriver::take(session, &mut state) {
        Some(borrowed) => {
            drop(state);
            borrowed.run()
        }
        None => {
            state.wake_driver();
            state
        }
    }
}

/// A driver that a request has taken from the session's slot. Dropping it puts the driver back.
struct BorrowedDriver<'a> {
    session: &'a Shared,
    driver: Option<BoxedTask>,
    runtime: runtime::Id,
    /// The waker of the session's task, which is woken by everything that the driver waits for.
    waker: Waker,
    returned: bool,
}

impl<'a> BorrowedDriver<'a> {
    fn take(session: &'a Shared, state: &mut StateGuard<'_>) -> Option<Self> {
        // A driver that is not parked checks the state before it parks.
        if !state.parked {
            return None;
        }
        let waker = state.driver_waker.clone()?;
        let slot = &mut state.cold_mut()?.driver_slot;
        let DriverSlot::Parked(_, runtime) = slot else {
            return None;
        };
        let runtime = *runtime;
        // Handlers spawn tasks on the current runtime, and their trace events must not become part
        // of the request's span.
        let is_here = Handle::try_current().is_ok_and(|handle| handle.id() == runtime);
        if !is_here || !tracing::Span::current().is_none() {
            return None;
        }
        let taken = std::mem::replace(
            slot,
            DriverSlot::Request {
                woken: false,
                poll_due: false,
            },
        );
        let DriverSlot::Parked(driver, _) = taken else {
            return None;
        };
        // The driver is about to run and does not have to be woken.
        state.parked = false;
        Some(Self {
            session,
            driver: Some(driver),
            runtime,
            waker,
            returned: false,
        })
    }

    fn run(mut self) -> StateGuard<'a> {
        if let Some(mut driver) = self.driver.take() {
            let cx = &mut Context::from_waker(&self.waker);
            if driver.as_mut().poll(cx).is_pending() {
                self.driver = Some(driver);
            }
        }
        self.put_back()
    }

    fn put_back(&mut self) -> StateGuard<'a> {
        self.returned = true;
        let mut state = self.session.lock();
        let slot = &mut state.cold_or_insert().driver_slot;
        match (std::mem::take(slot), self.driver.take()) {
            (DriverSlot::Request { woken, poll_due }, Some(driver)) => {
                *slot = DriverSlot::Parked(driver, self.runtime);
                if woken {
                    state.wake(self.waker.clone());
                }
                if poll_due {
                    state.wake_poll();
                }
            }
            // The driver has ended or panicked, so the task ends as well.
            (DriverSlot::Request { .. }, None) => {
                *slot = DriverSlot::Ended;
                state.wake(self.waker.clone());
                state.wake_poll();
            }
            // The runtime has dropped the task meanwhile.
            (_, leftover) => {
                drop(state);
                drop(leftover);
                let mut state = self.session.lock();
                state.wake_poll();
                return state;
            }
        }
        state
    }
}

impl Drop for BorrowedDriver<'_> {
    fn drop(&mut self) {
        if !self.returned {
            drop(self.put_back());
        }
    }
}

#[cfg(test)]
mod tests;
