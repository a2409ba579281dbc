//! The future of a client's acknowledgement.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::de::DeserializeOwned;
use socketio_proto::Args;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Socket;
use super::ack_trace::AckTrace;
use crate::error::emit_error::EmitError;
use crate::socket_state::ack_error::AckError;
use crate::socket_state::observers::AckOutcome;
use crate::socket_state::pending_acks::AckReceiver;

/// The future of a client's acknowledgement, returned by [`Socket::emit_with_ack`].
///
/// The event has already been sent. If the future is dropped, the answer is ignored.
#[must_use = "the event has been sent, but its acknowledgement is ignored unless it is awaited"]
pub struct AckFuture<T> {
    state: AckState,
    /// Set if the acknowledgement is observed or traced.
    trace: Option<Box<AckTrace>>,
    answer: PhantomData<fn() -> T>,
}

enum AckState {
    Failed(Option<AckError>),
    Pending {
        entry: PendingAckEntry,
        answer: oneshot::Receiver<Args>,
        timeout: Option<Timeout>,
    },
}

/// The time until which the future waits for the answer.
///
/// The timer is created by the first poll because it needs the runtime, whereas an event can be
/// sent from any thread.
enum Timeout {
    At(Instant),
    Set(Pin<Box<Sleep>>),
}

impl Timeout {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self {
                Self::At(deadline) => *self = Self::Set(Box::pin(sleep_until(*deadline))),
                Self::Set(sleep) => return sleep.as_mut().poll(cx),
            }
        }
    }
}

/// The entry of a pending acknowledgement in its socket, which is removed on drop.
struct PendingAckEntry {
    socket: Socket,
    id: u64,
    /// Set once the entry was removed, because the answer was received or the socket was closed.
    is_removed: bool,
}

impl Drop for PendingAckEntry {
    fn drop(&mut self) {
        if self.is_removed {
            return;
        }
        self.socket.state().acks.remove(self.id);
    }
}

impl<T> AckFuture<T> {
    pub(super) fn send(
        socket: &Socket,
        event: &str,
        timeout: Option<Duration>,
        send: impl FnOnce(u64) -> Result<(), EmitError>,
    ) -> Self {
        let trace = AckTrace::start(socket, event, timeout);
        Self {
            trace,
            state: Self::start(socket, timeout, send).unwrap_or_else(|error| {
                tracing::debug!(%error, "an event with an acknowledgement was not sent");
                AckState::Failed(Some(error))
            }),
            answer: PhantomData,
        }
    }

    fn start(
        socket: &Socket,
        timeout: Option<Duration>,
        send: impl FnOnce(u64) -> Result<(), EmitError>,
    ) -> Result<AckState, AckError> {
        let id = socket.namespace_shared().local.next_ack_id();
        let (sender, answer) = oneshot::channel();
        // Inserted before the event is sent because the answer may arrive at once.
        socket.state().acks.insert(id, AckReceiver::One(sender))?;
        let entry = PendingAckEntry {
            socket: socket.clone(),
            id,
            is_removed: false,
        };
        send(id).map_err(|error| match error {
            EmitError::Disconnected => AckError::Disconnected,
            error => AckError::Emit(error),
        })?;
        Ok(AckState::Pending {
            entry,
            answer,
            timeout: timeout
                .and_then(|timeout| Instant::now().checked_add(timeout))
                .map(Timeout::At),
        })
    }
}

impl<T: DeserializeOwned> Future for AckFuture<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = match &mut self.state {
            AckState::Failed(error) => Err(error.take().unwrap_or(AckError::Disconnected)),
            AckState::Pending {
                entry,
                answer,
                timeout,
            } => {
                if let Poll::Ready(answer) = Pin::new(answer).poll(cx) {
                    entry.is_removed = true;
                    match answer {
                        Ok(answer) => answer.deserialize().map_err(AckError::Data),
                        Err(_) => Err(AckError::Disconnected),
                    }
                } else if let Some(timeout) = timeout
                    && timeout.poll(cx).is_ready()
                {
                    Err(AckError::Timeout)
                } else {
                    return Poll::Pending;
                }
            }
        };
        self.state = AckState::Failed(None);
        if let Some(mut trace) = self.trace.take() {
            trace.end(
                result
                    .as_ref()
                    .map_or_else(AckOutcome::Failed, |_| AckOutcome::Answered),
            );
        }
        Poll::Ready(result)
    }
}

impl<T> fmt::Debug for AckFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("AckFuture");
        if let AckState::Pending { entry, .. } = &self.state {
            f.field("socket", entry.socket.id());
        }
        f.finish_non_exhaustive()
    }
}
