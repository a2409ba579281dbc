//! The acknowledgements as they come.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::{SelectAll, select_all};
use socketio_proto::Args;

use super::collected::Collected;
use super::guard::AckGuard;
use super::missing::MissingAnswers;

/// The acknowledgements of a broadcast, one item for each client, in the order in which they come.
///
/// It ends when every client has answered or gone: at once if there is none. Dropping it takes back
/// what waits for the rest.
#[must_use = "dropping the answers takes the pending acknowledgements back"]
pub struct Answers {
    source: Source,
    guards: Vec<AckGuard>,
}

enum Source {
    One(Arc<Collected>),
    /// Those of several broadcasts, of which each is polled only if it has been woken.
    Joined(SelectAll<Answers>),
}

impl Answers {
    pub(super) fn new(collected: Arc<Collected>) -> Self {
        Self {
            source: Source::One(collected),
            guards: Vec::new(),
        }
    }

    /// Joins the answers to several broadcasts into one stream, which ends when all of them have.
    pub fn joined(all: impl IntoIterator<Item = Self>) -> Self {
        Self {
            source: Source::Joined(select_all(all)),
            guards: Vec::new(),
        }
    }

    /// Keeps a guard until nothing more can come or nobody waits any more.
    pub fn with_guard(mut self, guard: AckGuard) -> Self {
        self.guards.push(guard);
        self
    }

    /// Waits for all answers.
    ///
    /// # Cancel safety
    ///
    /// Answers that have come are lost if the future is dropped.
    pub async fn all(mut self) -> Vec<Args> {
        let mut all = Vec::new();
        while let Some(answer) = poll_fn(|cx| Pin::new(&mut self).poll_next(cx)).await {
            all.push(answer);
        }
        all
    }

    /// Waits no longer than `deadline`, which is usually a sleep.
    pub fn until(self, deadline: impl Future<Output = ()> + Send + 'static) -> AnswersUntil {
        AnswersUntil {
            answers: self,
            deadline: Some(Box::pin(deadline)),
        }
    }

    /// Awaits no more answers. Those that have come can still be read.
    pub fn stop(&mut self) {
        match &mut self.source {
            Source::One(collected) => collected.stop(),
            Source::Joined(all) => all.iter_mut().for_each(Self::stop),
        }
        self.guards.clear();
    }

    /// Returns who has not answered, if anybody.
    fn missing(&self) -> Option<MissingAnswers> {
        match self.count_missing() {
            (0, 0) => None,
            (servers, sockets) => Some(MissingAnswers::new(servers, sockets)),
        }
    }

    /// Returns how many servers, and how many sockets of the others, have not answered.
    fn count_missing(&self) -> (usize, usize) {
        match &self.source {
            Source::One(collected) => collected.missing(),
            Source::Joined(all) => {
                let missing = all.iter().map(Self::count_missing);
                missing.fold((0, 0), |(servers, sockets), missing| {
                    let (more_servers, more_sockets) = missing;
                    (
                        servers.saturating_add(more_servers),
                        sockets.saturating_add(more_sockets),
                    )
                })
            }
        }
    }
}

impl Stream for Answers {
    type Item = Args;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Args>> {
        let answer = match &mut self.source {
            Source::One(collected) => collected.poll_next(cx),
            Source::Joined(all) => Pin::new(all).poll_next(cx),
        };
        if let Poll::Ready(None) = answer {
            self.guards.clear();
        }
        answer
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // Before the guards go, so that the sockets that they count out wake nobody.
        if let Source::One(collected) = &self.source {
            collected.discard();
        }
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}

/// The acknowledgements of a broadcast that come until some time.
///
/// If clients or servers are missing then, the last item is an error that says how many.
#[must_use = "dropping the answers takes the pending acknowledgements back"]
pub struct AnswersUntil {
    answers: Answers,
    /// None once it is over.
    deadline: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl AnswersUntil {
    /// Waits for all answers, or for the deadline.
    ///
    /// # Errors
    ///
    /// [`MissingAnswers`] with those that did come.
    ///
    /// # Cancel safety
    ///
    /// Answers that have come are lost if the future is dropped.
    pub async fn all(mut self) -> Result<Vec<Args>, MissingAnswers> {
        let mut all = Vec::new();
        while let Some(answer) = poll_fn(|cx| Pin::new(&mut self).poll_next(cx)).await {
            match answer {
                Ok(answer) => all.push(answer),
                Err(missing) => return Err(missing.with_answers(all)),
            }
        }
        Ok(all)
    }
}

impl Stream for AnswersUntil {
    type Item = Result<Args, MissingAnswers>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Args, MissingAnswers>>> {
        let this = &mut *self;
        let Some(deadline) = &mut this.deadline else {
            return Poll::Ready(None);
        };
        // Answers first: those that have come by the deadline are in time.
        match Pin::new(&mut this.answers).poll_next(cx) {
            Poll::Ready(Some(answer)) => return Poll::Ready(Some(Ok(answer))),
            Poll::Ready(None) => {}
            Poll::Pending if deadline.as_mut().poll(cx).is_ready() => {
                this.answers.stop();
                // One may have come since.
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
