//! The part of an event's chain that a wrap runs.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::future::BoxFuture;
use smallvec::SmallVec;

use crate::context::{Outcome, SharedAck};
use crate::extract::Event;

/// Everything that is inside a wrap: later middleware and wraps, and the handlers of the event.
///
/// It is the last argument of an [`EventWrap`](crate::handler::EventWrap), and not an extractor.
///
/// A wrap may run it in a separate task and return [`Outcome::ignored`]. The handlers then answer
/// when they have an answer, and the event no longer counts towards
/// [`max_pending_events`](crate::SocketIoBuilder::max_pending_events).
#[must_use = "the event is not handled unless `run` is called"]
pub struct Next {
    rest: Box<dyn Rest>,
}

impl Next {
    pub(crate) fn new(rest: Box<dyn Rest>) -> Self {
        Self { rest }
    }

    /// Runs everything that is inside the wrap until all handlers of the event have finished.
    ///
    /// The handlers are started in their order, and none waits for another unless the namespace is
    /// [`ordered`](crate::Namespace::ordered). If the future is dropped, the handlers are dropped
    /// where they are.
    pub async fn run(self) -> Outcome {
        self.rest.start(None).await
    }

    /// Runs everything that is inside the wrap with another event. Its name selects the handlers.
    pub async fn run_as(self, event: Event) -> Outcome {
        self.rest.start(Some(event)).await
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("event", &self.rest.event_name())
            .finish_non_exhaustive()
    }
}

/// The type of the last argument of a wrap, for `debug_handler`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the last argument of a wrap is `Next`, and not `{Self}`",
    label = "not `Next`",
    note = "add `next: Next` behind the other arguments, and call `next.run().await` to run the handlers"
)]
pub trait IsNext {}

impl IsNext for Next {}

/// The steps and handlers that an event has not passed yet.
pub(crate) trait Rest: Send {
    /// Starts the steps and handlers, for another event if there is one.
    fn start(self: Box<Self>, event: Option<Event>) -> Started;

    /// Returns the name of the event.
    fn event_name(&self) -> Cow<'_, str>;
}

/// The steps and handlers of an event, which have been started. The future ends with them.
pub(crate) struct Started {
    pub(crate) running: Running,
    /// The outcome of the event.
    pub(crate) held: Option<Arc<SharedAck>>,
    /// Whether the namespace has a handler for the event as the wrap knows it.
    pub(crate) is_registered: bool,
}

impl Future for Started {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.running).poll(cx));
        let held = this.held.as_ref();
        let mut outcome = held.map_or_else(Outcome::ignored, |held| held.outcome());
        outcome.set_registered(this.is_registered);
        Poll::Ready(outcome)
    }
}

/// The futures of an event's handlers.
pub(crate) struct Running {
    pub(crate) futures: SmallVec<[BoxFuture<'static, ()>; 1]>,
    /// Whether each waits for the one before.
    pub(crate) is_ordered: bool,
}

impl Running {
    pub(crate) fn one(future: BoxFuture<'static, ()>) -> Self {
        Self {
            futures: SmallVec::from_buf([future]),
            is_ordered: true,
        }
    }
}

impl Future for Running {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            futures,
            is_ordered,
        } = self.get_mut();
        if !*is_ordered {
            // The first poll starts them in their order.
            futures.retain(|future| future.as_mut().poll(cx).is_pending());
            return if futures.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            };
        }
        while let Some(future) = futures.first_mut() {
            ready!(future.as_mut().poll(cx));
            drop(futures.remove(0));
        }
        Poll::Ready(())
    }
}
