use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::tasks::{Tasks, Unfinished};

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
    waiting: Unfinished,
}

/// Gives access to the queue of a socket for as long as jobs run.
pub(crate) trait HasOrdered: Send + Sync + 'static {
    fn ordered(&self) -> &Ordered;
}

impl Ordered {
    /// Runs `future` once all that were given before have finished.
    pub(crate) fn run<S: HasOrdered>(
        socket: &Arc<S>,
        tasks: &Arc<Tasks>,
        future: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) {
        {
            let mut queue = socket.ordered().0.lock();
            if let Some(queue) = &mut *queue {
                queue.push_back(Job {
                    future,
                    waiting: tasks.count(),
                });
                return;
            }
            // The presence of a queue says that somebody works through it.
            *queue = Some(Box::default());
        }
        let socket = Arc::clone(socket);
        tasks.start(Box::pin(async move {
            future.await;
            while let Some(job) = socket.ordered().next() {
                drop(job.waiting);
                job.future.await;
            }
        }));
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
