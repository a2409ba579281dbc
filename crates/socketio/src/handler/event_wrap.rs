//! Wraps: middleware around the handlers of events.

use std::future::Future;
use std::marker::PhantomData;

use super::function::WrapFunction;
use super::next::Next;
use super::sealed::{Seal, Sealed};
use crate::context::{EventContext, Outcome};
use crate::error::rejection::Rejection;

/// A middleware around the handlers of each event, see
/// [`Namespace::wrap`](crate::Namespace::wrap).
///
/// It is an `async fn` whose last argument is [`Next`]. The arguments before are extractors of
/// event handlers.
#[diagnostic::on_unimplemented(
    message = "this is not a wrap for the state `{S}`",
    label = "not a wrap",
    note = "a wrap is an `async fn` whose last argument is `Next`, and which returns `Outcome` or `Result<Outcome, E>` with `E: Into<Rejection>`",
    note = "it has at most 12 arguments before `Next`; it, its captures and its future are `Send` and `'static`: no `Rc`, no lock guard across an `.await`, no borrowed capture (write `async move`)",
    note = "each argument before `Next` implements `FromEvent<{S}>`, such as `Socket`, `EventName`, `Args`, or `State<T>` with `T: FromRef<{S}>`; closures annotate their argument types",
    note = "put `#[socketio::debug_handler(wrap, state = {S})]` on the function: it names the argument, the return type or the value that is wrong"
)]
pub trait EventWrap<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments and runs the wrap.
    fn call(
        self,
        cx: &mut EventContext,
        next: Next,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<Outcome, Rejection>> + Send;
}

/// The marker that distinguishes the implementation for functions.
#[derive(Debug)]
#[expect(unnameable_types, reason = "inferred, never named")]
pub struct OfFunction<T>(PhantomData<T>);

// Without `do_not_recommend`, the compiler reports a wrong return type as such.
impl<F, S, T> EventWrap<OfFunction<T>, S> for F
where
    F: WrapFunction<S, T, Output: EventWrapOutput>,
    S: Send + Sync + 'static,
{
    async fn call(
        self,
        cx: &mut EventContext,
        next: Next,
        state: &S,
        _: Seal,
    ) -> Result<Outcome, Rejection> {
        WrapFunction::call(self, cx, next, state)
            .await?
            .into_result()
    }
}

/// The return value of a wrap.
///
/// | return value | effect |
/// |---|---|
/// | [`Outcome`], `Ok(Outcome)` | the client receives its answer, unless a wrap further out changes it |
/// | `Err(E)` with `E: Into<Rejection>`, such as `&'static str` | the event is [rejected](Rejection), and an answer of its handlers is discarded |
#[diagnostic::on_unimplemented(
    message = "a wrap cannot return `{Self}`",
    label = "wrong return type",
    note = "return the `Outcome` of `next.run().await`, `Outcome::replied(&value)?` to answer instead of the handlers, or `Outcome::ignored()`",
    note = "return `Result<Outcome, E>` with `E: Into<Rejection>`, such as `&'static str` or `Rejection`, to refuse events"
)]
pub trait EventWrapOutput: Sealed {
    /// Returns the outcome of the event.
    ///
    /// # Errors
    ///
    /// Returns the rejection if the wrap rejects the event.
    fn into_result(self) -> Result<Outcome, Rejection>;
}

impl EventWrapOutput for Outcome {
    fn into_result(self) -> Result<Outcome, Rejection> {
        Ok(self)
    }
}

impl<E> EventWrapOutput for Result<Outcome, E>
where
    E: Into<Rejection>,
{
    fn into_result(self) -> Result<Outcome, Rejection> {
        self.map_err(E::into)
    }
}
