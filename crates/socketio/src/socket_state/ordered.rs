use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::socket_state::tasks::{Tasks, Unfinished};

/// The handlers of one socket that run one after the other.
#[derive(Default)]
#[expect(
    clippy::box_collection,
    reason = "every socket has one and few use it: a pointer is less than an empty queue"
)]
pub(crate) struct Ordered(Mutex<Option<Box<VecDeque<Job>>>>);

/// Something to run, which counts as unfinished while it waits.
struct Job {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    unfinished: Unfinished,
}

/// Gives access to the queue of a socket for as long as jobs run.
pub(crate) trait HasOrdered: Send + Sync + 'static {
    fn ordered(&self) -> &Ordered;

    /// Whether what still waits is to be dropped: the socket has gone.
    fn is_over(&self) -> bool;
}

impl Ordered {
    /// Runs `future` once all that were given before have finished.
    pub(crate) fn run<S: HasOrdered>(
        socket: &Arc<S>,
        tasks: &Arc<Tasks>,
        future: Pin<Box<dyn Future<Output = ()> + Send>>,
        bytes: usize,
    ) {
        {
            let mut queue = socket.ordered().0.lock();
            if let Some(queue) = &mut *queue {
                queue.push_back(Job {
                    future,
                    unfinished: tasks.count(bytes),
                });
                return;
            }
            // The presence of a queue says that somebody works through it.
            *queue = Some(Box::default());
        }
        let socket = Arc::clone(socket);
        let work = Box::pin(async move {
            future.await;
            while let Some(Job { future, unfinished }) = socket.ordered().next() {
                if !socket.is_over() {
                    future.await;
                }
                drop(unfinished);
                // Many that are ready at once would hold up the worker.
                tokio::task::coop::consume_budget().await;
            }
        });
        tasks.start(work, bytes);
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.0.lock();
        let job = queue.as_mut()?.pop_front();
        if job.is_none() {
            *queue = None;
        }
        job
    }
}
