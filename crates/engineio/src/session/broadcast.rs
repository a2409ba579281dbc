use std::mem;
use std::sync::Arc;

use engineio_proto::{Batch, Message, SendError, SendOptions};
use tokio::runtime::Handle;

use self::portions::{PORTION, Portion, Portions};
use super::handle::Session;
use super::locked::Locked;
use super::shared::Shared;
use crate::transport::websocket::Writer;

mod portions;

/// How many sessions are woken rather than written for: up to 2, for which a task costs more.
const FEW: usize = 2;

/// How many bytes of messages are written at once, and what the last message has beyond them: 16 KiB.
const BYTES_PER_WRITE: usize = 16 * 1024;

/// A message for many sessions.
///
/// It is queued for each of them, as by [`Session::send`], but where nothing else is to be done for a
/// session its task is not woken for it: sessions are written for in portions, in their order, by a few
/// tasks of the runtime, which let others run between two of them. That costs a tenth less.
/// A portion may begin when it is full, the last one when this is dropped. Messages that are sent before a
/// portion begins leave together.
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
    /// From the first portion on.
    portions: Option<Arc<Portions>>,
    /// How many tasks have been begun for it.
    tasks: usize,
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
            tasks: 0,
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
            self.portion.push(Arc::clone(&session.0));
            if self.portion.len() >= PORTION {
                self.begin_portion();
            }
        }
        sent
    }

    fn begin_portion(&mut self) {
        let Some(runtime) = &self.runtime else { return };
        let portions = self
            .portions
            .get_or_insert_with(|| Portions::of_runtime(runtime));
        let begun = portions.add(mem::take(&mut self.portion), runtime);
        self.tasks += usize::from(begun);
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        if self.portion.len() > FEW {
            self.begin_portion();
        }
        if let (Some(runtime), Some(portions)) = (&self.runtime, &self.portions) {
            for _ in self.tasks..2 {
                portions.offer(runtime);
            }
        }
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
            if let Some(torn) = writer.write(batch) {
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
