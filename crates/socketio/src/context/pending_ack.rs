//! The one answer that an event may have.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::rejection::Rejection;
use crate::socket::Socket;

/// An acknowledgement that a client awaits. However many hold it, one answer is sent at most.
pub(crate) struct PendingAck {
    socket: Socket,
    id: u64,
    sent: AtomicBool,
}

impl PendingAck {
    pub(crate) fn new(socket: Socket, id: u64) -> Self {
        Self {
            socket,
            id,
            sent: AtomicBool::new(false),
        }
    }

    /// Answers: a tuple is several arguments, `()` none. A second answer is logged and dropped.
    ///
    /// # Errors
    ///
    /// Fails if `args` does not serialise. Nothing was sent then, and another answer may be.
    pub(crate) fn send<T>(&self, args: &T) -> Result<(), Rejection>
    where
        T: Serialize + ?Sized,
    {
        if !self.send_first(args)? {
            tracing::warn!(
                socket = %self.socket.id(),
                "an event was answered already and this answer is dropped; \
                 answer through `Ack` or through the return value, not through both",
            );
        }
        Ok(())
    }

    /// Answers that the event was rejected, unless there was an answer.
    pub(crate) fn reject(&self, rejection: &Rejection) {
        if let Err(error) = self.send_first(rejection) {
            tracing::error!(
                socket = %self.socket.id(),
                %rejection,
                %error,
                "a rejected event could not be answered",
            );
        }
    }

    /// Answers, unless there was an answer; tells whether this was it.
    fn send_first<T>(&self, args: &T) -> Result<bool, Rejection>
    where
        T: Serialize + ?Sized,
    {
        if self.sent.swap(true, Ordering::AcqRel) {
            return Ok(false);
        }
        match self.socket.send_ack(self.id, args) {
            Ok(()) => Ok(true),
            Err(error) => {
                self.sent.store(false, Ordering::Release);
                Err(Rejection::reply(error))
            }
        }
    }

    pub(crate) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    /// The socket that gets the answer.
    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl fmt::Debug for PendingAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAck")
            .field("id", &self.id)
            .field("sent", &self.is_sent())
            .finish_non_exhaustive()
    }
}
