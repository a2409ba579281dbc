//! Registered event handlers.

use std::fmt;
use std::sync::Arc;

use super::EventHandler;
use super::erased::{BoxFuture, Registered};
use super::panic::catch;
use super::sealed::Seal;
use crate::context::EventContext;
use crate::error::rejection::Rejection;

/// A registered event handler.
#[derive(Clone)]
pub(crate) struct EventListener(Arc<dyn ErasedEvent>);

/// What becomes of an event whose handler did not run, or did not end well.
#[derive(Clone)]
pub(crate) struct OnRejected {
    /// What is done. It is given the listener.
    pub(crate) act: fn(EventContext, Rejection, Option<EventListener>) -> BoxFuture<'static, ()>,
    /// The handler for rejections that there was when the event was dispatched: whatever becomes of
    /// the namespace meanwhile, it hears of the event.
    pub(crate) listener: Option<EventListener>,
}

trait ErasedEvent: Send + Sync {
    fn run(self: Arc<Self>, cx: EventContext, on_rejected: OnRejected) -> BoxFuture<'static, ()>;
}

impl<H, T, S> ErasedEvent for Registered<H, T, S>
where
    H: EventHandler<T, S>,
    S: Send + Sync + 'static,
    T: 'static,
{
    fn run(
        self: Arc<Self>,
        mut cx: EventContext,
        on_rejected: OnRejected,
    ) -> BoxFuture<'static, ()> {
        // The one allocation of an event. It holds the registration, and with it the state that the
        // handler borrows, and the context, which is here when the handler fails: so there is
        // nothing to be copied for that case.
        Box::pin(async move {
            // In an async block: a handler may also panic while it is copied.
            let call = async { self.handler.clone().call(&mut cx, &self.state, Seal).await };
            let called = catch(call).await;
            let result = called.unwrap_or_else(|panic| Err(Rejection::panicked(panic.message())));
            if let Err(rejection) = result {
                cx.finish_extraction();
                (on_rejected.act)(cx, rejection, on_rejected.listener).await;
            }
        })
    }
}

impl EventListener {
    pub(crate) fn new<H, T, S>(handler: H, state: S) -> Self
    where
        H: EventHandler<T, S>,
        S: Send + Sync + 'static,
        T: 'static,
    {
        Self(Registered::new(handler, state))
    }

    /// Extracts the arguments, runs the handler and answers. What fails, panics among it, is left to
    /// `on_rejected`.
    ///
    /// The future may be moved after it has been polled: it is tried where the event is dispatched
    /// and moves to a task only if it has to wait.
    pub(crate) fn run(&self, cx: EventContext, on_rejected: OnRejected) -> BoxFuture<'static, ()> {
        Arc::clone(&self.0).run(cx, on_rejected)
    }
}

impl fmt::Debug for EventListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventListener").finish_non_exhaustive()
    }
}
