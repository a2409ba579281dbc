//! The path of an event to its listeners, middleware and handlers.
//!
//! [`chain`](super::chain) runs middleware and wraps, and [`rejected`](super::rejected) reports rejected
//! events.

use std::sync::Arc;

use socketio_proto::Packet;

use super::ClientInner;
use super::chain::{Chain, futures, log_event_after_leave, log_unhandled};
use super::receive::packet_bytes;
use super::rejected::{log_only, rejected};
use crate::context::EventContext;
use crate::handler::EventListener;
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
    /// middleware, wraps, listeners of the socket, or in an `ordered` namespace.
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

/// Starts the catch-all listeners, then the middleware and wraps, and then the handlers of the
/// event's name.
fn handle(
    tasks: &Arc<Tasks>,
    namespace: Arc<NamespaceInner>,
    handlers: &Handlers,
    mut context: EventContext,
    bytes: usize,
) {
    let hold = handlers.event_steps.is_wrapped().then(|| context.hold());
    for listener in any_listeners(handlers, &context.socket) {
        tasks.start(listener.run(context.fork_for_observer(), log_only()), bytes);
    }
    let chain = Chain::new(namespace, handlers, context);
    if let Some(hold) = hold {
        tasks.start(Box::new(chain).run(hold), bytes);
        return;
    }
    if !chain.has_steps() {
        start_handlers(tasks, chain, bytes);
        return;
    }
    let run = {
        let tasks = Arc::clone(tasks);
        Box::pin(async move {
            if let Some(passed) = chain.run_middleware().await {
                start_handlers(&tasks, passed, bytes);
            }
        })
    };
    tasks.start(run, bytes);
}

/// Runs the catch-all listeners, the middleware and wraps, and the handlers one after the other.
async fn handle_in_order(namespace: Arc<NamespaceInner>, mut context: EventContext) {
    let (any, hold, mut chain) = {
        let handlers = namespace.handlers();
        (
            any_listeners(&handlers, &context.socket),
            handlers.event_steps.is_wrapped().then(|| context.hold()),
            Chain::new(Arc::clone(&namespace), &handlers, context),
        )
    };
    for listener in any {
        let observer = chain.context.fork_for_observer();
        listener.run(observer, log_only()).await;
    }
    if let Some(hold) = hold {
        Box::new(chain).run(hold).await;
    } else if !chain.has_steps() {
        run_handlers(chain).await;
    } else if let Some(passed) = chain.run_middleware().await {
        run_handlers(passed).await;
    }
}

fn start_handlers(tasks: &Arc<Tasks>, chain: Chain, bytes: usize) {
    for run in chain.into_futures() {
        tasks.start(run, bytes);
    }
}

async fn run_handlers(chain: Chain) {
    for run in chain.into_futures() {
        run.await;
    }
}

/// Returns the catch-all listeners of the namespace, followed by those of the socket.
fn any_listeners(handlers: &Handlers, socket: &Socket) -> Vec<EventListener> {
    let of_namespace = handlers.any.iter().map(|listener| listener.handler.clone());
    of_namespace.chain(socket.any_listeners()).collect()
}
