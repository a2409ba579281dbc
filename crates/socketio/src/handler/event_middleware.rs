//! Middleware of events.

use std::future::Future;

use super::sealed::{Seal, Sealed};
use crate::context::EventContext;
use crate::error::rejection::Rejection;
use crate::extract::Event;

/// Runs before the handlers of each event: Node's `socket.use`.
///
/// What it returns lets the event pass, changes or refuses it, see [`EventMiddlewareOutput`].
#[diagnostic::on_unimplemented(
    message = "this is not an event middleware for the state `{S}`",
    label = "not an event middleware",
    note = "an event middleware is an `async fn` that returns `()`, `Event`, `Result<(), E>` or `Result<Event, E>` with `E: Into<Rejection>`; it and its future are `Send`",
    note = "each argument implements `FromEvent<{S}>`, such as `Socket`, `Event`, `EventName`, or `State<T>` with `T: FromRef<{S}>`; closures name their types",
    note = "middleware of one socket, such as `Socket::event_middleware` takes, has no state: a closure captures what it needs",
    note = "put `#[socketio::debug_handler(event_middleware, state = {S})]` on the function to see what is wrong"
)]
pub trait EventMiddleware<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments and runs the middleware. Returns the event if it is to be changed.
    fn call(
        self,
        cx: &mut EventContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<Option<Event>, Rejection>> + Send;
}

/// What an event middleware may return.
///
/// | returned | the event |
/// |---|---|
/// | `()`, `Ok(())` | goes on as it is |
/// | [`Event`], `Ok(Event)` | goes on as this one: another name is for other handlers |
/// | `Err(E)` with `E: Into<Rejection>`, such as a text | is refused: nobody handles it, and it is [rejected](Rejection) |
#[diagnostic::on_unimplemented(
    message = "an event middleware cannot return `{Self}`",
    label = "wrong return type",
    note = "return `()` to let each event pass, or an `Event` to change it",
    note = "return `Result<(), E>` or `Result<Event, E>` with `E: Into<Rejection>`, such as `&'static str` or `Rejection`, to refuse events"
)]
pub trait EventMiddlewareOutput: Sealed {
    /// Says how the event goes on: changed, or as it is.
    ///
    /// # Errors
    ///
    /// Fails with why the event is refused.
    fn into_result(self) -> Result<Option<Event>, Rejection>;
}

impl EventMiddlewareOutput for () {
    fn into_result(self) -> Result<Option<Event>, Rejection> {
        Ok(None)
    }
}

impl EventMiddlewareOutput for Event {
    fn into_result(self) -> Result<Option<Event>, Rejection> {
        Ok(Some(self))
    }
}

impl<E> EventMiddlewareOutput for Result<(), E>
where
    E: Into<Rejection>,
{
    fn into_result(self) -> Result<Option<Event>, Rejection> {
        self.map(|()| None).map_err(E::into)
    }
}

impl<E> EventMiddlewareOutput for Result<Event, E>
where
    E: Into<Rejection>,
{
    fn into_result(self) -> Result<Option<Event>, Rejection> {
        self.map(Some).map_err(E::into)
    }
}
