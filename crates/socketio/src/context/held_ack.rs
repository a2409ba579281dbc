//! The answer of an event that is wrapped. It is held until the outermost wrap has returned.

use std::mem;

use parking_lot::Mutex;
use socketio_proto::Args;

use super::outcome::{Facts, Outcome};
use crate::error::rejection::Rejection;

/// The answer of an event that is wrapped, and what is known about the event.
///
/// Values of the application, such as attachments with an owner, are returned by the methods and
/// dropped by the caller, because no lock is held while code of the application runs.
pub(super) struct HeldAck {
    /// The id under which the client waits for an answer, if it does.
    id: Option<u64>,
    state: Mutex<HeldState>,
}

struct HeldState {
    answer: Answer,
    /// The number of answers that were held.
    answers: u32,
    /// The number of unfinished wraps, including those in tasks of the application.
    holders: u32,
    facts: Facts,
}

enum Answer {
    None,
    Held(Args),
    Sent,
}

/// The result of an attempt to answer.
#[derive(Clone, Copy)]
pub(super) enum Offer {
    /// The answer is held.
    Held,
    /// The caller sends the answer, because no wrap holds it.
    Send,
    /// The event was answered before.
    Second,
}

/// The result of a wrap that has ended.
pub(super) struct Settled {
    /// The answer to send, if no wrap is unfinished.
    pub(super) due: Option<Due>,
    /// An answer that is not sent.
    pub(super) unsent: Option<Args>,
    /// Whether `unsent` was given by a handler that does not know that it is not sent.
    pub(super) is_second: bool,
}

/// An answer to send.
pub(super) struct Due {
    pub(super) id: u64,
    pub(super) answer: Args,
}

impl HeldAck {
    /// Creates the acknowledgement of an event that one wrap holds.
    pub(super) fn new(id: Option<u64>) -> Self {
        Self {
            id,
            state: Mutex::new(HeldState {
                answer: Answer::None,
                answers: 0,
                holders: 1,
                facts: Facts::default(),
            }),
        }
    }

    /// Returns the id under which the client waits for an answer, if it does.
    pub(super) fn id(&self) -> Option<u64> {
        self.id
    }

    pub(super) fn is_sent(&self) -> bool {
        !matches!(self.state.lock().answer, Answer::None)
    }

    /// Adds a wrap that holds the answer.
    pub(super) fn hold(&self) {
        self.state.lock().holders += 1;
    }

    /// Removes a wrap that holds the answer. Returns the answer to send if it was the last one.
    pub(super) fn release(&self) -> Option<Due> {
        self.state.lock().release(self.id)
    }

    /// Holds an answer, or returns it if no wrap is unfinished or if it is the second.
    pub(super) fn offer(&self, answer: Args) -> (Offer, Option<Args>) {
        let mut state = self.state.lock();
        if !matches!(state.answer, Answer::None) {
            return (Offer::Second, Some(answer));
        }
        if state.holders == 0 {
            state.answer = Answer::Sent;
            return (Offer::Send, Some(answer));
        }
        state.answer = Answer::Held(answer);
        state.answers += 1;
        (Offer::Held, None)
    }

    /// Returns what has become of the event so far.
    pub(super) fn outcome(&self) -> Outcome {
        let state = self.state.lock();
        let reply = match &state.answer {
            Answer::Held(answer) => Some(answer.clone()),
            Answer::None | Answer::Sent => None,
        };
        Outcome::of_run(reply, state.facts.clone(), self.id.is_some(), state.answers)
    }

    /// Replaces everything that is known about the event by the outcome of a wrap, and removes the
    /// wrap.
    pub(super) fn settle(&self, outcome: Outcome) -> Settled {
        let (reply, facts, answers) = outcome.into_parts();
        let reply = reply.filter(|_| self.id.is_some());
        let mut state = self.state.lock();
        state.facts = facts;
        let (unsent, is_second) = state.replace(reply, answers);
        Settled {
            due: state.release(self.id),
            unsent,
            is_second,
        }
    }

    /// Removes the answer and the rejection, because a wrap has failed. Returns the answer to drop.
    pub(super) fn discard(&self) -> Option<Args> {
        let mut state = self.state.lock();
        state.facts.rejection = None;
        state.take()
    }

    /// Notes that the event was rejected. The first rejection counts.
    pub(super) fn note_rejection(&self, rejection: &Rejection) {
        let mut state = self.state.lock();
        let noted = &mut state.facts.rejection;
        noted.get_or_insert_with(|| rejection.clone());
    }

    /// Notes that a handler returned an error.
    pub(super) fn note_error_reply(&self) {
        self.state.lock().facts.is_error_reply = true;
    }

    /// Notes the number of handlers that are started.
    pub(super) fn note_handlers(&self, handlers: usize) {
        self.state.lock().facts.handlers += handlers;
    }
}

impl HeldState {
    /// Replaces the answer by that of a wrap, which knows the first `known` answers.
    ///
    /// Returns an answer that is not sent, and whether the wrap did not know that there are two.
    fn replace(&mut self, reply: Option<Args>, known: u32) -> (Option<Args>, bool) {
        let is_known = known == self.answers;
        match (reply, &self.answer) {
            (None, _) if is_known => (self.take(), false),
            // The wrap has not seen the answer, so it cannot have removed it.
            (None, _) => (None, false),
            (Some(reply), Answer::Sent) => (Some(reply), true),
            (Some(reply), Answer::Held(_) | Answer::None) => {
                self.answers += 1;
                match mem::replace(&mut self.answer, Answer::Held(reply)) {
                    Answer::Held(answer) => (Some(answer), !is_known),
                    Answer::None | Answer::Sent => (None, false),
                }
            }
        }
    }

    /// Removes the answer unless it was sent.
    fn take(&mut self) -> Option<Args> {
        match mem::replace(&mut self.answer, Answer::None) {
            Answer::Held(answer) => Some(answer),
            Answer::None => None,
            Answer::Sent => {
                self.answer = Answer::Sent;
                None
            }
        }
    }

    fn release(&mut self, id: Option<u64>) -> Option<Due> {
        self.holders -= 1;
        if self.holders > 0 {
            return None;
        }
        let answer = self.take()?;
        self.answer = Answer::Sent;
        Some(Due { id: id?, answer })
    }
}
