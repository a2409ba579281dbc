//! The stream of acknowledgements, with and without a deadline.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::slice;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::{SelectAll, select_all};
use socketio_proto::Args;

use super::collected::Collected;
use super::missing::MissingAnswers;
use super::socket_answer::SocketAnswer;

/// The stream of a broadcast's acknowledgements, one item per socket, in the order of arrival.
///
/// A socket that leaves, or that the packet was not sent to, yields an item without an answer. The
/// stream ends when there is an item for every socket: at once if there is no socket. Dropping it
/// drops the [`AckGuard`]s, which remove the remaining pending acknowledgements.
#[must_use = "dropping the answers removes the pending acknowledgements"]
pub struct Answers {
    source: AnswerSource,
    guards: Vec<AckGuard>,
}

enum AnswerSource {
    One(Arc<Collected>),
    /// The answers to several broadcasts. Each stream is polled only after its waker was woken.
    /// The last field has the state of all of them, because the streams are dropped when they end.
    Joined(SelectAll<Answers>, Vec<Arc<Collected>>),
}

impl Answers {
    pub(super) fn new(collected: Arc<Collected>) -> Self {
        Self {
            source: AnswerSource::One(collected),
            guards: Vec::new(),
        }
    }

    /// Merges the answers to several broadcasts into one stream that ends when all of them have ended.
    pub fn joined(all: impl IntoIterator<Item = Self>) -> Self {
        Self::joined_list(all.into_iter().collect())
    }

    fn joined_list(all: Vec<Self>) -> Self {
        let collected = all.iter().flat_map(Self::collected).cloned().collect();
        Self {
            source: AnswerSource::Joined(select_all(all), collected),
            guards: Vec::new(),
        }
    }

    /// Keeps a guard until the stream ends or is dropped.
    pub fn with_guard(mut self, guard: AckGuard) -> Self {
        self.guards.push(guard);
        self
    }

    /// Waits until every socket has answered or left, and returns the answers.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the answers that have arrived.
    pub async fn all(mut self) -> Vec<Args> {
        let mut all = Vec::new();
        while let Some(answer) = poll_fn(|cx| Pin::new(&mut self).poll_next(cx)).await {
            all.extend(answer.answer);
        }
        all
    }

    /// Ends the stream when `deadline` resolves, usually a sleep.
    pub fn until(self, deadline: impl Future<Output = ()> + Send + 'static) -> AnswersUntil {
        AnswersUntil {
            answers: self,
            deadline: Some(Box::pin(deadline)),
        }
    }

    /// Stops collecting. Answers that have arrived can still be read.
    pub fn stop(&mut self) {
        match &mut self.source {
            AnswerSource::One(collected) => collected.stop(),
            AnswerSource::Joined(all, _) => all.iter_mut().for_each(Self::stop),
        }
        self.guards.clear();
    }

    /// Returns the missing answers, if any are missing.
    fn missing(&self) -> Option<MissingAnswers> {
        let missing = self.collected().iter().map(|collected| collected.missing());
        let missing = missing.fold(MissingAnswers::new(0, 0), MissingAnswers::merge);
        (!missing.is_empty()).then_some(missing)
    }

    fn collected(&self) -> &[Arc<Collected>] {
        match &self.source {
            AnswerSource::One(collected) => slice::from_ref(collected),
            AnswerSource::Joined(_, all) => all,
        }
    }
}

impl Stream for Answers {
    type Item = SocketAnswer;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SocketAnswer>> {
        let answer = match &mut self.source {
            AnswerSource::One(collected) => collected.poll_next(cx),
            AnswerSource::Joined(all, _) => Pin::new(all).poll_next(cx),
        };
        if let Poll::Ready(None) = answer {
            self.guards.clear();
        }
        answer
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // Before the guards are dropped, so that their sockets do not wake the waiting task.
        if let AnswerSource::One(collected) = &self.source {
            collected.discard();
        }
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}

/// The stream of a broadcast's acknowledgements until a deadline.
///
/// If answers of sockets or servers are missing at the deadline, the last item is an error with their
/// numbers and the known ids of the sockets.
#[must_use = "dropping the answers removes the pending acknowledgements"]
pub struct AnswersUntil {
    answers: Answers,
    /// `None` once the stream has ended.
    deadline: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl AnswersUntil {
    /// Waits until every socket has answered or left, or for the deadline, and returns the answers.
    ///
    /// # Errors
    ///
    /// [`MissingAnswers`], with the answers that did arrive.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the answers that have arrived.
    pub async fn all(mut self) -> Result<Vec<Args>, MissingAnswers> {
        let mut all = Vec::new();
        while let Some(answer) = poll_fn(|cx| Pin::new(&mut self).poll_next(cx)).await {
            match answer {
                Ok(answer) => all.extend(answer.answer),
                Err(missing) => return Err(missing.with_answers(all)),
            }
        }
        Ok(all)
    }
}

impl Stream for AnswersUntil {
    type Item = Result<SocketAnswer, MissingAnswers>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketAnswer, MissingAnswers>>> {
        let this = &mut *self;
        let Some(deadline) = &mut this.deadline else {
            return Poll::Ready(None);
        };
        // Answers first: an answer that has arrived by the deadline is in time.
        match Pin::new(&mut this.answers).poll_next(cx) {
            Poll::Ready(Some(answer)) => return Poll::Ready(Some(Ok(answer))),
            Poll::Ready(None) => {}
            Poll::Pending if deadline.as_mut().poll(cx).is_ready() => {
                this.answers.stop();
                // An answer may have arrived since.
                if let Poll::Ready(Some(answer)) = Pin::new(&mut this.answers).poll_next(cx) {
                    return Poll::Ready(Some(Ok(answer)));
                }
            }
            Poll::Pending => return Poll::Pending,
        }
        this.deadline = None;
        Poll::Ready(this.answers.missing().map(Err))
    }
}

impl fmt::Debug for AnswersUntil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswersUntil").finish_non_exhaustive()
    }
}

/// Removes pending acknowledgements when it is dropped.
///
/// The task that waits for the [`Answers`] drops it together with them. A task that reports an
/// answer never drops it, so the guard may take the locks that such a task holds.
#[must_use = "dropping a guard removes the pending acknowledgements"]
pub struct AckGuard {
    remove: Option<Box<dyn FnOnce() + Send>>,
}

impl AckGuard {
    /// Creates a guard that calls `remove` when it is dropped.
    pub fn new(remove: impl FnOnce() + Send + 'static) -> Self {
        Self {
            remove: Some(Box::new(remove)),
        }
    }

    /// Creates a guard without pending acknowledgements.
    pub fn empty() -> Self {
        Self { remove: None }
    }
}

impl Drop for AckGuard {
    fn drop(&mut self) {
        if let Some(remove) = self.remove.take() {
            remove();
        }
    }
}

impl fmt::Debug for AckGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckGuard").finish_non_exhaustive()
    }
}
