//! The one answer that an event may have.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::error::rejection::Rejection;
use crate::socket::Socket;

/// An acknowledgement that a client awaits, as the context of an event holds it.
pub(super) enum Awaited {
    /// Nobody else can answer. Most handlers answer by what they return: for them nothing is
    /// allocated.
    Own {
        id: u64,
        is_sent: bool,
    },
    Shared(Arc<PendingAck>),
}

impl Awaited {
    /// The answer that a client awaits under `id`.
    pub(super) fn new(id: u64) -> Self {
        Self::Own { id, is_sent: false }
    }

    /// The acknowledgement for others to hold too. `socket` is the one that gets the answer, here
    /// and below.
    pub(super) fn share(&mut self, socket: &Socket) -> Arc<PendingAck> {
        match self {
            Self::Own { id, is_sent } => {
                let shared = Arc::new(PendingAck {
                    socket: socket.clone(),
                    id: *id,
                    sent: AtomicBool::new(*is_sent),
                });
                *self = Self::Shared(Arc::clone(&shared));
                shared
            }
            Self::Shared(shared) => Arc::clone(shared),
        }
    }

    /// Answers, see [`PendingAck::send`].
    pub(super) fn answer<T>(&mut self, socket: &Socket, args: &T) -> Result<(), Rejection>
    where
        T: Serialize + ?Sized,
    {
        match self {
            Self::Own { id, is_sent } if !*is_sent => {
                let packet = socket.encode_ack(*id, args).map_err(Rejection::reply)?;
                *is_sent = true;
                socket.send_ack(packet);
                Ok(())
            }
            Self::Own { .. } => {
                log_second(socket);
                Ok(())
            }
            Self::Shared(shared) => shared.send(args),
        }
    }

    /// Answers that the event was rejected, unless there was an answer.
    pub(super) fn reject(&mut self, socket: &Socket, rejection: &Rejection) {
        match self {
            Self::Own { is_sent: true, .. } => {}
            Self::Own { .. } => {
                if let Err(error) = self.answer(socket, rejection) {
                    log_unanswered(socket, rejection, &error);
                }
            }
            Self::Shared(shared) => shared.reject(rejection),
        }
    }
}

/// An acknowledgement that a client awaits. However many hold it, one answer is sent at most.
pub(crate) struct PendingAck {
    socket: Socket,
    id: u64,
    sent: AtomicBool,
}

impl PendingAck {
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
            log_second(&self.socket);
        }
        Ok(())
    }

    /// Answers that the event was rejected, unless there was an answer.
    pub(crate) fn reject(&self, rejection: &Rejection) {
        if let Err(error) = self.send_first(rejection) {
            log_unanswered(&self.socket, rejection, &error);
        }
    }

    /// Answers, unless there was an answer; tells whether this was it.
    fn send_first<T>(&self, args: &T) -> Result<bool, Rejection>
    where
        T: Serialize + ?Sized,
    {
        if self.is_sent() {
            return Ok(false);
        }
        // Before it counts as sent: an answer that fails, or panics, leaves room for another.
        let packet = self.socket.encode_ack(self.id, args);
        let packet = packet.map_err(Rejection::reply)?;
        if self.sent.swap(true, Ordering::AcqRel) {
            return Ok(false);
        }
        self.socket.send_ack(packet);
        Ok(true)
    }

    pub(crate) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    /// The socket that gets the answer.
    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }
}

fn log_second(socket: &Socket) {
    tracing::warn!(
        socket = %socket.id(),
        "an event was answered already and this answer is dropped; \
         answer through `Ack` or through the return value, not through both",
    );
}

fn log_unanswered(socket: &Socket, rejection: &Rejection, error: &Rejection) {
    tracing::error!(
        socket = %socket.id(),
        %rejection,
        %error,
        "a rejected event could not be answered",
    );
}

impl fmt::Debug for PendingAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAck")
            .field("id", &self.id)
            .field("sent", &self.is_sent())
            .finish_non_exhaustive()
    }
}
