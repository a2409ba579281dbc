//! The way to the client: from the queue into the WebSocket or WebTransport stream, and out.

use std::task::{Context, Poll};

use engineio_proto::{Batch, Packet, Transmit, TransmitRef, Transport};

use super::{Core, Progress, Socket};
use crate::driver::turn::Turn;
use crate::driver::work::Work;
use crate::engine::application::Application;
use crate::session::Locked;
use crate::session::Observers;
use crate::session::{SessionEvent, is_heartbeat};
use crate::transport::Closed;

/// How many bytes are taken from the queue before they are written. What is still in the queue
/// counts for the limit of the session.
const BYTES_PER_LOCK: usize = 16 * 1024;

impl<A: Application> Core<A> {
    /// Writes what is queued, and looks for whatever else has come up. Where there is nothing, the
    /// task is about to sleep.
    pub(super) fn write(&mut self, cx: &mut Context<'_>, turn: &mut Turn) -> Progress {
        let mut batch = Batch::default();
        // What came of writing the batch before: whether all of it has left.
        let mut flushed = None;
        loop {
            let Ok(writable) = self.poll_writable(cx) else {
                return Progress::Busy;
            };
            let mut state = self.entry.session.lock();
            if let Some(torn) = state.awake() {
                drop(state);
                self.resume(Some(torn));
                continue;
            }
            // This lock is for the end of one batch and for the next one, which is empty as a rule.
            if let Some(flushed) = flushed {
                // What only probes carries nothing of the session.
                state
                    .proto
                    .set_flushing(!self.probing && flushed == Flushed::Partly);
                if let Some(observers) = note_drained(&mut state, &mut self.drained_due) {
                    drop(state);
                    observers.tell(SessionEvent::Drained);
                    state = self.entry.session.lock();
                }
            }
            if let Some(transport) = writable {
                state
                    .proto
                    .take_batch(transport, &mut batch, BYTES_PER_LOCK);
            }
            if batch.is_empty() {
                if let Some(work) = Work::find(&mut state) {
                    drop(state);
                    return self.perform(work);
                }
                if self.upgrade_held && !state.is_posting() {
                    // The request that it waited for has ended without waking a task that ran.
                    return Progress::Busy;
                }
                if flushed.is_some() || self.is_flushed() {
                    turn.deadline = state.proto.poll_timeout();
                    state.sleep(cx);
                    return Progress::Idle;
                }
            } else {
                // Out of the queue, but not on its way yet.
                state.proto.set_flushing(true);
                self.drained_due = true;
            }
            let more = !batch.is_empty() && !state.proto.is_queue_empty();
            let observers = state.observers();
            drop(state);
            self.encode(&mut batch, observers.as_ref());
            flushed = None;
            if !more {
                let Ok(outcome) = self.flush(cx) else {
                    return Progress::Busy;
                };
                flushed = Some(outcome);
            }
        }
    }

    /// The transport, if its queue has room for more. Fails if it is gone.
    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Result<Option<Transport>, Closed> {
        let Socket::Open(channel) = &mut self.socket else {
            return Ok(None);
        };
        if self.probing {
            return Ok(None);
        }
        let transport = channel.transport();
        match channel.poll_writable(cx) {
            Poll::Ready(Ok(())) => Ok(Some(transport)),
            Poll::Ready(Err(Closed)) => Err(self.writing_failed(transport)),
            Poll::Pending => Ok(None),
        }
    }

    fn encode(&mut self, batch: &mut Batch, observers: Option<&Observers>) {
        let Socket::Open(channel) = &mut self.socket else {
            return;
        };
        while let Some(transmit) = batch.next_ref() {
            let Transmit {
                packet, compress, ..
            } = match transmit {
                TransmitRef::Text { wire, compress } => {
                    channel.write_text(wire, compress);
                    continue;
                }
                TransmitRef::Packet(transmit) => transmit,
            };
            if let Some(observers) = observers.filter(|_| is_heartbeat(&packet)) {
                observers.tell(SessionEvent::PacketCreated(&packet));
            }
            // The close frame follows when the session is found closed.
            if !matches!(packet, Packet::Close) {
                channel.write(&packet, compress);
            }
        }
    }

    /// Whether nothing waits for the transport to take it.
    fn is_flushed(&self) -> bool {
        match &self.socket {
            Socket::Open(channel) => channel.is_flushed(),
            Socket::None | Socket::Opening(_) => true,
        }
    }

    /// Hands what is encoded to the transport. Fails if it is gone.
    fn flush(&mut self, cx: &mut Context<'_>) -> Result<Flushed, Closed> {
        let Socket::Open(channel) = &mut self.socket else {
            return Ok(Flushed::Wholly);
        };
        let transport = channel.transport();
        match channel.poll_flush(cx) {
            Poll::Ready(Ok(())) => Ok(Flushed::Wholly),
            Poll::Ready(Err(Closed)) => Err(self.writing_failed(transport)),
            Poll::Pending => Ok(Flushed::Partly),
        }
    }

    fn writing_failed(&mut self, transport: Transport) -> Closed {
        self.socket = Socket::None;
        let writer = self.lock().writer.take();
        drop(writer);
        self.transport_closed(transport, false);
        Closed
    }
}

/// What came of handing a batch to the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flushed {
    Wholly,
    /// The transport takes no more for now.
    Partly,
}

/// Wakes those who wait for an empty queue, if it is empty. Returns who is to be told.
fn note_drained(state: &mut Locked<'_>, due: &mut bool) -> Option<Observers> {
    if !state.proto.is_drained() {
        return None;
    }
    state.wake_drained();
    std::mem::take(due).then(|| state.observers()).flatten()
}
