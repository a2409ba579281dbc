use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream as _;
use serde::de::DeserializeOwned;

use crate::broadcast::BroadcastAck;
use crate::socket_state::ack_error::AckError;

/// The future of the acknowledgement of a fetched socket, see
/// [`RemoteSocket::emit_with_ack`](super::RemoteSocket::emit_with_ack).
///
/// The event has been sent already. Dropping the future gives the acknowledgement up.
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
        // One socket at most is asked. Without an answer it has left, or was gone before.
        let answer = Pin::new(&mut self.answers).poll_next(cx);
        answer.map(|answer| answer.unwrap_or(Err(AckError::Disconnected)))
    }
}

impl<T> fmt::Debug for RemoteAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAck").finish_non_exhaustive()
    }
}
