//! The outcome of an event, which wraps read and change.

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_proto::{Args, ArgsError};

use crate::error::emit_error::EmitError;
use crate::error::rejection::Rejection;

/// The outcome of an event: whether it was handled, and its answer.
///
/// [`Next::run`](crate::Next::run) returns it to a wrap, which returns it, changed or not, or
/// another one. The client receives the answer that the outermost wrap returns, see
/// [`Namespace::wrap`](crate::Namespace::wrap).
///
/// # Examples
///
/// ```
/// use serde_json::{Value, json};
/// use socketio::{EmitError, Next, Outcome};
///
/// /// Puts each answer into an envelope.
/// async fn envelope(next: Next) -> Result<Outcome, EmitError> {
///     let mut outcome = next.run().await;
///     if let Some(value) = outcome.reply_as::<Value>() {
///         let value = value.unwrap_or_default();
///         outcome.set_reply(&json!({ "ok": outcome.is_success(), "value": value }))?;
///     }
///     Ok(outcome)
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "the client receives the answer of the outcome that a wrap returns"]
pub struct Outcome {
    reply: Option<Args>,
    facts: Facts,
    /// Whether the client asked for an acknowledgement, if that is known.
    is_awaited: Option<bool>,
    is_registered: bool,
    /// The number of answers that were held when the outcome was created. An answer that is held
    /// later is unknown to the wrap that returns the outcome, and is kept.
    answers: u32,
}

/// How an event was handled, apart from its answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) rejection: Option<Rejection>,
    /// Whether a handler returned an error as its answer.
    pub(super) is_error_reply: bool,
    /// The number of handlers that were started.
    pub(super) handlers: usize,
    /// Whether a wrap answered in place of the handlers.
    pub(super) is_replied: bool,
}

impl Outcome {
    /// Creates the outcome of an event that the wrap answers itself, for example from a cache.
    ///
    /// As an answer, a tuple is several arguments, `()` none, and any other value one. [`Args`]
    /// are the arguments that they contain, so the [`reply`](Self::reply) of another outcome can be
    /// sent again. If the client did not ask for an acknowledgement, nothing is sent.
    ///
    /// # Errors
    ///
    /// Returns an error if the answer cannot be serialised.
    pub fn replied<T>(reply: &T) -> Result<Self, EmitError>
    where
        T: Serialize + ?Sized,
    {
        let mut outcome = Self::ignored();
        outcome.set_reply(reply)?;
        Ok(outcome)
    }

    /// Creates the outcome of an event that the wrap neither passes on nor answers.
    ///
    /// A client that waits for an answer waits until its own timeout, unless the event is answered
    /// in another way: through an [`Ack`](crate::extract::Ack), or by a [`Next`](crate::Next) that
    /// runs in a separate task. To discard an answer of [`Next::run`](crate::Next::run), use
    /// [`clear_reply`](Self::clear_reply). To refuse the event, return an error.
    pub fn ignored() -> Self {
        Self {
            reply: None,
            facts: Facts::default(),
            is_awaited: None,
            is_registered: false,
            answers: 0,
        }
    }

    /// Creates the outcome that `Next::run` returns.
    pub(super) fn of_run(
        reply: Option<Args>,
        facts: Facts,
        is_awaited: bool,
        answers: u32,
    ) -> Self {
        Self {
            reply,
            facts,
            is_awaited: Some(is_awaited),
            is_registered: false,
            answers,
        }
    }

    pub(super) fn into_parts(self) -> (Option<Args>, Facts, u32) {
        (self.reply, self.facts, self.answers)
    }

    pub(crate) fn set_registered(&mut self, is_registered: bool) {
        self.is_registered = is_registered;
    }

    /// Returns whether the event was not rejected and no handler returned an error.
    ///
    /// An event that nothing handles is successful too, see [`handlers`](Self::handlers).
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.facts.rejection.is_none() && !self.facts.is_error_reply
    }

    /// Returns whether a handler returned `Err`, whatever its answer is.
    ///
    /// [`IntoReply::is_error`](crate::handler::IntoReply::is_error) decides about types of the
    /// application.
    #[must_use]
    pub fn is_error_reply(&self) -> bool {
        self.facts.is_error_reply
    }

    /// Returns the rejection if middleware, an extractor or another wrap rejected the event, or if
    /// a handler panicked.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        self.facts.rejection.as_ref()
    }

    /// Returns the number of handlers that were started, including those of the socket.
    ///
    /// It is 0 if nothing handles the event, or if it did not reach the handlers.
    #[must_use]
    pub fn handlers(&self) -> usize {
        self.facts.handlers
    }

    /// Returns whether the namespace has a handler for the event.
    ///
    /// Clients choose the names of events. Use a name as the label of a metric only if this is
    /// `true`, because the number of labels is unlimited otherwise. The name is the one that
    /// [`EventName`](crate::extract::EventName) returns in the wrap. An outcome that is not from
    /// [`Next::run`](crate::Next::run) returns `false`.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.is_registered
    }

    /// Returns whether the client asked for an acknowledgement. An outcome that is not from
    /// [`Next::run`](crate::Next::run) returns `false`.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.is_awaited == Some(true)
    }

    /// Returns the arguments of the answer, still encoded.
    ///
    /// It is `None` if there is no answer yet, or if the client did not ask for one.
    #[must_use]
    pub fn reply(&self) -> Option<&Args> {
        self.reply.as_ref()
    }

    /// Reads the arguments of the answer into a type: a tuple is several arguments, `()` none, and
    /// any other type the first argument.
    ///
    /// It is `None` if [`reply`](Self::reply) is.
    #[must_use]
    pub fn reply_as<T>(&self) -> Option<Result<T, ArgsError>>
    where
        T: DeserializeOwned,
    {
        self.reply.as_ref().map(Args::deserialize)
    }

    /// Sets the answer: a tuple is several arguments, `()` none, and any other value one.
    ///
    /// Nothing is serialised and sent if the client did not ask for an acknowledgement.
    ///
    /// # Errors
    ///
    /// Returns an error if the answer cannot be serialised. The outcome is unchanged then.
    pub fn set_reply<T>(&mut self, reply: &T) -> Result<(), EmitError>
    where
        T: Serialize + ?Sized,
    {
        if self.is_awaited != Some(false) {
            self.reply = Some(Args::from_serialize(None, reply)?);
        }
        self.facts.is_replied |= self.is_awaited.is_none();
        Ok(())
    }

    /// Removes the answer, so that the client receives none. Returns the removed answer.
    ///
    /// The event can still be answered later, through an [`Ack`](crate::extract::Ack).
    pub fn clear_reply(&mut self) -> Option<Args> {
        self.reply.take()
    }

    /// Returns a word for logs and metrics.
    ///
    /// | word | meaning |
    /// |---|---|
    /// | `panicked` | a handler, middleware or wrap panicked |
    /// | `rejected` | there is a [`rejection`](Self::rejection) |
    /// | `error` | a handler returned an error, see [`is_error_reply`](Self::is_error_reply) |
    /// | `unhandled` | nothing handled or answered the event |
    /// | `ok` | all others |
    #[must_use]
    pub fn label(&self) -> &'static str {
        match &self.facts {
            Facts {
                rejection: Some(rejection),
                ..
            } if rejection.is_panic() => "panicked",
            Facts {
                rejection: Some(_), ..
            } => "rejected",
            Facts {
                is_error_reply: true,
                ..
            } => "error",
            Facts {
                handlers: 0,
                is_replied: false,
                ..
            } => "unhandled",
            _ => "ok",
        }
    }
}
