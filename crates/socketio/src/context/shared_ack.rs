//! The acknowledgement of an event, which is sent at most once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engineio::log::Escaped;
use serde::Serialize;
use socketio_proto::Args;

use super::held_ack::{Due, HeldAck, Offer, Settled};
use super::outcome::Outcome;
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
    /// The event is wrapped, so its outcome is noted, even if the client wants no answer.
    Held(Arc<SharedAck>),
}

impl EventAck {
    /// Creates the acknowledgement that a client expects under `id`.
    pub(super) fn new(id: u64) -> Self {
        Self::Unique { id, is_sent: false }
    }

    /// Returns a shared handle to the acknowledgement, if the client wants an answer. `socket` is
    /// the socket that receives the answer, here and below.
    pub(super) fn share(&mut self, socket: &Socket) -> Option<Arc<SharedAck>> {
        match self {
            Self::Unique { id, is_sent } => {
                let shared = Arc::new(SharedAck {
                    socket: socket.clone(),
                    delivery: Delivery::Direct {
                        id: *id,
                        sent: AtomicBool::new(*is_sent),
                    },
                });
                *self = Self::Shared(Arc::clone(&shared));
                Some(shared)
            }
            Self::Shared(shared) => Some(Arc::clone(shared)),
            Self::Held(held) => held.id().map(|_| Arc::clone(held)),
        }
    }

    /// Returns the acknowledgement for the context of another handler of the event.
    pub(super) fn fork(&mut self, socket: &Socket) -> Option<Self> {
        match self {
            Self::Held(held) => Some(Self::Held(Arc::clone(held))),
            Self::Shared(_) | Self::Unique { .. } => self.share(socket).map(Self::Shared),
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
            Self::Shared(shared) | Self::Held(shared) => shared.send(args),
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
            Self::Shared(shared) | Self::Held(shared) => shared.reject(rejection),
        }
    }
}

/// A shared acknowledgement. Its holders can send one answer together.
pub(crate) struct SharedAck {
    socket: Socket,
    delivery: Delivery,
}

/// How an answer is sent.
enum Delivery {
    /// At once.
    Direct { id: u64, sent: AtomicBool },
    /// When the wraps of the event have returned.
    Held(HeldAck),
}

impl SharedAck {
    /// Creates the acknowledgement of an event that is wrapped. `id` is `None` if the client wants
    /// no answer.
    pub(super) fn held(socket: &Socket, id: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            socket: socket.clone(),
            delivery: Delivery::Held(HeldAck::new(id)),
        })
    }

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

    /// Sends the answer unless one was sent before. Returns whether it was sent, or whether the
    /// client wants none.
    fn send_first<T>(&self, args: &T) -> Result<bool, Rejection>
    where
        T: Serialize + ?Sized,
    {
        let Some(id) = self.id() else {
            return Ok(true);
        };
        if self.is_sent() {
            return Ok(false);
        }
        // Encoded first, so that another answer can be sent if encoding fails or panics.
        match &self.delivery {
            Delivery::Direct { sent, .. } => {
                let packet = self.socket.encode_ack(id, args);
                let packet = packet.map_err(Rejection::reply)?;
                if sent.swap(true, Ordering::AcqRel) {
                    return Ok(false);
                }
                self.socket.send_ack(packet);
                Ok(true)
            }
            Delivery::Held(held) => {
                let answer = Args::from_serialize(None, args).map_err(Rejection::reply)?;
                let (offer, answer) = held.offer(answer);
                if let (Offer::Send, Some(answer)) = (offer, answer) {
                    self.send_held(Due { id, answer });
                }
                Ok(!matches!(offer, Offer::Second))
            }
        }
    }

    /// Sends an answer that was held.
    pub(super) fn send_held(&self, Due { id, answer }: Due) {
        match self.socket.encode_encoded_ack(id, answer) {
            Ok(packet) => self.socket.send_ack(packet),
            Err(error) => engineio::log_limited!(
                error,
                self.socket.log_client(),
                "the parser cannot encode the answer to an event, which is not sent",
                socket = %self.socket.logged_id(),
                error = %Escaped(&error),
            ),
        }
    }

    pub(super) fn as_held(&self) -> Option<&HeldAck> {
        match &self.delivery {
            Delivery::Held(held) => Some(held),
            Delivery::Direct { .. } => None,
        }
    }

    /// Returns what has become of the event so far.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.as_held() {
            Some(held) => held.outcome(),
            None => Outcome::ignored(),
        }
    }

    /// Returns the id under which the client waits for an answer, if it does.
    pub(super) fn id(&self) -> Option<u64> {
        match &self.delivery {
            Delivery::Direct { id, .. } => Some(*id),
            Delivery::Held(held) => held.id(),
        }
    }

    fn is_sent(&self) -> bool {
        match &self.delivery {
            Delivery::Direct { sent, .. } => sent.load(Ordering::Acquire),
            Delivery::Held(held) => held.is_sent(),
        }
    }

    /// Returns the socket that receives the answer.
    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }
}

/// Holds the answer of an event while a wrap is unfinished. The last one to be dropped sends the
/// answer.
pub(crate) struct AnswerHold(Option<Arc<SharedAck>>);

impl AnswerHold {
    /// Takes over the hold that a [`SharedAck::held`] begins with.
    pub(super) fn first(held: Arc<SharedAck>) -> Self {
        Self(Some(held))
    }

    /// Holds the answer once more, if the event is wrapped.
    pub(super) fn another(shared: Option<Arc<SharedAck>>) -> Self {
        if let Some(held) = shared.as_ref().and_then(|shared| shared.as_held()) {
            held.hold();
        }
        Self(shared)
    }

    /// Replaces what is known about the event by the outcome of the wrap, and ends the hold.
    pub(crate) fn settle(mut self, outcome: Outcome) {
        let Some((shared, held)) = self.parts() else {
            return;
        };
        let Settled {
            due,
            unsent,
            is_second,
        } = held.settle(outcome);
        drop(unsent);
        if let Some(due) = due {
            shared.send_held(due);
        }
        if is_second {
            log_second(&shared.socket);
        }
        self.0 = None;
    }

    /// Removes the answer so far, because the wrap has failed.
    pub(crate) fn discard(&self) {
        if let Some((_, held)) = self.parts() {
            drop(held.discard());
        }
    }

    fn parts(&self) -> Option<(&SharedAck, &HeldAck)> {
        let shared = self.0.as_deref()?;
        Some((shared, shared.as_held()?))
    }
}

impl Drop for AnswerHold {
    fn drop(&mut self) {
        if let Some((shared, held)) = self.parts()
            && let Some(due) = held.release()
        {
            shared.send_held(due);
        }
    }
}

fn log_second(socket: &Socket) {
    engineio::log_limited!(
        warn,
        socket.log_client(),
        "an event was already answered and this answer is dropped; answer through `Ack` or \
         through the return value, not through both",
        socket = %socket.logged_id(),
    );
}

fn log_unanswered(socket: &Socket, rejection: &Rejection, error: &Rejection) {
    engineio::log_limited!(
        error,
        socket.log_client(),
        "a rejected event could not be answered",
        socket = %socket.logged_id(),
        rejection = %rejection.redacted(),
        error = %error.redacted(),
    );
}

impl fmt::Debug for SharedAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedAck")
            .field("id", &self.id())
            .field("sent", &self.is_sent())
            .finish_non_exhaustive()
    }
}
