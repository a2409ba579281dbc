use std::sync::Arc;

use smallvec::SmallVec;
use socketio_proto::Packet;

use super::event_run::EventRun;
use super::{Client, size};
use crate::context::EventContext;
use crate::handler::{EventListener, EventMiddlewareListener, catch};
use crate::handlers::Handlers;
use crate::namespace_core::NamespaceCore;
use crate::ordered::Ordered;
use crate::rejection::Rejection;
use crate::socket::Socket;
use crate::tasks::Tasks;

impl Client {
    /// Starts the handlers of an event.
    pub(super) fn dispatch(
        self: &Arc<Self>,
        socket: &Socket,
        namespace: &Arc<NamespaceCore>,
        packet: Packet,
    ) {
        let handlers = namespace.handlers();
        let bytes = size(&packet);
        if handlers.ordered {
            // The listeners are looked up in their turn: those that a handler adds hear all events
            // behind its own.
            let context = EventContext::new(socket.clone(), packet.payload, packet.id);
            let job = Box::pin(handle_in_order(Arc::clone(namespace), context));
            Ordered::run(&socket.recipient, &self.tasks, job, bytes);
            return;
        }
        if handlers.hear_any() || !socket.recipient.listeners.is_unused() {
            let context = EventContext::new(socket.clone(), packet.payload, packet.id);
            handle(&self.tasks, namespace, &handlers, context, bytes);
            return;
        }
        let Some(listeners) = packet
            .event_name()
            .and_then(|name| handlers.events.get(&*name))
        else {
            log_unhandled(socket);
            return;
        };
        let mut context = Some(EventContext::new(socket.clone(), packet.payload, packet.id));
        let last = listeners.len().saturating_sub(1);
        for (index, listener) in listeners.iter().enumerate() {
            let next = if index == last {
                context.take()
            } else {
                context.as_ref().map(EventContext::fork)
            };
            let Some(next) = next else { break };
            let run = EventRun::new(&listener.handler, handlers.rejection.clone(), next);
            self.tasks.start(run, bytes);
        }
    }
}

/// Starts all that is interested in an event: listeners of every event first, then, when the
/// middleware has let it pass, those of its name.
fn handle(
    tasks: &Arc<Tasks>,
    namespace: &Arc<NamespaceCore>,
    handlers: &Handlers,
    context: EventContext,
    bytes: usize,
) {
    for listener in any_listeners(handlers, &context.socket) {
        tasks.start(EventRun::of_observer(&listener, context.fork()), bytes);
    }
    let middleware = middleware(handlers, &context.socket);
    if middleware.is_empty() {
        start_named(tasks, namespace, &context, bytes);
        return;
    }
    let passing = {
        let (tasks, namespace) = (Arc::clone(tasks), Arc::clone(namespace));
        let mut context = context.fork();
        Box::pin(async move {
            pass(&middleware, &mut context).await?;
            start_named(&tasks, &namespace, &context, bytes);
            Ok(())
        })
    };
    let run = EventRun::of_event(passing, handlers.rejection.clone(), context);
    tasks.start(run, bytes);
}

/// Runs all that is interested in an event, one after the other.
async fn handle_in_order(namespace: Arc<NamespaceCore>, context: EventContext) {
    let (any, middleware, on_rejection) = {
        let handlers = namespace.handlers();
        (
            any_listeners(&handlers, &context.socket),
            middleware(&handlers, &context.socket),
            handlers.rejection.clone(),
        )
    };
    for listener in any {
        EventRun::of_observer(&listener, context.fork()).await;
    }
    if middleware.is_empty() {
        run_named(&namespace, &context).await;
        return;
    }
    let passing = {
        let mut context = context.fork();
        Box::pin(async move {
            pass(&middleware, &mut context).await?;
            run_named(&namespace, &context).await;
            Ok(())
        })
    };
    EventRun::of_event(passing, on_rejection, context).await;
}

/// Leads an event through the middleware, which may change it.
async fn pass(
    middleware: &[EventMiddlewareListener],
    context: &mut EventContext,
) -> Result<(), Rejection> {
    for middleware in middleware {
        let passed = catch(async { middleware.call(context).await }).await;
        let passed = passed.unwrap_or_else(|panic| Err(Rejection::panicked(panic.message())));
        if let Some(event) = passed? {
            context.args = event.into_args();
        }
    }
    Ok(())
}

fn start_named(
    tasks: &Arc<Tasks>,
    namespace: &NamespaceCore,
    context: &EventContext,
    bytes: usize,
) {
    for run in named(namespace, context) {
        tasks.start(run, bytes);
    }
}

async fn run_named(namespace: &NamespaceCore, context: &EventContext) {
    for run in named(namespace, context) {
        run.await;
    }
}

/// The runs of the handlers of an event, unless the socket has left meanwhile.
fn named(namespace: &NamespaceCore, context: &EventContext) -> SmallVec<[EventRun; 1]> {
    let mut runs = SmallVec::new();
    let socket = &context.socket;
    if !socket.connected() {
        tracing::debug!(socket = %socket.id(), "an event whose socket has left meanwhile");
        return runs;
    }
    let name = context.event_name();
    let handlers = namespace.handlers();
    let run = |listener| EventRun::new(listener, handlers.rejection.clone(), context.fork());
    if let Some(listeners) = handlers.events.get(&*name) {
        runs.extend(listeners.iter().map(|listener| run(&listener.handler)));
    }
    runs.extend(socket.listeners_of(&name).iter().map(run));
    if runs.is_empty() {
        log_unhandled(socket);
    }
    runs
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

fn log_unhandled(socket: &Socket) {
    tracing::debug!(socket = %socket.id(), "an event that nothing handles");
}
