use std::iter;
use std::sync::Arc;

use smallvec::SmallVec;
use socketio_proto::Packet;

use super::Client;
use super::receive::packet_bytes;
use super::rejected::{log_only, reject, rejected};
use crate::context::EventContext;
use crate::error::rejection::Rejection;
use crate::handler::{BoxFuture, EventListener, EventMiddlewareListener, OnRejected, catch};
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::NamespaceInner;
use crate::socket::Socket;
use crate::socket_state::ordered::Ordered;
use crate::socket_state::tasks::Tasks;

impl Client {
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
        for run in runs(listeners, context, on_rejected) {
            self.tasks.start(run, bytes);
        }
    }

    /// Starts all that is interested in an event, where that may be more than the handlers of its
    /// name.
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
            // The listeners are looked up in their turn: those that a handler adds hear all events
            // behind its own.
            let job = Box::pin(handle_in_order(namespace, context));
            Ordered::run(&socket_state, &self.tasks, job, bytes);
        } else {
            handle(&self.tasks, namespace, handlers, context, bytes);
        }
    }
}

/// The runs of some listeners of one event. Only if there are several is the event copied.
fn runs<'a>(
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

/// Starts all that is interested in an event: listeners of every event first, then, when the
/// middleware has let it pass, those of its name.
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
            if let Some(passed) = pass(&middleware, context, on_rejection).await {
                start_named(&tasks, &namespace, passed, bytes);
            }
        })
    };
    tasks.start(run, bytes);
}

/// Runs all that is interested in an event, one after the other.
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
    } else if let Some(passed) = pass(&middleware, context, on_rejection).await {
        run_named(&namespace, passed).await;
    }
}

/// Leads an event through the middleware, which may change it. None if it was refused: then it has
/// been rejected as it was before.
async fn pass(
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
    // What the extractors of middleware did to the request is not for the handlers.
    changed.finish_extraction();
    Some(changed)
}

fn start_named(
    tasks: &Arc<Tasks>,
    namespace: &NamespaceInner,
    context: EventContext,
    bytes: usize,
) {
    for run in named(namespace, context) {
        tasks.start(run, bytes);
    }
}

async fn run_named(namespace: &NamespaceInner, context: EventContext) {
    for run in named(namespace, context) {
        run.await;
    }
}

/// The runs of the handlers of an event, unless the socket has left meanwhile.
fn named(
    namespace: &NamespaceInner,
    context: EventContext,
) -> SmallVec<[BoxFuture<'static, ()>; 1]> {
    let socket = &context.socket;
    if !socket.connected() {
        log_event_after_leave(socket);
        return SmallVec::new();
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
    runs(listeners, context, on_rejected).collect()
}

/// The listeners of every event: those of the namespace, then the socket's own.
fn any_listeners(handlers: &Handlers, socket: &Socket) -> Vec<EventListener> {
    let of_namespace = handlers.any.iter().map(|listener| listener.handler.clone());
    of_namespace.chain(socket.any_listeners()).collect()
}

/// The middleware of events: that of the namespace, then the socket's own.
fn middleware(handlers: &Handlers, socket: &Socket) -> Vec<EventMiddlewareListener> {
    let of_namespace = handlers.event_middleware.iter().cloned();
    of_namespace.chain(socket.own_middleware()).collect()
}

fn log_event_after_leave(socket: &Socket) {
    tracing::debug!(socket = %socket.id(), "an event whose socket has left meanwhile");
}

fn log_unhandled(socket: &Socket) {
    tracing::debug!(socket = %socket.id(), "an event that nothing handles");
}
