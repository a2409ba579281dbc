//! The methods of the application: sending and closing.

use std::time::Instant;

use super::{
    config::deadline,
    error::SendError,
    machine::{Session, Shutdown, State},
    transmit::SendOptions,
};
use crate::{close_reason::CloseReason, message::Message, text::TextBuf, transport::Transport};

/// Sending and closing.
impl Session {
    /// Queues a message for the client.
    ///
    /// # Errors
    ///
    /// - [`SendError::Closed`] if the session is closing or closed.
    /// - [`SendError::Overflow`] if the queue would exceed
    ///   [`max_outbound_bytes`](crate::SessionConfig::max_outbound_bytes). The session is then closed with
    ///   [`CloseReason::TransportError`] and its queue is dropped.
    pub fn send(&mut self, message: Message) -> Result<(), SendError> {
        self.send_with(message, SendOptions::default())
    }

    /// Queues a message for the client, with options.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    #[inline]
    pub fn send_with(&mut self, message: Message, options: SendOptions) -> Result<(), SendError> {
        if !self.is_open() {
            return Err(SendError::Closed);
        }
        let queued = self
            .outbound
            .push(message, options, self.config.max_outbound_bytes);
        queued.map_err(|_full| self.overflow())
    }

    /// Queues a text for the client, with options, and usually without an allocation for a short one.
    ///
    /// Short texts share one buffer. A text that may have to wait gets an allocation: on polling, and while
    /// a write is in progress. It counts towards the limit like any message.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    #[inline]
    pub fn send_text_buf(&mut self, text: TextBuf, options: SendOptions) -> Result<(), SendError> {
        if self.transport == Transport::Polling || self.flushing {
            return self.send_with(Message::Text(text.into_text()), options);
        }
        if !self.is_open() {
            return Err(SendError::Closed);
        }
        let queued = self
            .outbound
            .push_text_buf(text, options, self.config.max_outbound_bytes);
        queued.map_err(|_full| self.overflow())
    }

    #[cold]
    fn overflow(&mut self) -> SendError {
        self.abort(CloseReason::TransportError);
        SendError::Overflow
    }

    /// Returns whether a message would be transmitted immediately, which volatile messages require.
    ///
    /// The queue has to be empty. On polling a poll has to be pending, and on another transport no write may
    /// be in progress.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        let free = match self.transport {
            Transport::Polling => self.poll_pending(),
            Transport::WebSocket | Transport::WebTransport => !self.flushing,
        };
        free && self.is_open() && self.outbound.is_empty()
    }

    /// Sets whether a write is in progress, on a transport other than polling.
    #[inline]
    pub fn set_flushing(&mut self, flushing: bool) {
        self.flushing = flushing;
    }

    /// Returns whether a write is in progress, on a transport other than polling.
    #[must_use]
    pub fn is_flushing(&self) -> bool {
        self.flushing
    }

    /// Returns the number of queued bytes. Each message counts with its payload and another 64 bytes.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.outbound.bytes()
    }

    /// Returns whether no message is queued.
    #[must_use]
    #[inline]
    pub fn is_queue_empty(&self) -> bool {
        self.outbound.is_empty()
    }

    /// Returns whether no message is queued and no write is in progress.
    #[must_use]
    #[inline]
    pub fn is_drained(&self) -> bool {
        self.outbound.is_empty() && !self.flushing
    }

    /// Closes the session with `reason` once the queue has been transmitted.
    ///
    /// [`Packet::Close`](crate::Packet::Close) is transmitted after the queue. On polling it is the packet
    /// `1`, for which a poll without messages has to be pending. On another transport it is the end of the
    /// transport. The session is closed after this packet, or when
    /// [`close_timeout`](crate::SessionConfig::close_timeout) has passed. The driver has to flush the
    /// transmitted packets, with a timeout.
    ///
    /// A closing or closed session keeps its first reason.
    pub fn close(&mut self, now: Instant, reason: CloseReason) {
        if self.is_open() {
            self.begin_closing(now, reason, Shutdown::No);
        }
    }

    /// Closes the session with `reason` once the queue has been transmitted, without waiting for a poll only
    /// to send the close packet.
    ///
    /// On polling, an empty queue closes the session immediately. A pending poll is then answered with the
    /// packet `1`. Otherwise the session is closed when the pending or the next poll has taken the queue. On
    /// another transport this is the same as [`close`](Self::close).
    ///
    /// A client that is about to upgrade, whose probe has been answered and whose poll has ended, has
    /// [`noop_interval`](crate::SessionConfig::noop_interval) to do so and receives the close packet there.
    /// If the end of the probed transport overtook the answer to the poll, the client would notice the end
    /// of the session only by its ping timeout.
    ///
    /// Node's server closes its clients in the same way when it closes, but drops the queue of a session
    /// without a pending poll, and does not wait for upgrades.
    ///
    /// A closing or closed session keeps its first reason.
    pub fn shut_down(&mut self, now: Instant, reason: CloseReason) {
        if self.is_open() {
            self.begin_closing(now, reason, Shutdown::Requested);
        } else if let State::Closing { shutdown, .. } = &mut self.state
            && *shutdown == Shutdown::No
        {
            *shutdown = Shutdown::Requested;
        }
        self.finish_shutdown();
    }

    /// Closes a session that has been shut down on polling, once its queue has been transmitted.
    pub(super) fn finish_shutdown(&mut self) {
        let awaits_upgrade = self.upgrade_is_imminent();
        if self.transport == Transport::Polling
            && self.outbound.is_empty()
            && let State::Closing {
                reason, shutdown, ..
            } = &mut self.state
            && *shutdown != Shutdown::No
        {
            if awaits_upgrade {
                *shutdown = Shutdown::AwaitsUpgrade;
            } else {
                let reason = *reason;
                self.abort(reason);
            }
        }
    }

    fn begin_closing(&mut self, now: Instant, reason: CloseReason, shutdown: Shutdown) {
        let until = deadline(now, self.config.close_timeout);
        self.state = State::Closing {
            reason,
            until,
            shutdown,
        };
        self.beat_due = false;
    }
}
