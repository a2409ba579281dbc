//! The acknowledgements of a broadcast, with the sockets that owe them.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use socketio_adapter::{NoAnswer, SocketId};

use super::events::{AckEvent, AckEvents};
use crate::socket_state::ack_error::AckError;

/// The acknowledgement of one socket that a broadcast was sent to, or the reason why it is missing.
#[derive(Debug)]
#[non_exhaustive]
pub struct SocketAck<T> {
    /// The id of the socket. `None` if the socket is connected to another server and the adapter does
    /// not transfer ids, or if the event could not be sent to any socket.
    pub socket: Option<SocketId>,
    /// The answer, or the reason why it is missing.
    pub answer: Result<T, AckError>,
}

/// The acknowledgements of a broadcast by socket: a stream with one item for each socket that the
/// event was sent to. [`BroadcastAck::by_socket`](super::BroadcastAck::by_socket) returns it.
///
/// An item arrives as soon as the socket has answered or left. After a timeout, the items of the
/// sockets that have not answered follow: one for each socket whose id is known, and one without an
/// id if other servers or their sockets are missing.
///
/// The event has already been sent. If the stream is dropped, the missing answers are ignored.
#[must_use = "the event has been sent, but its acknowledgements are ignored unless they are read"]
pub struct BroadcastAckBySocket<T> {
    events: AckEvents,
    /// The sockets that have not answered in time.
    late: std::vec::IntoIter<Option<SocketId>>,
    answer: PhantomData<fn() -> T>,
}

impl<T> BroadcastAckBySocket<T> {
    pub(super) fn new(events: AckEvents) -> Self {
        Self {
            events,
            late: Vec::new().into_iter(),
            answer: PhantomData,
        }
    }
}

impl<T: DeserializeOwned> BroadcastAckBySocket<T> {
    /// Waits for all answers, and returns one item for each socket in the order of arrival.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the answers that have arrived. Read the stream to keep them.
    pub async fn all(mut self) -> Vec<SocketAck<T>> {
        let mut all = Vec::new();
        while let Some(answer) = poll_fn(|cx| Pin::new(&mut self).poll_next(cx)).await {
            all.push(answer);
        }
        all
    }
}

impl<T: DeserializeOwned> Stream for BroadcastAckBySocket<T> {
    type Item = SocketAck<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SocketAck<T>>> {
        loop {
            if let Some(socket) = self.late.next() {
                let answer = Err(AckError::Timeout);
                return Poll::Ready(Some(SocketAck { socket, answer }));
            }
            let (socket, answer) = match std::task::ready!(self.events.poll_next(cx)) {
                None => return Poll::Ready(None),
                Some(AckEvent::Failed(error)) => (None, Err(AckError::Emit(error))),
                Some(AckEvent::Socket(answer)) => {
                    let (socket, answer) = (answer.socket, answer.answer);
                    let answer = answer.map_err(no_answer);
                    let answer = answer.and_then(|args| args.deserialize().map_err(AckError::Data));
                    (socket, answer)
                }
                Some(AckEvent::Timeout(missing)) => {
                    let mut late: Vec<_> = missing.socket_ids().iter().cloned().map(Some).collect();
                    if missing.servers() > 0 || missing.sockets() > late.len() {
                        late.push(None);
                    }
                    self.late = late.into_iter();
                    continue;
                }
            };
            return Poll::Ready(Some(SocketAck { socket, answer }));
        }
    }
}

fn no_answer(reason: NoAnswer) -> AckError {
    match reason {
        NoAnswer::NotSent => AckError::NotSent,
        _ => AckError::Disconnected,
    }
}

impl<T> fmt::Debug for BroadcastAckBySocket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastAckBySocket")
            .finish_non_exhaustive()
    }
}
