//! The acknowledgements of a broadcast.

mod by_socket;
mod events;

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use serde::de::DeserializeOwned;
use socketio_adapter::{Answers, NoAnswer, SocketId};
use socketio_proto::Args;

use self::events::{AckEvent, AckEvents};
use crate::error::emit_error::EmitError;
use crate::socket_state::ack_error::AckError;

pub use self::by_socket::{BroadcastAckBySocket, SocketAck};

/// The acknowledgements of a broadcast: a stream that yields the answers as they arrive.
///
/// A socket that leaves has no item. A socket that the event was not sent to has the item
/// [`AckError::NotSent`]: too many of its acknowledgements are pending, its outbound queue is full, or
/// the event is volatile and its transport was not ready.
///
/// [`all`](Self::all) collects the answers. [`by_socket`](Self::by_socket) adds the ids of the sockets,
/// and reports each socket without an answer.
///
/// The event has already been sent. If the stream is dropped, the missing answers are ignored.
#[must_use = "the event has been sent, but its acknowledgements are ignored unless they are read"]
pub struct BroadcastAck<T> {
    events: AckEvents,
    answer: PhantomData<fn() -> T>,
}

impl<T> BroadcastAck<T> {
    pub(super) fn new(answers: Answers, timeout: Option<Duration>) -> Self {
        Self {
            events: AckEvents::new(answers, timeout),
            answer: PhantomData,
        }
    }

    pub(super) fn failed(error: EmitError) -> Self {
        Self {
            events: AckEvents::failed(error),
            answer: PhantomData,
        }
    }

    /// Returns the stream of the remaining acknowledgements together with the ids of their sockets.
    /// It has one item for each socket, also if the socket leaves or does not answer in time. Node has
    /// no counterpart.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use socketio::{AckError, SocketIo};
    ///
    /// async fn poll(io: SocketIo) {
    ///     let limit = Duration::from_secs(5);
    ///     let votes = io.to("voters").timeout(limit).emit_with_ack::<bool>("ready?", "");
    ///     for vote in votes.by_socket().all().await {
    ///         match (vote.socket, vote.answer) {
    ///             (Some(id), Ok(ready)) => println!("{id} has answered {ready}"),
    ///             (Some(id), Err(AckError::Timeout)) => println!("{id} has not answered"),
    ///             (id, Err(error)) => println!("{id:?}: {error}"),
    ///             (None, Ok(ready)) => println!("a client of another server: {ready}"),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn by_socket(self) -> BroadcastAckBySocket<T> {
        BroadcastAckBySocket::new(self.events)
    }
}

impl<T: DeserializeOwned> BroadcastAck<T> {
    /// Waits for all answers.
    ///
    /// A socket that leaves is not waited for and is no error.
    ///
    /// # Errors
    ///
    /// Returns an error if clients have not answered in time, if the event was not sent to a socket
    /// ([`AckError::NotSent`]), or if an answer does not have the type `T`. The error contains the
    /// valid answers, and lists the sockets that have not answered.
    pub async fn all(mut self) -> Result<Vec<T>, BroadcastAckError<T>> {
        let (mut answers, mut unanswered) = (Vec::new(), Vec::new());
        let mut failure = None;
        while let Some(event) = poll_fn(|cx| self.events.poll_next(cx)).await {
            let error = match event {
                AckEvent::Socket(answer) => match answer.answer.map(|answer| decode(&answer)) {
                    Ok(Ok(answer)) => {
                        answers.push(answer);
                        continue;
                    }
                    Ok(Err(error)) => error,
                    Err(NoAnswer::NotSent) => {
                        unanswered.extend(answer.socket);
                        AckError::NotSent
                    }
                    // It has left.
                    Err(_) => {
                        unanswered.extend(answer.socket);
                        continue;
                    }
                },
                AckEvent::Timeout(missing) => {
                    unanswered.extend_from_slice(missing.socket_ids());
                    AckError::Timeout
                }
                AckEvent::Failed(error) => AckError::Emit(error),
            };
            failure = failure.or(Some(error));
        }
        match failure {
            None => Ok(answers),
            Some(source) => Err(BroadcastAckError {
                answers,
                unanswered,
                source,
            }),
        }
    }
}

impl<T: DeserializeOwned> Stream for BroadcastAck<T> {
    type Item = Result<T, AckError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            return Poll::Ready(match std::task::ready!(self.events.poll_next(cx)) {
                None => None,
                Some(AckEvent::Failed(error)) => Some(Err(AckError::Emit(error))),
                Some(AckEvent::Socket(answer)) => match answer.answer {
                    Ok(answer) => Some(decode(&answer)),
                    Err(NoAnswer::NotSent) => Some(Err(AckError::NotSent)),
                    // It has left.
                    Err(_) => continue,
                },
                Some(AckEvent::Timeout(_)) => Some(Err(AckError::Timeout)),
            });
        }
    }
}

fn decode<T: DeserializeOwned>(answer: &Args) -> Result<T, AckError> {
    answer.deserialize().map_err(AckError::Data)
}

impl<T> fmt::Debug for BroadcastAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastAck").finish_non_exhaustive()
    }
}

/// The error of a broadcast whose answers are missing or of another type.
#[derive(Debug)]
pub struct BroadcastAckError<T> {
    answers: Vec<T>,
    unanswered: Vec<SocketId>,
    source: AckError,
}

impl<T> BroadcastAckError<T> {
    /// Returns the valid answers, in the order of their arrival.
    #[must_use]
    pub fn answers(&self) -> &[T] {
        &self.answers
    }

    /// Converts the error into the valid answers.
    #[must_use]
    pub fn into_answers(self) -> Vec<T> {
        self.answers
    }

    /// Returns the ids of the sockets without an answer. Sockets that have left, or that the event was
    /// not sent to, come before the sockets that have not answered in time.
    ///
    /// Sockets of other servers are listed only if the adapter transfers their ids.
    #[must_use]
    pub fn unanswered(&self) -> &[SocketId] {
        &self.unanswered
    }

    /// Returns the first error that occurred.
    #[must_use]
    pub fn reason(&self) -> &AckError {
        &self.source
    }
}

impl<T> fmt::Display for BroadcastAckError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "only {} clients have answered", self.answers.len())
    }
}

impl<T: fmt::Debug> Error for BroadcastAckError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
