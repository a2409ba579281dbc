//! The middleware and wraps that an event passes before its handlers.

use std::any::TypeId;
use std::sync::Arc;

use crate::handler::{EventMiddlewareListener, EventWrapListener, HasHandlerType};

/// The middleware and wraps of a namespace in the order of registration.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventSteps {
    steps: Arc<[EventStep]>,
    is_wrapped: bool,
}

/// A middleware, or a wrap that runs the later steps and the handlers.
#[derive(Clone, Debug)]
pub(crate) enum EventStep {
    Middleware(EventMiddlewareListener),
    Wrap(EventWrapListener),
}

impl EventSteps {
    pub(crate) fn push(&mut self, step: EventStep) {
        self.is_wrapped |= matches!(step, EventStep::Wrap(_));
        self.steps = self.steps.iter().cloned().chain([step]).collect();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns whether one of the steps is a wrap.
    pub(crate) fn is_wrapped(&self) -> bool {
        self.is_wrapped
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &EventStep> {
        self.steps.iter()
    }

    /// Returns the steps, followed by the middleware of a socket.
    pub(crate) fn followed_by(&self, own: Vec<EventMiddlewareListener>) -> Arc<[EventStep]> {
        if own.is_empty() {
            return Arc::clone(&self.steps);
        }
        let own = own.into_iter().map(EventStep::Middleware);
        self.steps.iter().cloned().chain(own).collect()
    }
}

impl HasHandlerType for EventStep {
    fn handler_type(&self) -> TypeId {
        match self {
            Self::Middleware(middleware) => middleware.handler_type(),
            Self::Wrap(wrap) => wrap.handler_type(),
        }
    }
}
