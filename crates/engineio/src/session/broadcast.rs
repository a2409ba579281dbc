use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use engineio_proto::{Batch, Message, SendError, SendOptions};
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::runtime::Handle;
use tokio::task::yield_now;

use super::{Locked, Session, Shared};
use crate::transport::websocket::Writer;

/// How many sessions are written for before others have their turn: 16, which takes some 50
/// microseconds.
const PORTION: usize = 16;

/// How many sessions are woken rather than written for: up to 2, for which a task costs more.
const FEW: usize = 2;

/// How many bytes of messages are written at once, and what the last message has beyond them: 16 KiB.
const BYTES_PER_WRITE: usize = 16 * 1024;

/// A message for many sessions.
///
/// It is queued for each of them, as by [`Session::send`], but where nothing else is to be done for a
/// session its task is not woken for it: sessions are written for in portions, by at most one task for each
/// thread of the runtime. That costs a tenth less. A portion may begin when it is full, the last one when
/// this is dropped; between two of them a task lets others run. Messages that are sent before a portion
/// begins leave together.
///
/// Where it is not made on the runtime that serves the sessions, each of them is woken. Do not keep it for
/// longer than it takes to send it.
///
/// # Examples
///
/// ```
/// use engineio::{Broadcast, Session};
///
/// fn announce(sessions: &[Session]) {
///     let mut broadcast = Broadcast::new("it begins", Default::default());
///     for session in sessions {
///         // A session that is closed does not hear of it.
///         broadcast.send(session).ok();
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Broadcast {
    message: Message,
    options: SendOptions,
    /// The runtime that it is made on.
    runtime: Option<Handle>,
    portion: Portion,
    /// From the first full portion on.
    portions: Option<Arc<Portions>>,
}

impl Broadcast {
    /// Returns a message that has been sent to nobody yet.
    pub fn new(message: impl Into<Message>, options: SendOptions) -> Self {
        Self {
            message: message.into(),
            options,
            runtime: Handle::try_current().ok(),
            portion: Portion::default(),
            portions: None,
        }
    }

    /// Queues the message for a session.
    ///
    /// # Errors
    ///
    /// As for [`Session::send`].
    pub fn send(&mut self, session: &Session) -> Result<(), SendError> {
        self.queue(session, session.lock())
    }

    /// Queues the message for a session if its transport could take it now, and drops it otherwise.
    /// Returns whether it was queued.
    pub fn send_volatile(&mut self, session: &Session) -> bool {
        let state = session.lock();
        state.proto.is_writable() && self.queue(session, state).is_ok()
    }

    fn queue(&mut self, session: &Session, mut state: Locked<'_>) -> Result<(), SendError> {
        let message = self.message.clone();
        // Another runtime may end, or be blocked for long: what is promised on it may not be kept.
        let runtime = self.runtime.as_ref().map(Handle::id);
        let served_here = |writer: &Writer| runtime == Some(writer.runtime());
        if !state.writer.as_ref().is_some_and(served_here) || !state.is_writable_asleep() {
            return session.queue(state, [message], self.options).0;
        }
        let sent = state.proto.send_with(message, self.options);
        if sent.is_err() {
            state.wake_all();
        } else if !mem::replace(&mut state.promised, true) {
            drop(state);
            // The last one is kept back, see the drop.
            if self.portion.sessions.len() >= PORTION {
                self.begin_portion();
            }
            self.portion.sessions.push(Arc::clone(&session.0));
        }
        sent
    }

    fn begin_portion(&mut self) {
        let Some(runtime) = &self.runtime else { return };
        let portions = self.portions.get_or_insert_with(|| {
            let threads = runtime.metrics().num_workers();
            Arc::new(Portions::new(threads))
        });
        portions.add(mem::take(&mut self.portion), runtime);
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        if self.portion.sessions.len() <= FEW {
            return;
        }
        // What is spawned last on a thread of tokio is for that thread alone, until it wakes something
        // else: the portion would wait for as long as a handler runs on that broadcasts.
        let woken = self.portion.sessions.pop();
        self.begin_portion();
        drop(Portion {
            sessions: SmallVec::from_iter(woken),
        });
    }
}

/// Sessions that somebody has promised to write for.
#[derive(Debug, Default)]
struct Portion {
    sessions: SmallVec<[Arc<Shared>; PORTION]>,
}

impl Portion {
    fn write(&mut self, batch: &mut Batch) {
        while let Some(session) = self.sessions.pop() {
            session.write_asleep(batch);
        }
    }
}

/// No promise is forgotten, whatever happens: the tasks of the sessions write.
impl Drop for Portion {
    fn drop(&mut self) {
        for session in self.sessions.drain(..) {
            let mut state = session.lock();
            state.promised = false;
            state.wake_driver();
        }
    }
}

/// The portions of a broadcast that no task has taken, in their order.
///
/// Few tasks with a list for all of them: memory of neighbours is near, as the members of a room often
/// are, and whoever else has something to do waits for few.
#[derive(Debug)]
struct Portions {
    tasks_at_most: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    portions: VecDeque<Portion>,
    tasks: usize,
}

impl Portions {
    fn new(tasks_at_most: usize) -> Self {
        Self {
            tasks_at_most,
            waiting: Mutex::default(),
        }
    }

    fn add(self: &Arc<Self>, portion: Portion, runtime: &Handle) {
        let mut waiting = self.waiting.lock();
        waiting.portions.push_back(portion);
        if waiting.tasks == self.tasks_at_most {
            return;
        }
        waiting.tasks += 1;
        drop(waiting);
        let this = Arc::clone(self);
        runtime.spawn(async move {
            let mut batch = Batch::default();
            let mut next = this.next();
            while let Some(mut portion) = next {
                portion.write(&mut batch);
                next = this.next();
                if next.is_some() {
                    // Not just a wake of this task: tokio would look for what clients send only once
                    // in 61 portions.
                    yield_now().await;
                }
            }
        });
    }

    /// Returns the next portion. A task that gets none ends.
    fn next(&self) -> Option<Portion> {
        let mut waiting = self.waiting.lock();
        let portion = waiting.portions.pop_front();
        if portion.is_none() {
            waiting.tasks -= 1;
        }
        portion
    }
}

impl Shared {
    /// Writes what is queued, in the stead of the session's task, unless that runs or has more to do.
    ///
    /// `batch` is empty, and what it keeps is memory.
    fn write_asleep(&self, batch: &mut Batch) {
        let mut state = self.lock();
        state.promised = false;
        if !state.is_writable_asleep() {
            // If it runs, it writes before it sleeps.
            state.wake_driver();
            return;
        }
        let transport = state.proto.transport();
        loop {
            state.proto.take_batch(transport, batch, BYTES_PER_WRITE);
            let Some(writer) = state.writer.as_ref().filter(|_| !batch.is_empty()) else {
                break;
            };
            if let Some(torn) = writer.write(batch.map(|transmit| transmit.packet)) {
                state.rare().torn = Some(torn);
                state.proto.set_flushing(true);
                state.wake_driver();
                return;
            }
        }
        state.wake_drained();
    }
}

#[cfg(test)]
mod tests;
