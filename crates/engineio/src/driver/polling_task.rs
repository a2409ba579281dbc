//! The task of a session that polls, and its driver, which requests may run in its stead.
//!
//! A POST that wakes the task and is woken by it would be polled twice, with all of HTTP around it,
//! and the task once in between. So while the driver has nothing to do it lies where a POST finds
//! it: that runs it at once, and is answered by the time it would have begun to wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{self, Handle};

use crate::session::{Driver, Locked, Place, Shared};

/// The task of a session that begins with polling.
pub(crate) struct PollingTask {
    session: Arc<Shared>,
    /// The runtime that it is spawned on.
    runtime: runtime::Id,
    /// The driver, once it is the task's own: that of a WebSocket is not looked for at every run.
    own: Option<Driver>,
}

impl PollingTask {
    /// The task with which `driver` does the work of `session`.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub(crate) fn new(
        session: Arc<Shared>,
        driver: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let runtime = Handle::current().id();
        session.lock().rare().driver = Place::Here(Box::pin(driver), runtime);
        Self {
            session,
            runtime,
            own: None,
        }
    }
}

impl Future for PollingTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            session,
            runtime,
            own,
        } = &mut *self;
        if let Some(driver) = own {
            return driver.as_mut().poll(cx);
        }
        let mut driver = {
            let mut state = session.lock();
            let place = &mut state.rare().driver;
            match std::mem::take(place) {
                Place::Here(driver, _) => driver,
                Place::Request { poll_due, .. } => {
                    *place = Place::Request {
                        woken: true,
                        poll_due,
                    };
                    return Poll::Pending;
                }
                Place::Task | Place::Ended => return Poll::Ready(()),
            }
        };
        if driver.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut state = session.lock();
        if state.proto.transport() == engineio_proto::Transport::Polling {
            state.rare().driver = Place::Here(driver, *runtime);
        } else {
            *own = Some(driver);
        }
        Poll::Pending
    }
}

/// The driver holds the session, which must not hold it for ever when the runtime has dropped the
/// task.
impl Drop for PollingTask {
    fn drop(&mut self) {
        let mut state = self.session.lock();
        let left = state
            .rare_if_any()
            .map(|rare| std::mem::take(&mut rare.driver));
        drop(state);
        drop(left);
    }
}

/// Has the driver of a session look at its state: runs it here and now if it has nothing to do and
/// this could be its task, or wakes that.
///
/// What it does may be the application's work, so the state is not locked meanwhile.
pub(crate) fn run_driver<'a>(session: &'a Shared, mut state: Locked<'a>) -> Locked<'a> {
    match Lent::take(session, &mut state) {
        Some(lent) => {
            drop(state);
            lent.run()
        }
        None => {
            state.wake_driver();
            state
        }
    }
}

/// The driver of a session, with a request that runs it.
struct Lent<'a> {
    session: &'a Shared,
    driver: Option<Driver>,
    runtime: runtime::Id,
    /// That of the session's task: whatever the driver waits for wakes the task.
    waker: Waker,
    is_back: bool,
}

impl<'a> Lent<'a> {
    fn take(session: &'a Shared, state: &mut Locked<'_>) -> Option<Self> {
        // Awake, the task will look at the state by itself.
        if !state.asleep {
            return None;
        }
        let waker = state.driver.clone()?;
        let place = &mut state.rare_if_any()?.driver;
        let Place::Here(_, runtime) = place else {
            return None;
        };
        let runtime = *runtime;
        // The application spawns tasks, and what it traces is no part of the request.
        let is_here = Handle::try_current().is_ok_and(|handle| handle.id() == runtime);
        if !is_here || !tracing::Span::current().is_none() {
            return None;
        }
        let taken = std::mem::replace(
            place,
            Place::Request {
                woken: false,
                poll_due: false,
            },
        );
        let Place::Here(driver, _) = taken else {
            return None;
        };
        // As if the task ran: nobody has to wake it now.
        state.asleep = false;
        Some(Self {
            session,
            driver: Some(driver),
            runtime,
            waker,
            is_back: false,
        })
    }

    fn run(mut self) -> Locked<'a> {
        if let Some(mut driver) = self.driver.take() {
            let cx = &mut Context::from_waker(&self.waker);
            if driver.as_mut().poll(cx).is_pending() {
                self.driver = Some(driver);
            }
        }
        self.give_back()
    }

    fn give_back(&mut self) -> Locked<'a> {
        self.is_back = true;
        let mut state = self.session.lock();
        let place = &mut state.rare().driver;
        match (std::mem::take(place), self.driver.take()) {
            (Place::Request { woken, poll_due }, Some(driver)) => {
                *place = Place::Here(driver, self.runtime);
                if woken {
                    state.wake(self.waker.clone());
                }
                if poll_due {
                    state.wake_poll();
                }
            }
            // It has ended, or panicked: the task ends too.
            (Place::Request { .. }, None) => {
                *place = Place::Ended;
                state.wake(self.waker.clone());
                state.wake_poll();
            }
            // The runtime has dropped the task meanwhile.
            (_, left) => {
                drop(state);
                drop(left);
                let mut state = self.session.lock();
                state.wake_poll();
                return state;
            }
        }
        state
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if !self.is_back {
            drop(self.give_back());
        }
    }
}

#[cfg(test)]
mod tests;
