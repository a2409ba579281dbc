//! The future of a remote socket's acknowledgement.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream as _;
use serde::de::DeserializeOwned;

use crate::broadcast::{BroadcastAck, BroadcastAckBySocket};
use crate::socket_state::ack_error::AckError;

/// The future of a remote socket's acknowledgement, returned by
/// [`RemoteSocket::emit_with_ack`](super::RemoteSocket::emit_with_ack).
///
/// The event has already been sent. If the future is dropped, the answer is ignored.
#[must_use = "the event has been sent, but its acknowledgement is ignored unless it is awaited"]
pub struct RemoteAck<T> {
    answers: BroadcastAckBySocket<T>,
}

impl<T> RemoteAck<T> {
    pub(super) fn new(answers: BroadcastAck<T>) -> Self {
        Self {
            answers: answers.by_socket(),
        }
    }
}

impl<T: DeserializeOwned> Future for RemoteAck<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // At most one socket is asked. If the stream ends without an item, that socket has left.
        let answer = Pin::new(&mut self.answers).poll_next(cx);
        answer.map(|answer| answer.map_or(Err(AckError::Disconnected), |answer| answer.answer))
    }
}

impl<T> fmt::Debug for RemoteAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAck").finish_non_exhaustive()
    }
}
