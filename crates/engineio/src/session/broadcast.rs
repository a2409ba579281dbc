use std::mem;
use std::sync::Arc;

use engineio_proto::{Batch, Message, SendError, SendOptions};
use tokio::runtime::Handle;

use super::{Locked, Session, Shared};

/// How many sessions are written for by one task: 64, which takes a fraction of a millisecond.
const PORTION: usize = 64;

/// How many sessions are woken rather than written for: up to 2, for which a task costs more.
const FEW: usize = 2;

/// How many bytes of messages are written at once, and what the last message has beyond them: 16 KiB.
const BYTES_PER_WRITE: usize = 16 * 1024;

/// A message for many sessions.
///
/// It is queued for each of them, as by [`Session::send`], but where nothing else is to be done for a
/// session its task is not woken for it: sessions are written for in portions, by tasks that any thread
/// of the runtime may take. That costs a tenth less. A portion begins when it is full, the last one when
/// this is dropped; messages that are sent before a task gets to them leave together.
///
/// Without a runtime of tokio around it each session is woken.
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
    portion: Portion,
}

impl Broadcast {
    /// Returns a message that has been sent to nobody yet.
    pub fn new(message: impl Into<Message>, options: SendOptions) -> Self {
        Self {
            message: message.into(),
            options,
            portion: Portion::default(),
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
        if !state.is_writable_asleep() {
            return session.queue(state, [message], self.options).0;
        }
        let sent = state.proto.send_with(message, self.options);
        if sent.is_err() {
            state.wake_all();
        } else if !mem::replace(&mut state.promised, true) {
            drop(state);
            self.portion.sessions.push(Arc::clone(&session.0));
            if self.portion.sessions.len() >= PORTION {
                mem::take(&mut self.portion).begin();
            }
        }
        sent
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        mem::take(&mut self.portion).begin();
    }
}

/// Sessions that somebody has promised to write for.
#[derive(Debug, Default)]
struct Portion {
    sessions: Vec<Arc<Shared>>,
}

impl Portion {
    fn begin(mut self) {
        if self.sessions.len() <= FEW {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let mut batch = Batch::default();
                while let Some(session) = self.sessions.pop() {
                    session.write_asleep(&mut batch);
                }
            });
        }
    }
}

/// No promise is forgotten, whatever happens: where there is no runtime, or it ends, the tasks of the
/// sessions write.
impl Drop for Portion {
    fn drop(&mut self) {
        for session in self.sessions.drain(..) {
            let mut state = session.lock();
            state.promised = false;
            state.wake_driver();
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
