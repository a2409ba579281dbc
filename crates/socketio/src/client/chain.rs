//! The chain of an event: its middleware, its wraps and its handlers.

use std::borrow::Cow;
use std::iter;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use smallvec::SmallVec;

use super::rejected::{reject, rejected};
use crate::context::{AnswerHold, EventContext};
use crate::error::rejection::Rejection;
use crate::extract::Event;
use crate::handler::{
    EventListener, EventWrapListener, Next, OnRejected, Rest, Running, Started, catch,
};
use crate::registry::event_steps::EventStep;
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::NamespaceInner;
use crate::socket::Socket;

/// An event, and the steps and handlers that it has not passed yet.
pub(super) struct Chain {
    namespace: Arc<NamespaceInner>,
    /// The steps of the namespace, followed by those of the socket.
    steps: Arc<[EventStep]>,
    /// The number of steps that the event has passed.
    at: usize,
    on_rejection: Option<EventListener>,
    /// Whether the handlers run one after the other.
    is_ordered: bool,
    pub(super) context: EventContext,
}

impl Chain {
    /// Creates the chain of an event, with the steps of the namespace and the middleware of the
    /// socket.
    pub(super) fn new(
        namespace: Arc<NamespaceInner>,
        handlers: &Handlers,
        context: EventContext,
    ) -> Self {
        let own = context.socket.own_middleware();
        Self {
            namespace,
            steps: handlers.event_steps.followed_by(own),
            at: 0,
            on_rejection: handlers.rejection.clone(),
            is_ordered: handlers.ordered,
            context,
        }
    }

    pub(super) fn has_steps(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Runs the chain of an event that is wrapped. The hold ends with the future.
    pub(super) fn run(self: Box<Self>, hold: AnswerHold) -> BoxFuture<'static, ()> {
        match self.next_wrap() {
            // The future of a wrap needs no other around it.
            Some(wrap) => self.run_wrap(wrap, hold),
            None => Box::pin(self.run_middleware_first(hold)),
        }
    }

    async fn run_middleware_first(self: Box<Self>, hold: AnswerHold) {
        let Some(chain) = self.run_middleware().await else {
            return;
        };
        match chain.next_wrap() {
            Some(wrap) => Box::new(chain).run_wrap(wrap, hold).await,
            None => chain.into_running().await,
        }
    }

    /// Runs the middleware up to the next wrap, which may change the event.
    ///
    /// Returns `None` if a middleware rejected the event. The rejection is then reported with the
    /// event as it was before.
    pub(super) async fn run_middleware(mut self) -> Option<Self> {
        let mut changed = self.context.fork();
        while let Some(EventStep::Middleware(middleware)) = self.steps.get(self.at) {
            self.at += 1;
            let passed = catch(async { middleware.call(&mut changed).await }).await;
            let passed = passed.unwrap_or_else(|panic| Err(Rejection::panicked(panic.message())));
            match passed {
                Ok(Some(event)) => changed.args = event.into_args(),
                Ok(None) => {}
                Err(rejection) => {
                    reject(self.context, rejection, self.on_rejection).await;
                    return None;
                }
            }
        }
        // Handlers do not see changes that extractors of middleware made to the request parts.
        changed.finish_extraction();
        self.context = changed;
        Some(self)
    }

    /// Returns the next step if it is a wrap.
    fn next_wrap(&self) -> Option<EventWrapListener> {
        match self.steps.get(self.at)? {
            EventStep::Wrap(wrap) => Some(wrap.clone()),
            EventStep::Middleware(_) => None,
        }
    }

    fn run_wrap(
        mut self: Box<Self>,
        wrap: EventWrapListener,
        hold: AnswerHold,
    ) -> BoxFuture<'static, ()> {
        self.at += 1;
        let context = self.context.fork();
        let on_rejected = rejected(self.on_rejection.clone());
        wrap.run(context, Next::new(self), on_rejected, hold)
    }

    fn into_running(self) -> Running {
        self.into_running_and_registered().0
    }

    /// Returns the futures of the handlers, and whether the namespace has one of them.
    fn into_running_and_registered(self) -> (Running, bool) {
        let is_ordered = self.is_ordered;
        let (futures, is_registered) = self.into_futures_and_registered();
        let running = Running {
            futures,
            is_ordered,
        };
        (running, is_registered)
    }

    /// Returns the futures of the handlers of the event's name, or none if the socket has left.
    pub(super) fn into_futures(self) -> SmallVec<[BoxFuture<'static, ()>; 1]> {
        self.into_futures_and_registered().0
    }

    /// Returns the futures of the handlers, and whether the namespace has one of them.
    fn into_futures_and_registered(self) -> (SmallVec<[BoxFuture<'static, ()>; 1]>, bool) {
        let Self {
            namespace, context, ..
        } = self;
        let socket = &context.socket;
        let name = context.event_name();
        let handlers = namespace.handlers();
        let of_namespace = handlers.events.get(&*name);
        let is_registered = of_namespace.is_some();
        if !socket.connected() {
            log_event_after_leave(socket);
            return (SmallVec::new(), is_registered);
        }
        let of_namespace = of_namespace.map(|listeners| &**listeners);
        let of_namespace = of_namespace.unwrap_or_default();
        let own = socket.listeners_of(&name);
        let count = of_namespace.len() + own.len();
        if count == 0 {
            log_unhandled(socket);
        }
        drop(name);
        context.note_handlers(count);
        let of_namespace = of_namespace.iter().map(|listener| &listener.handler);
        let on_rejected = rejected(handlers.rejection.clone());
        let futures = futures(of_namespace.chain(&own), context, on_rejected).collect();
        (futures, is_registered)
    }

    fn is_registered(&self) -> bool {
        let handlers = self.namespace.handlers();
        handlers.events.contains_key(&*self.context.event_name())
    }
}

impl Rest for Chain {
    fn start(mut self: Box<Self>, event: Option<Event>) -> Started {
        let held = self.context.held_ack();
        let is_innermost = self.at == self.steps.len();
        // The lookup of the handlers answers this too, unless the event is replaced: the answer is
        // about the name that the wrap sees.
        let (running, is_registered) = if is_innermost && event.is_none() {
            self.into_running_and_registered()
        } else {
            let is_registered = self.is_registered();
            if let Some(event) = event {
                self.context.args = event.into_args();
            }
            let running = if is_innermost {
                self.into_running()
            } else {
                let hold = self.context.hold_again();
                Running::one(self.run(hold))
            };
            (running, is_registered)
        };
        Started {
            running,
            held,
            is_registered,
        }
    }

    fn event_name(&self) -> Cow<'_, str> {
        self.context.event_name()
    }
}

/// Returns the futures of several handlers of one event. The event is copied only if there are
/// several.
pub(super) fn futures<'a>(
    listeners: impl Iterator<Item = &'a EventListener>,
    context: EventContext,
    on_rejected: OnRejected,
) -> impl Iterator<Item = BoxFuture<'static, ()>> {
    let mut listeners = listeners.peekable();
    let mut context = Some(context);
    iter::from_fn(move || {
        let listener = listeners.next()?;
        let context = match listeners.peek() {
            Some(_) => context.as_mut()?.fork(),
            None => context.take()?,
        };
        Some(listener.run(context, on_rejected.clone()))
    })
}

pub(super) fn log_event_after_leave(socket: &Socket) {
    tracing::debug!(socket = %socket.logged_id(), "ignored an event of a socket that has left");
}

pub(super) fn log_unhandled(socket: &Socket) {
    tracing::debug!(socket = %socket.logged_id(), "ignored an event without a handler");
}
