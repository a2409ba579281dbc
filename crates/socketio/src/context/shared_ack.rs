//! The acknowledgement of an event, which is sent at most once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engineio::log::Escaped;
use serde::Serialize;

use crate::error::rejection::Rejection;
use crate::socket::Socket;

/// The acknowledgement of an event, as its context stores it.
pub(super) enum EventAck {
    /// Only the context can answer. Most handlers answer through their return value, which needs no
    /// allocation.
    Unique {
        id: u64,
        is_sent: bool,
    },
    Shared(Arc<SharedAck>),
}

impl EventAck {
    /// Creates the acknowledgement that a client expects under `id`.
    pub(super) fn new(id: u64) -> Self {
        Self::Unique { id, is_sent: false }
    }

    /// Returns a shared handle to the acknowledgement. `socket` is the socket that receives the
    /// answer, here and below.
    pub(super) fn share(&mut self, socket: &Socket) -> Arc<SharedAck> {
        match self {
            Self::Unique { id, is_sent } => {
                let shared = Arc::new(SharedAck {
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

    /// Sends the answer, see [`SharedAck::send`].
    pub(super) fn answer<T>(&mut self, socket: &Socket, args: &T) -> Result<(), Rejection>
    where
        T: Serialize + ?Sized,
    {
        match self {
            Self::Unique { id, is_sent } if !*is_sent => {
                let packet = socket.encode_ack(*id, args).map_err(Rejection::reply)?;
                *is_sent = true;
                socket.send_ack(packet);
                Ok(())
            }
            Self::Unique { .. } => {
                log_second(socket);
                Ok(())
            }
            Self::Shared(shared) => shared.send(args),
        }
    }

    /// Answers that the event was rejected, unless an answer was sent.
    pub(super) fn reject(&mut self, socket: &Socket, rejection: &Rejection) {
        match self {
            Self::Unique { is_sent: true, .. } => {}
            Self::Unique { .. } => {
                if let Err(error) = self.answer(socket, rejection) {
                    log_unanswered(socket, rejection, &error);
                }
            }
            Self::Shared(shared) => shared.reject(rejection),
        }
    }
}

/// A shared acknowledgement. Its holders can send one answer together.
pub(crate) struct SharedAck {
    socket: Socket,
    id: u64,
    sent: AtomicBool,
}

impl SharedAck {
    /// Sends the answer: a tuple is several arguments, `()` none. A second answer is logged and
    /// dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if `args` cannot be serialised. Nothing was sent then, and another answer
    /// can be sent.
    pub(crate) fn send<T>(&self, args: &T) -> Result<(), Rejection>
    where
        T: Serialize + ?Sized,
    {
        if !self.send_first(args)? {
            log_second(&self.socket);
        }
        Ok(())
    }

    /// Answers that the event was rejected, unless an answer was sent.
    pub(crate) fn reject(&self, rejection: &Rejection) {
        if let Err(error) = self.send_first(rejection) {
            log_unanswered(&self.socket, rejection, &error);
        }
    }

    /// Sends the answer unless one was sent before. Returns whether it was sent.
    fn send_first<T>(&self, args: &T) -> Result<bool, Rejection>
    where
        T: Serialize + ?Sized,
    {
        if self.is_sent() {
            return Ok(false);
        }
        // Encoded first, so that another answer can be sent if encoding fails or panics.
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

    /// Returns the socket that receives the answer.
    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }
}

fn log_second(socket: &Socket) {
    engineio::log_limited!(
        warn,
        socket.log_client(),
        "an event was already answered and this answer is dropped; answer through `Ack` or \
         through the return value, not through both",
        socket = %Escaped(socket.id()),
    );
}

fn log_unanswered(socket: &Socket, rejection: &Rejection, error: &Rejection) {
    engineio::log_limited!(
        error,
        socket.log_client(),
        "a rejected event could not be answered",
        socket = %Escaped(socket.id()),
        %rejection,
        %error,
    );
}

impl fmt::Debug for SharedAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedAck")
            .field("id", &self.id)
            .field("sent", &self.is_sent())
            .finish_non_exhaustive()
    }
}
