use std::collections::HashMap;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::handler::{ConnectListener, DisconnectListener, EventListener, MiddlewareListener};

/// The handlers of one namespace. A table is never changed: registering makes a new one, so that
/// an event takes no lock to find its handlers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers {
    pub(crate) middleware: Vec<MiddlewareListener>,
    pub(crate) connect: Vec<ConnectListener>,
    pub(crate) events: HashMap<SmolStr, SmallVec<[EventListener; 1]>>,
    pub(crate) disconnecting: Vec<DisconnectListener>,
    pub(crate) disconnect: Vec<DisconnectListener>,
    pub(crate) rejection: Option<EventListener>,
    /// Whether an event of a socket waits until the handlers of the one before have finished.
    pub(crate) ordered: bool,
}

impl Handlers {
    pub(crate) fn add_event(&mut self, name: &str, listener: EventListener) {
        self.events.entry(name.into()).or_default().push(listener);
    }
}
