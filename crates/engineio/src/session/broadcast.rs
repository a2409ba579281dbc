//! Broadcasts: one message for many sessions, without waking each of their drivers.

use std::mem;
use std::sync::Arc;

use engineio_proto::{Batch, Message, SendError, SendOptions};
use tokio::runtime::Handle;

use self::flush_queue::{FlushGroup, FlushQueue, GROUP_SIZE};
use super::handle::Session;
use super::shared::Shared;
use super::state_guard::StateGuard;
use crate::transport::websocket::Writer;

mod flush_queue;

/// Up to this number of sessions, waking the drivers is cheaper than a flush task.
const MAX_DIRECT_WAKES: usize = 2;

/// The number of bytes that are written at once: 16 KiB. The last message may exceed it.
const BYTES_PER_WRITE: usize = 16 * 1024;

/// A message that is sent to many sessions.
///
/// The message is queued for every session. Idle sessions are not woken one by one: a few tasks of
/// the runtime flush them in groups of 16 and yield between groups. This saves about a tenth of the
/// cost of a delivery. A group may be flushed as soon as it is full, the last group when the
/// broadcast is dropped. Messages that are sent to a session before its group is flushed are sent
/// in the same write.
///
/// A session is woken instead if it runs on another runtime than the broadcast. Do not keep a
/// broadcast for longer than it takes to send it.
///
/// # Examples
///
/// ```
/// use engineio::{Broadcast, Session};
///
/// fn announce(sessions: &[Session]) {
///     let mut broadcast = Broadcast::new("it begins", Default::default());
///     for session in sessions {
///         // A closed session does not receive the message.
///         broadcast.send(session).ok();
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Broadcast {
    message: Message,
    options: SendOptions,
    /// The runtime of the sender.
    runtime: Option<Handle>,
    group: FlushGroup,
    /// The flush queue of the runtime, from the first submitted group on.
    queue: Option<Arc<FlushQueue>>,
    /// The number of flush tasks that were spawned for this broadcast.
    spawned_tasks: usize,
}

impl Broadcast {
    /// Creates a broadcast that has not been sent to any session yet.
    #[must_use]
    pub fn new(message: impl Into<Message>, options: SendOptions) -> Self {
        Self {
            message: message.into(),
            options,
            runtime: Handle::try_current().ok(),
            group: FlushGroup::default(),
            queue: None,
            spawned_tasks: 0,
        }
    }

    /// Queues the message for a session.
    ///
    /// # Errors
    ///
    /// The same as [`Session::send`].
    pub fn send(&mut self, session: &Session) -> Result<(), SendError> {
        self.enqueue(session, session.lock())
    }

    /// Queues the message for a session if its transport is ready to send, and drops it otherwise.
    /// Returns whether the message was queued.
    pub fn send_volatile(&mut self, session: &Session) -> bool {
        let state = session.lock();
        state.proto.is_writable() && self.enqueue(session, state).is_ok()
    }

    fn enqueue(&mut self, session: &Session, mut state: StateGuard<'_>) -> Result<(), SendError> {
        let message = self.message.clone();
        // A flush task on another runtime might be blocked for long, or never run.
        let runtime = self.runtime.as_ref().map(Handle::id);
        let served_here = |writer: &Writer| runtime == Some(writer.runtime());
        if !state.writer.as_ref().is_some_and(served_here) || !state.can_flush_parked() {
            return session.queue_one(state, message, self.options);
        }
        let bytes = message.len();
        let sent = state.proto.send_with(message, self.options);
        session.0.counters.sent(sent, bytes);
        if sent.is_err() {
            state.wake_all();
        } else if !mem::replace(&mut state.flush_scheduled, true) {
            drop(state);
            self.group.push(Arc::clone(&session.0));
            if self.group.len() >= GROUP_SIZE {
                self.submit_group();
            }
        }
        sent
    }

    fn submit_group(&mut self) {
        let Some(runtime) = &self.runtime else { return };
        let queue = self
            .queue
            .get_or_insert_with(|| FlushQueue::for_runtime(runtime));
        let spawned = queue.add(mem::take(&mut self.group), runtime);
        self.spawned_tasks += usize::from(spawned);
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        if self.group.len() > MAX_DIRECT_WAKES {
            self.submit_group();
        }
        if let (Some(runtime), Some(queue)) = (&self.runtime, &self.queue) {
            for _ in self.spawned_tasks..2 {
                queue.spawn_extra_task(runtime);
            }
        }
    }
}

impl Shared {
    /// Writes the queued packets of a session whose driver is parked. If the driver is running, or
    /// has other work to do, it is left to the driver.
    ///
    /// `batch` is empty before and after; it is passed in for its buffer.
    fn flush_parked(&self, batch: &mut Batch) {
        let mut state = self.lock();
        state.flush_scheduled = false;
        if !state.can_flush_parked() {
            // A running driver writes before it parks.
            state.wake_driver();
            return;
        }
        let transport = state.proto.transport();
        loop {
            state.proto.take_batch(transport, batch, BYTES_PER_WRITE);
            let Some(writer) = state.writer.as_ref().filter(|_| !batch.is_empty()) else {
                break;
            };
            if let Some(partial) = writer.write(batch) {
                state.cold_or_insert().partial_write = Some(partial);
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
