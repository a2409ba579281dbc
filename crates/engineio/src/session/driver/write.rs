//! The way to the client: from the queue into the WebSocket or WebTransport stream, and out.

use std::task::{Context, Poll};

use engineio_proto::{Packet, Transmit};
use smallvec::SmallVec;

use super::{Core, Progress, Socket};
use crate::application::Application;
use crate::session::work::Work;
use crate::session::{SessionEvent, is_heartbeat};
use crate::transport::Closed;

/// How many packets are taken from the queue under one lock.
const PACKETS_PER_LOCK: usize = 16;

/// How many bytes are taken from the queue before they are written. What is still in the queue
/// counts for the limit of the session.
const BYTES_PER_LOCK: usize = 16 * 1024;

impl<A: Application> Core<A> {
    /// Writes what is queued, and looks for whatever else has come up.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) -> Progress {
        let mut batch = SmallVec::<[Transmit; PACKETS_PER_LOCK]>::new();
        loop {
            let writable = match &mut self.socket {
                Socket::Open(channel) if !self.probing => {
                    let transport = channel.transport();
                    match channel.poll_writable(cx) {
                        Poll::Ready(Ok(())) => Some(transport),
                        Poll::Ready(Err(Closed)) => {
                            self.socket = Socket::None;
                            self.transport_closed(transport, false);
                            None
                        }
                        Poll::Pending => None,
                    }
                }
                _ => None,
            };
            let mut state = self.entry.session.lock();
            if let Some(transport) = writable {
                let mut bytes = 0_usize;
                while batch.len() < PACKETS_PER_LOCK
                    && bytes < BYTES_PER_LOCK
                    && let Some(transmit) = state.proto.poll_transmit(transport)
                {
                    if let Packet::Message(message) = &transmit.packet {
                        bytes = bytes.saturating_add(message.len());
                    }
                    batch.push(transmit);
                }
                if !batch.is_empty() {
                    // Out of the queue, but not on its way yet.
                    state.proto.set_flushing(true);
                }
            }
            if batch.is_empty() {
                if let Some(work) = Work::find(&mut state) {
                    drop(state);
                    return self.perform(work);
                }
                state.driver = Some(cx.waker().clone());
                break;
            }
            let observers = state.observers();
            drop(state);
            if let Some(observers) = observers {
                let packets = batch.iter().map(|transmit| &transmit.packet);
                for packet in packets.filter(|packet| is_heartbeat(packet)) {
                    observers.tell(SessionEvent::PacketCreated(packet));
                }
            }
            self.drained_due = true;
            for Transmit { packet, compress } in batch.drain(..) {
                // The close frame follows when the session is found closed.
                if packet != Packet::Close
                    && let Socket::Open(channel) = &mut self.socket
                {
                    channel.write(&packet, compress);
                }
            }
        }
        self.flush(cx)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Progress {
        let Socket::Open(channel) = &mut self.socket else {
            return Progress::Idle;
        };
        let transport = channel.transport();
        let flushed = channel.poll_flush(cx);
        let mut state = self.entry.session.lock();
        // What only probes carries nothing of the session.
        state
            .proto
            .set_flushing(!self.probing && flushed.is_pending());
        let mut drained_by = None;
        if state.proto.is_drained() {
            state.wake_drained();
            if std::mem::take(&mut self.drained_due) {
                drained_by = state.observers();
            }
        }
        drop(state);
        if let Some(observers) = drained_by {
            observers.tell(SessionEvent::Drained);
        }
        if let Poll::Ready(Err(Closed)) = flushed {
            self.socket = Socket::None;
            self.transport_closed(transport, false);
            return Progress::Busy;
        }
        Progress::Idle
    }
}
