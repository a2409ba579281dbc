//! The acknowledgements of a broadcast.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use engineio::log::{Chain, Escaped};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use socketio_adapter::{Answers, AnswersUntil, MissingAnswers};
use socketio_proto::Args;
use tokio::time::{Instant, sleep_until};

use crate::error::emit_error::EmitError;
use crate::socket_state::ack_error::AckError;

/// The acknowledgements of a broadcast: a stream that yields the answers as they arrive.
/// [`all`](Self::all) collects them.
///
/// The event has already been sent. If the stream is dropped, the missing answers are ignored.
#[must_use = "the event has been sent, but its acknowledgements are ignored unless they are read"]
pub struct BroadcastAck<T> {
    state: AckStreamState,
    answer: PhantomData<fn() -> T>,
}

enum AckStreamState {
    Failed(Option<EmitError>),
    Pending(Answers),
    WaitingUntil(AnswersUntil),
}

impl<T> BroadcastAck<T> {
    pub(super) fn new(answers: Answers, timeout: Option<Duration>) -> Self {
        Self::with_state(match timeout {
            None => AckStreamState::Pending(answers),
            Some(timeout) => {
                // The timer is created by the first poll because it needs the runtime.
                let deadline = Instant::now().checked_add(timeout);
                AckStreamState::WaitingUntil(answers.until(async move {
                    match deadline {
                        Some(deadline) => sleep_until(deadline).await,
                        None => std::future::pending().await,
                    }
                }))
            }
        })
    }

    pub(super) fn failed(error: EmitError) -> Self {
        engineio::log_limited!(
            error,
            None,
            "the event was not sent",
            error = %Escaped(Chain(&error)),
        );
        Self::with_state(AckStreamState::Failed(Some(error)))
    }

    fn with_state(state: AckStreamState) -> Self {
        Self {
            state,
            answer: PhantomData,
        }
    }
}

impl<T: DeserializeOwned> BroadcastAck<T> {
    /// Waits for all answers.
    ///
    /// # Errors
    ///
    /// Returns an error if clients have not answered in time, or if an answer does not have the
    /// type `T`. The error contains the valid answers.
    pub async fn all(mut self) -> Result<Vec<T>, BroadcastAckError<T>> {
        let mut answers = Vec::new();
        let mut failure = None;
        while let Some(answer) = poll_fn(|cx| Pin::new(&mut self).poll_next(cx)).await {
            match answer {
                Ok(answer) => answers.push(answer),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            None => Ok(answers),
            Some(source) => Err(BroadcastAckError { answers, source }),
        }
    }
}

impl<T: DeserializeOwned> Stream for BroadcastAck<T> {
    type Item = Result<T, AckError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.state {
            AckStreamState::Failed(error) => {
                Poll::Ready(error.take().map(|error| Err(AckError::Emit(error))))
            }
            AckStreamState::Pending(answers) => Pin::new(answers)
                .poll_next(cx)
                .map(|answer| answer.map(|answer| decode(&answer))),
            AckStreamState::WaitingUntil(answers) => {
                Pin::new(answers).poll_next(cx).map(|answer| {
                    answer.map(|answer| match answer {
                        Ok(answer) => decode(&answer),
                        Err(MissingAnswers { .. }) => Err(AckError::Timeout),
                    })
                })
            }
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
