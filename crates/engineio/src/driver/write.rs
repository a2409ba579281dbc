//! Sending: from the session's queue to the channel, and the decision to park.

use std::task::{Context, Poll};

use engineio_proto::{Batch, Packet, Transmit, TransmitRef, Transport};

use super::{ChannelState, Core, Progress, earlier};
use crate::driver::event::DriverEvent;
use crate::driver::run_budget::RunBudget;
use crate::engine::application::Application;
use crate::session::{Observers, SessionEvent, StateGuard, is_heartbeat};
use crate::transport::Closed;

/// The number of bytes that are taken from the queue before they are written: 16 KiB. Bytes that
/// stay in the queue count towards the session's limit.
const BYTES_PER_LOCK: usize = 16 * 1024;

impl<A: Application> Core<A> {
    /// Writes the queued packets and checks for events. Parks the driver if there is nothing to do.
    ///
    /// `requests` is the number of requests that waited for the probing channel when it was read.
    pub(super) fn write(
        &mut self,
        cx: &mut Context<'_>,
        budget: &mut RunBudget,
        requests: usize,
    ) -> Progress {
        let mut batch = Batch::default();
        // The result of flushing the previous batch.
        let mut flushed = None;
        loop {
            let Ok(writable) = self.poll_writable(cx) else {
                return Progress::Busy;
            };
            let mut state = self.guard.session.lock();
            if let Some(partial) = state.unpark() {
                drop(state);
                self.resume_write(Some(partial));
                continue;
            }
            // One lock serves the end of one batch and the start of the next, which is empty in
            // most cases.
            if let Some(flushed) = flushed {
                // A probing channel carries no packets of the session.
                state
                    .proto
                    .set_flushing(!self.probing && flushed == Flushed::Pending);
                if let Some(observers) = wake_if_drained(&mut state, &mut self.drain_unreported) {
                    drop(state);
                    observers.notify(SessionEvent::Drained);
                    state = self.guard.session.lock();
                }
            }
            if let Some(transport) = writable {
                state
                    .proto
                    .take_batch(transport, &mut batch, BYTES_PER_LOCK);
            }
            if batch.is_empty() {
                if let Some(event) = DriverEvent::poll(&mut state) {
                    drop(state);
                    return self.handle_event(event);
                }
                if self.awaits_post && !state.is_posting() {
                    // The POST has ended without waking the running driver.
                    return Progress::Busy;
                }
                if state.is_probe_awaited() {
                    drop(state);
                    return self.resume_requests(cx, requests);
                }
                if flushed.is_some() || self.is_flushed() {
                    budget.deadline = state.proto.poll_timeout();
                    if self.awaits_post {
                        budget.deadline = earlier(budget.deadline, state.post_deadline());
                    }
                    state.park(cx);
                    return Progress::Idle;
                }
            } else {
                // The packets have left the queue, but have not been written yet.
                state.proto.set_flushing(true);
                self.drain_unreported = true;
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

    /// Returns the transport if the channel has room for more packets.
    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Result<Option<Transport>, Closed> {
        let ChannelState::Open(channel) = &mut self.channel else {
            return Ok(None);
        };
        if self.probing {
            return Ok(None);
        }
        let transport = channel.transport();
        match channel.poll_writable(cx) {
            Poll::Ready(Ok(())) => Ok(Some(transport)),
            Poll::Ready(Err(Closed)) => Err(self.handle_write_error(transport)),
            Poll::Pending => Ok(None),
        }
    }

    fn encode(&mut self, batch: &mut Batch, observers: Option<&Observers>) {
        let ChannelState::Open(channel) = &mut self.channel else {
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
                observers.notify(SessionEvent::PacketCreated(&packet));
            }
            // The close frame is sent when the driver handles the `Closed` event.
            if !matches!(packet, Packet::Close) {
                channel.write(&packet, compress);
            }
        }
    }

    /// Returns whether the channel has no unwritten bytes.
    fn is_flushed(&self) -> bool {
        match &self.channel {
            ChannelState::Open(channel) => channel.is_flushed(),
            ChannelState::None | ChannelState::Opening(_) => true,
        }
    }

    /// Writes what is queued in the channel.
    fn flush(&mut self, cx: &mut Context<'_>) -> Result<Flushed, Closed> {
        let ChannelState::Open(channel) = &mut self.channel else {
            return Ok(Flushed::Complete);
        };
        let transport = channel.transport();
        match channel.poll_flush(cx) {
            Poll::Ready(Ok(())) => Ok(Flushed::Complete),
            Poll::Ready(Err(Closed)) => Err(self.handle_write_error(transport)),
            Poll::Pending => Ok(Flushed::Pending),
        }
    }

    fn handle_write_error(&mut self, transport: Transport) -> Closed {
        self.channel = ChannelState::None;
        let writer = self.lock().writer.take();
        drop(writer);
        self.transport_closed(transport, false);
        Closed
    }
}

/// The result of flushing the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flushed {
    Complete,
    /// The connection does not accept more bytes now.
    Pending,
}

/// Wakes the callers of `drained` if the queue is empty. Returns the observers to notify.
fn wake_if_drained(state: &mut StateGuard<'_>, due: &mut bool) -> Option<Observers> {
    if !state.proto.is_drained() {
        return None;
    }
    state.wake_drained();
    std::mem::take(due).then(|| state.observers()).flatten()
}
