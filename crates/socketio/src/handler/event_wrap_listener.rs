//! A registered wrap.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use super::EventWrap;
use super::erased::Registered;
use super::event_listener::OnRejected;
use super::handler_type::HasHandlerType;
use super::next::Next;
use super::panic::catch;
use super::sealed::Seal;
use crate::context::{AnswerHold, EventContext};
use crate::error::rejection::Rejection;

/// A registered wrap.
#[derive(Clone)]
pub(crate) struct EventWrapListener(Arc<dyn ErasedEventWrap>);

trait ErasedEventWrap: HasHandlerType + Send + Sync {
    fn run(
        self: Arc<Self>,
        cx: EventContext,
        next: Next,
        on_rejected: OnRejected,
        hold: AnswerHold,
    ) -> BoxFuture<'static, ()>;
}

impl<H, T, S> ErasedEventWrap for Registered<H, T, S>
where
    H: EventWrap<T, S>,
    S: Send + Sync + 'static,
    T: 'static,
{
    fn run(
        self: Arc<Self>,
        mut cx: EventContext,
        next: Next,
        on_rejected: OnRejected,
        hold: AnswerHold,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            // In an async block because cloning the wrap may panic too.
            let call = async {
                let wrap = self.handler.clone();
                wrap.call(&mut cx, next, &self.state, Seal).await
            };
            let called = catch(call).await;
            let result = called.unwrap_or_else(|panic| Err(Rejection::panicked(panic.message())));
            match result {
                Ok(outcome) => hold.settle(outcome),
                Err(rejection) => {
                    hold.discard();
                    cx.finish_extraction();
                    (on_rejected.action)(cx, rejection, on_rejected.listener).await;
                }
            }
        })
    }
}

impl EventWrapListener {
    pub(crate) fn new<H, T, S>(wrap: H, state: S) -> Self
    where
        H: EventWrap<T, S>,
        S: Send + Sync + 'static,
        T: 'static,
    {
        Self(Registered::new(wrap, state))
    }

    /// Extracts the arguments, runs the wrap and keeps its outcome. Errors and panics are passed to
    /// `on_rejected`. `hold` ends with the future.
    pub(crate) fn run(
        self,
        cx: EventContext,
        next: Next,
        on_rejected: OnRejected,
        hold: AnswerHold,
    ) -> BoxFuture<'static, ()> {
        self.0.run(cx, next, on_rejected, hold)
    }
}

impl HasHandlerType for EventWrapListener {
    fn handler_type(&self) -> TypeId {
        self.0.handler_type()
    }
}

impl fmt::Debug for EventWrapListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWrapListener").finish_non_exhaustive()
    }
}
