//! The path of an event to its listeners, middleware and handlers.
//!
//! A middleware or extractor that rejects an event ends here; [`rejected`](super::rejected) reports it.

use std::iter;
use std::sync::Arc;

use engineio::log::Escaped;
use futures_core::future::BoxFuture;
use socketio_proto::Packet;

use super::ClientInner;
use super::receive::packet_bytes;
use super::rejected::{log_only, reject, rejected};
use crate::context::EventContext;
use crate::error::rejection::Rejection;
use crate::handler::{EventListener, EventMiddlewareListener, OnRejected, catch};
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::NamespaceInner;
use crate::socket::Socket;
use crate::socket_state::ordered::Ordered;
use crate::socket_state::tasks::Tasks;

impl ClientInner {
    /// Starts the handlers of an event.
    #[inline(always)]
    pub(super) fn dispatch(self: &Arc<Self>, socket: Socket, handlers: &Handlers, packet: Packet) {
        let bytes = packet_bytes(&packet);
        let is_plain = !handlers.ordered
            && !handlers.has_any_listeners()
            && socket.state().listeners.is_unused();
        if !is_plain {
            self.dispatch_to_all(socket, handlers, packet, bytes);
            return;
        }
        let Some(listeners) = packet
            .event_name()
            .and_then(|name| handlers.events.get(&*name))
        else {
            log_unhandled(&socket);
            return;
        };
        let on_rejected = rejected(handlers.rejection.clone());
        if let [listener] = &**listeners {
            let context = EventContext::new(socket, packet.payload, packet.id);
            let run = listener.handler.run(context, on_rejected);
            self.tasks.start(run, bytes);
            return;
        }
        let context = EventContext::new(socket, packet.payload, packet.id);
        let listeners = listeners.iter().map(|listener| &listener.handler);
        for run in futures(listeners, context, on_rejected) {
            self.tasks.start(run, bytes);
        }
    }

    /// Starts the handlers of an event in the general case: with catch-all listeners, event
    /// middleware, listeners of the socket, or in an `ordered` namespace.
    fn dispatch_to_all(
        self: &Arc<Self>,
        socket: Socket,
        handlers: &Handlers,
        packet: Packet,
        bytes: usize,
    ) {
        let Some(namespace) = socket.namespace_shared().owner::<NamespaceInner>() else {
            log_event_after_leave(&socket);
            return;
        };
        let socket_state = Arc::clone(socket.state());
        let context = EventContext::new(socket, packet.payload, packet.id);
        if handlers.ordered {
            // The handlers are looked up when the job runs, so that those added by the handler of
            // an event receive all later events.
            let job = Box::pin(handle_in_order(namespace, context));
            Ordered::run(&socket_state, &self.tasks, job, bytes);
        } else {
            handle(&self.tasks, namespace, handlers, context, bytes);
        }
    }
}

/// Returns the futures of several handlers of one event. The event is copied only if there are
/// several.
fn futures<'a>(
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

/// Starts the catch-all listeners, then the middleware chain, and then the handlers of the event's
/// name.
fn handle(
    tasks: &Arc<Tasks>,
    namespace: Arc<NamespaceInner>,
    handlers: &Handlers,
    mut context: EventContext,
    bytes: usize,
) {
    for listener in any_listeners(handlers, &context.socket) {
        tasks.start(listener.run(context.fork(), log_only()), bytes);
    }
    let middleware = middleware(handlers, &context.socket);
    if middleware.is_empty() {
        start_named(tasks, &namespace, context, bytes);
        return;
    }
    let run = {
        let tasks = Arc::clone(tasks);
        let on_rejection = handlers.rejection.clone();
        Box::pin(async move {
            if let Some(passed) = run_middleware(&middleware, context, on_rejection).await {
                start_named(&tasks, &namespace, passed, bytes);
            }
        })
    };
    tasks.start(run, bytes);
}

/// Runs the catch-all listeners, the middleware and the handlers one after the other.
async fn handle_in_order(namespace: Arc<NamespaceInner>, mut context: EventContext) {
    let (any, middleware, on_rejection) = {
        let handlers = namespace.handlers();
        (
            any_listeners(&handlers, &context.socket),
            middleware(&handlers, &context.socket),
            handlers.rejection.clone(),
        )
    };
    for listener in any {
        listener.run(context.fork(), log_only()).await;
    }
    if middleware.is_empty() {
        run_named(&namespace, context).await;
    } else if let Some(passed) = run_middleware(&middleware, context, on_rejection).await {
        run_named(&namespace, passed).await;
    }
}

/// Runs the middleware chain, which may change the event.
///
/// Returns `None` if a middleware rejected the event. The rejection is then reported with the
/// original event.
async fn run_middleware(
    middleware: &[EventMiddlewareListener],
    mut context: EventContext,
    on_rejection: Option<EventListener>,
) -> Option<EventContext> {
    let mut changed = context.fork();
    for middleware in middleware {
        let passed = catch(async { middleware.call(&mut changed).await }).await;
        let passed = passed.unwrap_or_else(|panic| Err(Rejection::panicked(panic.message())));
        match passed {
            Ok(Some(event)) => changed.args = event.into_args(),
            Ok(None) => {}
            Err(rejection) => {
                reject(context, rejection, on_rejection).await;
                return None;
            }
        }
    }
    // Handlers do not see changes that extractors of middleware made to the request parts.
    changed.finish_extraction();
    Some(changed)
}

fn start_named(
    tasks: &Arc<Tasks>,
    namespace: &NamespaceInner,
    context: EventContext,
    bytes: usize,
) {
    for run in named_futures(namespace, context) {
        tasks.start(run, bytes);
    }
}

async fn run_named(namespace: &NamespaceInner, context: EventContext) {
    for run in named_futures(namespace, context) {
        run.await;
    }
}

/// Returns the futures of the handlers of the event's name, or none if the socket has left.
fn named_futures(namespace: &NamespaceInner, context: EventContext) -> Vec<BoxFuture<'static, ()>> {
    let socket = &context.socket;
    if !socket.connected() {
        log_event_after_leave(socket);
        return Vec::new();
    }
    let name = context.event_name();
    let handlers = namespace.handlers();
    let of_namespace = handlers.events.get(&*name).into_iter().flatten();
    let own = socket.listeners_of(&name);
    let mut listeners = of_namespace
        .map(|listener| &listener.handler)
        .chain(&own)
        .peekable();
    if listeners.peek().is_none() {
        log_unhandled(socket);
    }
    drop(name);
    let on_rejected = rejected(handlers.rejection.clone());
    futures(listeners, context, on_rejected).collect()
}

/// Returns the catch-all listeners of the namespace, followed by those of the socket.
fn any_listeners(handlers: &Handlers, socket: &Socket) -> Vec<EventListener> {
    let of_namespace = handlers.any.iter().map(|listener| listener.handler.clone());
    of_namespace.chain(socket.any_listeners()).collect()
}

/// Returns the event middleware of the namespace, followed by that of the socket.
fn middleware(handlers: &Handlers, socket: &Socket) -> Vec<EventMiddlewareListener> {
    let of_namespace = handlers.event_middleware.iter().cloned();
    of_namespace.chain(socket.own_middleware()).collect()
}

fn log_event_after_leave(socket: &Socket) {
    tracing::debug!(socket = %Escaped(socket.id()), "ignored an event of a socket that has left");
}

fn log_unhandled(socket: &Socket) {
    tracing::debug!(socket = %Escaped(socket.id()), "ignored an event without a handler");
}
