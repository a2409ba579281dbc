//! Middleware that runs before the handlers of events.

use std::future::Future;

use super::function::Function;
use super::sealed::{Seal, Sealed};
use crate::context::EventContext;
use crate::error::rejection::Rejection;
use crate::extract::Event;

/// A middleware that runs before the handlers of each event (Node's `socket.use`).
///
/// Its return value accepts, changes or rejects the event, see [`EventMiddlewareOutput`].
#[diagnostic::on_unimplemented(
    message = "this is not an event middleware for the state `{S}`",
    label = "not an event middleware",
    note = "an event middleware is an `async fn` that returns `()`, `Event`, `Result<(), E>` or `Result<Event, E>` with `E: Into<Rejection>`",
    note = "it has at most 12 arguments; it, its captures and its future are `Send` and `'static`: no `Rc`, no lock guard across an `.await`, no borrowed capture (write `async move`)",
    note = "each argument implements `FromEvent<{S}>`, such as `Socket`, `Event`, `EventName`, or `State<T>` with `T: FromRef<{S}>`; closures annotate their argument types",
    note = "middleware of one socket, as for `Socket::event_middleware`, has no state: use a closure that captures values",
    note = "put `#[socketio::debug_handler(event_middleware, state = {S})]` on the function: it names the argument, the return type or the value that is wrong"
)]
pub trait EventMiddleware<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments and runs the middleware. Returns the event if the middleware changes
    /// it.
    fn call(
        self,
        cx: &mut EventContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<Option<Event>, Rejection>> + Send;
}

// Without `do_not_recommend`, the compiler reports a wrong return type as such.
impl<F, S, T> EventMiddleware<T, S> for F
where
    F: Function<EventContext, S, T, Output: EventMiddlewareOutput>,
    S: Send + Sync + 'static,
{
    async fn call(
        self,
        cx: &mut EventContext,
        state: &S,
        _: Seal,
    ) -> Result<Option<Event>, Rejection> {
        Function::call(self, cx, state, |_| ()).await?.into_result()
    }
}

/// The return value of an event middleware.
///
/// | return value | effect |
/// |---|---|
/// | `()`, `Ok(())` | the event is passed on unchanged |
/// | [`Event`], `Ok(Event)` | this event is passed on instead; its name selects the handlers |
/// | `Err(E)` with `E: Into<Rejection>`, such as `&'static str` | the event is [rejected](Rejection) and not handled |
#[diagnostic::on_unimplemented(
    message = "an event middleware cannot return `{Self}`",
    label = "wrong return type",
    note = "return `()` to let each event pass, or an `Event` to change it",
    note = "return `Result<(), E>` or `Result<Event, E>` with `E: Into<Rejection>`, such as `&'static str` or `Rejection`, to refuse events"
)]
pub trait EventMiddlewareOutput: Sealed {
    /// Returns the changed event, or `None` to pass the event on unchanged.
    ///
    /// # Errors
    ///
    /// Returns the rejection if the event is rejected.
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
