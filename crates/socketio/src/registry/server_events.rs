//! Events of other servers.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::context::ServerEventContext;
use crate::handler::{ServerEventListener, catch};

/// The handlers of other servers' events that are to be started.
///
/// They start in the order in which the events have come, and not where those are delivered: that
/// may be the task on which an adapter hears the other servers.
#[derive(Default)]
pub(crate) struct ServerEvents(Mutex<EventQueue>);

#[derive(Default)]
struct EventQueue {
    queue: VecDeque<Run>,
    /// Whether a task works through the queue.
    is_running: bool,
}

/// The run of one handler.
type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Gives access to the events of a namespace for as long as their handlers are started.
pub(crate) trait HasServerEvents: Send + Sync + 'static {
    fn server_events(&self) -> &ServerEvents;
}

impl ServerEvents {
    /// Lets handlers run, each in a task of its own unless it is ready at once.
    pub(crate) fn start<N: HasServerEvents>(
        namespace: &Arc<N>,
        listeners: &[ServerEventListener],
        event: &ServerEventContext,
    ) {
        let Ok(runtime) = Handle::try_current() else {
            tracing::error!(
                event = %event.event_name(),
                "an event of another server is lost: the adapter must hand it in inside the tokio \
                 runtime"
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
        let namespace = Arc::clone(namespace);
        runtime.spawn(async move {
            while let Some(mut run) = namespace.server_events().next() {
                // The task polls again as soon as it starts, so that no wake can be lost.
                if (&mut run).now_or_never().is_none() {
                    tokio::spawn(run);
                }
                // Many that are ready at once would hold up the worker.
                tokio::task::coop::consume_budget().await;
            }
        });
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
        Ok(Err(rejection)) => tracing::error!(
            namespace = %shared.name(),
            event = name,
            %rejection,
            "an event of another server was not handled"
        ),
        Err(panic) => tracing::error!(
            namespace = %shared.name(),
            event = name,
            panic = panic.message(),
            "the handler of an event of another server panicked"
        ),
    }
}
