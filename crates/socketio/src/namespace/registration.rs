//! The warning about a handler that is registered with a namespace again.

use engineio::log::Escaped;
use std::cell::Cell;

use crate::handler::HandlerType;
use crate::registry::handlers::Handlers;

/// A handler that is being registered.
///
/// Handlers of a namespace serve all of its sockets. In Node they belong to one socket, so that
/// they are registered for each client. Here that is a mistake, which is logged once.
pub(super) struct Registration<'a> {
    /// The name of the method.
    method: &'static str,
    /// The name of the event, if the method takes one.
    event: Option<&'a str>,
    handler: HandlerType,
    /// The number of existing handlers of the same type, kind and event.
    existing: Cell<Option<usize>>,
}

impl<'a> Registration<'a> {
    pub(super) fn new<H: 'static>(method: &'static str, event: Option<&'a str>) -> Self {
        Self {
            method,
            event,
            handler: HandlerType::of::<H>(),
            existing: Cell::new(None),
        }
    }

    /// Counts the existing handlers before a table is changed.
    ///
    /// A pattern changes its own table first and then those of its children. Otherwise the change
    /// of one table is repeated if another caller was faster, and the last one counts.
    pub(super) fn count(
        &self,
        is_pattern: bool,
        handlers: &Handlers,
        count: &dyn Fn(&HandlerType, &Handlers) -> usize,
    ) {
        if !is_pattern || self.existing.get().is_none() {
            self.existing.set(Some(count(&self.handler, handlers)));
        }
    }

    /// Logs a warning if this was the second registration.
    pub(super) fn warn_if_repeated(&self, namespace: &str, serves_clients: impl FnOnce() -> bool) {
        if self.existing.get() == Some(1) && self.handler.is_repeated(serves_clients) {
            // The names of dynamic namespaces are text of clients.
            engineio::log_limited!(
                warn,
                None,
                "a handler was registered again and runs once more for all sockets: register the \
                 handlers of a namespace once, when the server starts, or use `socket.on` for one \
                 socket",
                namespace = ?Escaped(&namespace),
                method = self.method,
                event = self.event,
                handler = self.handler.name(),
            );
        }
    }
}
