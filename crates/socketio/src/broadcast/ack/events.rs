//! The stream of everything that happens while a broadcast waits for acknowledgements.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use engineio::log::{Chain, Escaped};
use futures_core::Stream;
use socketio_adapter::{Answers, AnswersUntil, MissingAnswers, SocketAnswer};
use tokio::time::{Instant, sleep_until};

use crate::error::emit_error::EmitError;

/// The stream of everything that happens while a broadcast waits for acknowledgements.
pub(super) enum AckEvents {
    Failed(Option<EmitError>),
    Pending(Answers),
    WaitingUntil(AnswersUntil),
}

pub(super) enum AckEvent {
    /// The packet could not be encoded, so no socket was asked.
    Failed(EmitError),
    /// A socket has answered, or will not answer.
    Socket(SocketAnswer),
    /// The time is up, and answers are missing.
    Timeout(MissingAnswers),
}

impl AckEvents {
    pub(super) fn new(answers: Answers, timeout: Option<Duration>) -> Self {
        match timeout {
            None => Self::Pending(answers),
            Some(timeout) => {
                // The timer is created by the first poll because it needs the runtime.
                let deadline = Instant::now().checked_add(timeout);
                Self::WaitingUntil(answers.until(async move {
                    match deadline {
                        Some(deadline) => sleep_until(deadline).await,
                        None => std::future::pending().await,
                    }
                }))
            }
        }
    }

    pub(super) fn failed(error: EmitError) -> Self {
        engineio::log_limited!(
            error,
            None,
            "the event was not sent",
            error = %Escaped(Chain(&error)),
        );
        Self::Failed(Some(error))
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<AckEvent>> {
        match self {
            Self::Failed(error) => Poll::Ready(error.take().map(AckEvent::Failed)),
            Self::Pending(answers) => Pin::new(answers)
                .poll_next(cx)
                .map(|answer| answer.map(AckEvent::Socket)),
            Self::WaitingUntil(answers) => Pin::new(answers).poll_next(cx).map(|answer| {
                answer.map(|answer| match answer {
                    Ok(answer) => AckEvent::Socket(answer),
                    Err(missing) => AckEvent::Timeout(missing),
                })
            }),
        }
    }
}
