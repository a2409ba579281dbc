//! Events from other servers, and the order of their handlers.

use std::collections::VecDeque;
use std::sync::Arc;

use engineio::log::Escaped;
use futures_core::future::BoxFuture;
use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::context::ServerEventContext;
use crate::handler::{ServerEventListener, catch};
use crate::socket_state::running_tasks::RunningTasks;

/// The queue of handlers for events from other servers.
///
/// Handlers start in the order of the events. They do not run in the caller, which may be the
/// receive loop of an adapter.
#[derive(Default)]
pub(crate) struct ServerEvents(Mutex<EventQueue>);

#[derive(Default)]
struct EventQueue {
    queue: VecDeque<Run>,
    /// Whether a task is processing the queue.
    is_running: bool,
}

/// The future of one handler.
type Run = BoxFuture<'static, ()>;

/// Access to the event queue of a namespace while its handlers are started.
pub(crate) trait HasServerEvents: Send + Sync + 'static {
    fn server_events(&self) -> &ServerEvents;

    /// Returns the tasks that the server waits for when it closes.
    fn running_tasks(&self) -> &Arc<RunningTasks>;
}

impl ServerEvents {
    /// Queues the handlers of an event. One that is not ready at once moves to a separate task.
    pub(crate) fn start<N: HasServerEvents>(
        namespace: &Arc<N>,
        listeners: &[ServerEventListener],
        event: &ServerEventContext,
    ) {
        let Ok(runtime) = Handle::try_current() else {
            engineio::log_limited!(
                error,
                None,
                "an event of another server was lost: the adapter must deliver it inside the \
                 Tokio runtime",
                event = ?Escaped(event.event_name()),
            );
            return;
        };
        let runs = listeners
            .iter()
            .map(|listener| -> Run { Box::pin(run(listener.clone(), event.fork())) });
        {
            let mut state = namespace.server_events().0.lock();
            state.queue.extend(runs);
            if std::mem::replace(&mut state.is_running, true) {
                return;
            }
        }
        let running = Arc::clone(namespace.running_tasks());
        let namespace = Arc::clone(namespace);
        let work: BoxFuture<'static, ()> = Box::pin(async move {
            while let Some(mut run) = namespace.server_events().next() {
                // The new task polls the future again, so that no wake-up is lost.
                if (&mut run).now_or_never().is_none() {
                    namespace.running_tasks().spawn(&Handle::current(), run, ());
                }
                // Many handlers that are ready at once must not occupy the worker thread.
                tokio::task::coop::consume_budget().await;
            }
        });
        running.spawn(&runtime, work, ());
    }

    fn next(&self) -> Option<Run> {
        let mut state = self.0.lock();
        let run = state.queue.pop_front();
        if run.is_none() {
            *state = EventQueue::default();
        }
        run
    }
}

async fn run(listener: ServerEventListener, event: ServerEventContext) {
    let (name, shared) = (event.event_name().into_owned(), Arc::clone(&event.shared));
    match catch(listener.call(event)).await {
        Ok(Ok(())) => {}
        Ok(Err(rejection)) => engineio::log_limited!(
            error,
            None,
            "an event of another server was not handled",
            namespace = ?Escaped(shared.name()),
            event = ?Escaped(name),
            rejection = %rejection.redacted(),
        ),
        Err(panic) => engineio::log_limited!(
            error,
            None,
            "the handler of an event of another server panicked",
            namespace = ?Escaped(shared.name()),
            event = ?Escaped(name),
            panic = ?Escaped(panic.message()),
        ),
    }
}
