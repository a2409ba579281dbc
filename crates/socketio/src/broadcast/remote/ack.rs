//! The future of a remote socket's acknowledgement.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream as _;
use serde::de::DeserializeOwned;

use crate::broadcast::BroadcastAck;
use crate::socket_state::ack_error::AckError;

/// The future of a remote socket's acknowledgement, returned by
/// [`RemoteSocket::emit_with_ack`](super::RemoteSocket::emit_with_ack).
///
/// The event has already been sent. If the future is dropped, the answer is ignored.
#[must_use = "the event has been sent, but its acknowledgement is ignored unless it is awaited"]
pub struct RemoteAck<T> {
    answers: BroadcastAck<T>,
}

impl<T> RemoteAck<T> {
    pub(super) fn new(answers: BroadcastAck<T>) -> Self {
        Self { answers }
    }
}

impl<T: DeserializeOwned> Future for RemoteAck<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // At most one socket is asked. If the stream ends without an answer, that socket has left.
        let answer = Pin::new(&mut self.answers).poll_next(cx);
        answer.map(|answer| answer.unwrap_or(Err(AckError::Disconnected)))
    }
}

impl<T> fmt::Debug for RemoteAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAck").finish_non_exhaustive()
    }
}
