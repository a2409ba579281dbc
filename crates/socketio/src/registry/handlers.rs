use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;
use smallvec::SmallVec;
use smol_str::SmolStr;
use socketio_proto::Args;

use crate::handler::{
    ConnectListener, DisconnectListener, EventListener, EventMiddlewareListener,
    MiddlewareListener, ServerEventListener,
};
use crate::registry::shared_data::SharedData;
use crate::socket::Socket;
use crate::socket_state::listeners::ListenerId;
use crate::socket_state::listeners::Position;

/// The handlers of one namespace. A table is never changed: registering makes a new one, so that
/// an event takes no lock to find its handlers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers {
    pub(crate) middleware: Vec<MiddlewareListener>,
    pub(crate) connect: Vec<ConnectListener>,
    /// By name. Its hasher is fast and easy to find collisions for, but names of clients are only
    /// looked up: all that are in the table are the application's.
    pub(crate) events: HashMap<Arc<str>, SmallVec<[HandlerEntry<EventListener>; 1]>>,
    /// Those of every event, whatever its name.
    pub(crate) any: Vec<HandlerEntry<EventListener>>,
    pub(crate) event_middleware: Vec<EventMiddlewareListener>,
    /// Those of every event that is sent.
    pub(crate) outgoing: Vec<HandlerEntry<OutgoingHandler>>,
    pub(crate) disconnecting: Vec<DisconnectListener>,
    pub(crate) disconnect: Vec<DisconnectListener>,
    pub(crate) rejection: Option<EventListener>,
    /// Whether an event of a socket waits until the handlers of the one before have finished.
    pub(crate) ordered: bool,
    /// Those of events of other servers.
    pub(crate) server_events: HashMap<SmolStr, SmallVec<[ServerEventListener; 1]>>,
    /// Which of the data of the sockets other servers see.
    pub(crate) shared_data: SharedData,
}

/// A handler that can be taken out again.
#[derive(Clone, Debug)]
pub(crate) struct HandlerEntry<H> {
    pub(crate) id: ListenerId,
    pub(crate) handler: H,
}

/// A listener of what is sent to any socket of a namespace.
#[derive(Clone)]
pub(crate) struct OutgoingHandler(pub(crate) Arc<NamespaceListener>);

type NamespaceListener = dyn Fn(&Socket, &str, &Args) + Send + Sync;

impl Handlers {
    /// Whether every event is of interest, whatever its name.
    pub(crate) fn has_any_listeners(&self) -> bool {
        !self.any.is_empty() || !self.event_middleware.is_empty()
    }

    pub(crate) fn add_event(
        &mut self,
        name: &str,
        listener: HandlerEntry<EventListener>,
        position: Position,
    ) {
        let listeners = self.events.entry(name.into()).or_default();
        listeners.insert(position.index(listeners.len()), listener);
    }

    pub(crate) fn add_any(&mut self, listener: HandlerEntry<EventListener>, position: Position) {
        self.any.insert(position.index(self.any.len()), listener);
    }

    pub(crate) fn add_outgoing(
        &mut self,
        listener: HandlerEntry<OutgoingHandler>,
        position: Position,
    ) {
        let index = position.index(self.outgoing.len());
        self.outgoing.insert(index, listener);
    }

    /// Takes the handler of an event out that has this id. Tells whether there was one.
    pub(crate) fn remove_event(&mut self, id: ListenerId) -> bool {
        let mut removed = false;
        self.events.retain(|_, listeners| {
            let before = listeners.len();
            listeners.retain(|listener| listener.id != id);
            removed |= listeners.len() < before;
            !listeners.is_empty()
        });
        removed
    }
}

impl<H> HandlerEntry<H> {
    /// A handler with an id of its own.
    pub(crate) fn new(handler: H) -> Self {
        Self {
            id: ListenerId::new(),
            handler,
        }
    }
}

impl fmt::Debug for OutgoingHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingHandler").finish_non_exhaustive()
    }
}
