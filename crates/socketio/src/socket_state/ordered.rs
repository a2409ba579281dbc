//! Handlers of one socket that run one after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use parking_lot::Mutex;

use crate::socket_state::tasks::{TaskGuard, Tasks};

/// The queue of a socket's handlers that run one after the other. `None` if none is running.
#[derive(Default)]
#[expect(
    clippy::box_collection,
    reason = "every socket has one and few use it: a pointer is less than an empty queue"
)]
pub(crate) struct Ordered(Mutex<Option<Box<VecDeque<Job>>>>);

/// A queued future, which counts as an unfinished handler while it waits.
struct Job {
    future: BoxFuture<'static, ()>,
    guard: TaskGuard,
}

/// A socket that owns a queue, which must live as long as its jobs run.
pub(crate) trait HasOrdered: Send + Sync + 'static {
    fn ordered(&self) -> &Ordered;

    /// Returns whether queued jobs are to be dropped because the socket has left.
    fn is_closed(&self) -> bool;
}

impl Ordered {
    /// Runs `future` after all futures that were passed before.
    pub(crate) fn run<S: HasOrdered>(
        socket: &Arc<S>,
        tasks: &Arc<Tasks>,
        future: BoxFuture<'static, ()>,
        bytes: usize,
    ) {
        {
            let mut queue = socket.ordered().0.lock();
            if let Some(queue) = &mut *queue {
                queue.push_back(Job {
                    future,
                    guard: tasks.count(bytes),
                });
                return;
            }
            // The presence of a queue marks that a task processes it.
            *queue = Some(Box::default());
        }
        let socket = Arc::clone(socket);
        let work = Box::pin(async move {
            future.await;
            while let Some(Job { future, guard }) = socket.ordered().next() {
                if !socket.is_closed() {
                    future.await;
                }
                drop(guard);
                // Yields to other tasks if many futures are ready at once.
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
