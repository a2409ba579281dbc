//! Handlers: asynchronous functions whose arguments are extractors.
//!
//! | handler | registered with | returns |
//! |---|---|---|
//! | [`Middleware`] | `middleware` | `Result<(), E>`, `E:` [`IntoConnectError`](crate::IntoConnectError) |
//! | [`ConnectHandler`] | `on_connect` | `()` or `Result<(), E>`, `E: Debug` |
//! | [`EventMiddleware`] | `event_middleware` | `()`, [`Event`](crate::extract::Event), or `Result` of these, `E: Into<Rejection>` |
//! | [`EventWrap`] | `wrap` | [`Outcome`](crate::Outcome), or `Result<Outcome, E>`, `E: Into<Rejection>` |
//! | [`EventHandler`] | `on`, `on_rejection` | any [`IntoReply`]: `()`, [`Reply`], … |
//! | [`DisconnectHandler`] | `on_disconnect` | `()` |
//! | [`RequestHandler`] | `allow_request`, `generate_id` | [`AllowOutput`]: `bool`, `Result<(), E>`, …; [`IdOutput`]: `String`, … |
//! | [`ServerEventHandler`] | `on_server_event` | any [`IntoReply`] |
//! | [`NamespacePredicate`] | `io.of` | `bool` or `Result<bool, E>`, `E: Display` |
//!
//! The traits are sealed. They are implemented for functions and closures with up to twelve
//! arguments: `async fn`, `async |..| {}` and `|..| async {}`. The parameter `T` is the list of
//! arguments, which the compiler infers. `S` is the state of the namespace that the handler is
//! registered with.
//!
//! If the compiler only reports that a function is not a handler, add
//! [`#[debug_handler]`](macro@crate::debug_handler) to the function for a more precise error.

mod connect;
mod erased;
mod event;
mod event_listener;
mod event_middleware;
mod event_wrap;
mod event_wrap_listener;
#[expect(unnameable_types, reason = "other crates must not name them")]
mod function;
mod handler_type;
mod layered;
mod middleware;
mod namespace;
mod next;
mod panic;
mod reply;
mod request;
mod trace_events;

#[cfg(test)]
mod tests;

/// Seals the handler traits: other crates can use them as bounds but cannot implement them.
#[expect(unnameable_types, reason = "other crates must not name them")]
pub(crate) mod sealed {
    use crate::context::Outcome;
    use crate::extract::Event;

    /// The last argument of each sealed method. Only this crate can declare or call such a method.
    #[derive(Clone, Copy, Debug)]
    pub struct Seal;

    /// A type that a kind of handler may return.
    pub trait Sealed {}

    impl Sealed for () {}
    impl Sealed for bool {}
    impl Sealed for Event {}
    impl Sealed for Outcome {}
    impl Sealed for String {}
    impl Sealed for &'static str {}
    impl<T, E> Sealed for Result<T, E> {}
}

pub use self::connect::{ConnectHandler, ConnectOutput, DisconnectHandler};
pub use self::event::{EventHandler, ServerEventHandler};
pub use self::event_middleware::{EventMiddleware, EventMiddlewareOutput};
pub use self::event_wrap::{EventWrap, EventWrapOutput};
pub use self::layered::{EventCall, InnerEvents};
pub use self::middleware::{Middleware, MiddlewareOutput};
pub use self::namespace::{NamespacePredicate, PredicateOutput};
#[doc(hidden)]
pub use self::next::IsNext;
pub use self::next::Next;
pub use self::reply::{IntoReply, Reply};
pub use self::request::{AllowOutput, IdOutput, RequestHandler};
pub use self::trace_events::TraceEvents;

pub(crate) use self::erased::{
    ConnectListener, DisconnectListener, EventMiddlewareListener, MiddlewareListener,
    PredicateListener, ServerEventListener,
};
pub(crate) use self::event_listener::{EventListener, OnRejected};
pub(crate) use self::event_wrap_listener::EventWrapListener;
pub(crate) use self::handler_type::{HandlerType, HasHandlerType};
pub(crate) use self::layered::rejection_of_service;
pub(crate) use self::next::{Rest, Running, Started};
pub(crate) use self::panic::{catch, catch_call};
pub(crate) use self::request::{AllowListener, IdListener};
