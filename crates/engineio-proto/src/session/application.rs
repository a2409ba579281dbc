//! What the application does: sending and closing.

use std::time::Instant;

use super::{
    config::deadline,
    error::SendError,
    machine::{Session, State},
    transmit::SendOptions,
};
use crate::{close_reason::CloseReason, message::Message, text::TextBuf, transport::Transport};

/// What the application does: sending and closing.
impl Session {
    /// Queues a message for the client.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] if the session is closed or closing. [`SendError::Overflow`] if the
    /// queue would pass [`max_outbound_bytes`](crate::SessionConfig::max_outbound_bytes): the
    /// session is then closed with [`CloseReason::TransportError`] and the queue dropped.
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

    /// Queues a text for the client, with options, and allocates nothing for it if it is short and leaves
    /// soon.
    ///
    /// It counts as any message does. It is not copied behind others but gets memory of its own where
    /// it may have to wait: on polling, and while a write is under way.
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

    /// Whether a message that is sent now would leave at once: what volatile messages depend on.
    ///
    /// On polling a poll has to be pending, elsewhere no write may be under way, and nothing may be
    /// queued.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        let free = match self.transport {
            Transport::Polling => self.poll_pending(),
            Transport::WebSocket | Transport::WebTransport => !self.flushing,
        };
        free && self.is_open() && self.outbound.is_empty()
    }

    /// Tells the session whether a write is under way, on another transport than polling.
    #[inline]
    pub fn set_flushing(&mut self, flushing: bool) {
        self.flushing = flushing;
    }

    /// Whether a write is under way, on another transport than polling.
    #[must_use]
    pub fn is_flushing(&self) -> bool {
        self.flushing
    }

    /// How many bytes are queued, each message with its payload and
    /// [`MESSAGE_OVERHEAD`](crate::MESSAGE_OVERHEAD).
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.outbound.bytes()
    }

    /// Whether no message is queued.
    #[must_use]
    #[inline]
    pub fn is_queue_empty(&self) -> bool {
        self.outbound.is_empty()
    }

    /// Whether nothing is queued and no write is under way.
    #[must_use]
    #[inline]
    pub fn is_drained(&self) -> bool {
        self.outbound.is_empty() && !self.flushing
    }

    /// Closes the session with `reason` when everything that is queued has left.
    ///
    /// After the queue [`Packet::Close`](crate::Packet::Close) is transmitted: the packet `1` on
    /// polling, which needs a poll to carry it, and elsewhere the end of the transport. Then, or when
    /// [`close_timeout`](crate::SessionConfig::close_timeout) has passed, the session is closed.
    /// What was transmitted may still have to be flushed; that lies with the driver and needs a
    /// limit of its own there.
    ///
    /// A session that is closing or closed keeps its first reason.
    pub fn close(&mut self, now: Instant, reason: CloseReason) {
        if self.is_open() {
            let until = deadline(now, self.config.close_timeout);
            self.state = State::Closing { reason, until };
            self.beat_due = false;
        }
    }
}
