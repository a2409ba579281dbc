//! A registered event handler and the action for rejected events.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use super::EventHandler;
use super::erased::Registered;
use super::handler_type::HasHandlerType;
use super::panic::catch;
use super::sealed::Seal;
use crate::context::EventContext;
use crate::error::rejection::Rejection;

/// A registered event handler.
#[derive(Clone)]
pub(crate) struct EventListener(Arc<dyn ErasedEvent>);

/// The action for an event whose handler did not run or failed.
#[derive(Clone)]
pub(crate) struct OnRejected {
    /// The action. It receives the listener as its last argument.
    pub(crate) action: fn(EventContext, Rejection, Option<EventListener>) -> BoxFuture<'static, ()>,
    /// The `on_rejection` handler at the time when the event was dispatched. It is called even if
    /// the namespace is closed meanwhile.
    pub(crate) listener: Option<EventListener>,
}

trait ErasedEvent: HasHandlerType + Send + Sync {
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
        // The only allocation of an event. The future owns the registration, and thus the state
        // that the handler borrows. It also owns the context, so nothing is copied for the case
        // that the handler fails.
        Box::pin(async move {
            // In an async block because cloning the handler may panic too.
            let call = async { self.handler.clone().call(&mut cx, &self.state, Seal).await };
            let called = catch(call).await;
            let result = called.unwrap_or_else(|panic| Err(Rejection::panicked(panic.message())));
            if let Err(rejection) = result {
                cx.finish_extraction();
                (on_rejected.action)(cx, rejection, on_rejected.listener).await;
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

    /// Extracts the arguments, runs the handler and sends the answer. Errors and panics are passed
    /// to `on_rejected`.
    ///
    /// The future can be moved after a poll: it is first polled where the event is dispatched, and
    /// moves to a task only if it is pending.
    pub(crate) fn run(&self, cx: EventContext, on_rejected: OnRejected) -> BoxFuture<'static, ()> {
        Arc::clone(&self.0).run(cx, on_rejected)
    }
}

impl HasHandlerType for EventListener {
    fn handler_type(&self) -> TypeId {
        self.0.handler_type()
    }
}

impl fmt::Debug for EventListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventListener").finish_non_exhaustive()
    }
}
