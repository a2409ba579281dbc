//! The handler table of a namespace.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hashbrown::HashMap;
use smallvec::SmallVec;
use smol_str::SmolStr;
use socketio_adapter::RoomEvent;
use socketio_proto::Args;

use crate::handler::{
    ConnectListener, DisconnectListener, EventListener, HasHandlerType, MiddlewareListener,
    ServerEventListener,
};
use crate::membership::namespace_shared::NamespaceShared;
use crate::registry::event_steps::EventSteps;
use crate::registry::shared_data::SharedData;
use crate::socket::Socket;
use crate::socket_state::listeners::ListenerId;
use crate::socket_state::listeners::Position;
use crate::socket_state::observers::Observer;

/// The handlers of one namespace.
///
/// A table is immutable. Registration replaces it, so that events look up handlers without a lock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers {
    pub(crate) middleware: Vec<MiddlewareListener>,
    pub(crate) connect: Vec<ConnectListener>,
    /// By event name. The hasher is fast and has predictable collisions, which is safe because
    /// names from clients are only looked up, never inserted.
    pub(crate) events: HashMap<Arc<str>, SmallVec<[HandlerEntry<EventListener>; 1]>>,
    /// Listeners of every event.
    pub(crate) any: Vec<HandlerEntry<EventListener>>,
    /// The middleware and wraps that an event passes before its handlers.
    pub(crate) event_steps: EventSteps,
    /// Listeners of every outgoing event.
    pub(crate) outgoing: Vec<HandlerEntry<OutgoingHandler>>,
    pub(crate) room_observers: Vec<NamespaceRoomObserver>,
    pub(crate) observers: Vec<Observer>,
    pub(crate) disconnecting: Vec<DisconnectListener>,
    pub(crate) disconnect: Vec<DisconnectListener>,
    pub(crate) rejection: Option<EventListener>,
    /// Whether the handlers of a socket run one event at a time.
    pub(crate) ordered: bool,
    /// Handlers of events from other servers.
    pub(crate) server_events: HashMap<SmolStr, Vec<ServerEventListener>>,
    /// The types of socket data that other servers see.
    pub(crate) shared_data: SharedData,
}

/// Handler tables that are no longer in use. Drop it without a lock, because the last reference to a
/// handler may own values of the application, whose destructors may use the namespace.
#[derive(Default)]
#[must_use = "drop it after all locks are released"]
pub(crate) struct Replaced(pub(crate) SmallVec<[Arc<Handlers>; 1]>);

/// A handler that can be removed by its id.
#[derive(Clone, Debug)]
pub(crate) struct HandlerEntry<H> {
    pub(crate) id: ListenerId,
    pub(crate) handler: H,
}

/// A listener of events that are sent to sockets of a namespace.
#[derive(Clone)]
pub(crate) struct OutgoingHandler {
    pub(crate) listener: Arc<NamespaceListener>,
    /// The type of the listener.
    pub(crate) handler_type: TypeId,
}

/// An observer of the rooms of a namespace.
#[derive(Clone)]
pub(crate) struct NamespaceRoomObserver(pub(crate) Arc<RoomListener>);

type RoomListener = dyn Fn(&Arc<NamespaceShared>, &RoomEvent) + Send + Sync;

type NamespaceListener = dyn Fn(&Socket, &str, &Args) + Send + Sync;

impl Handlers {
    /// Replaces a table by a changed copy, and returns the replaced table.
    pub(crate) fn update(table: &ArcSwap<Self>, change: &dyn Fn(&mut Self)) -> Replaced {
        let mut replaced = Replaced::default();
        loop {
            let old = table.load_full();
            let mut new = Self::clone(&old);
            change(&mut new);
            let new = Arc::new(new);
            let found = table.compare_and_swap(&old, Arc::clone(&new));
            let is_replaced = Arc::ptr_eq(&found, &old);
            replaced.0.push(old);
            if is_replaced {
                return replaced;
            }
            // Another caller has changed the table meanwhile.
            replaced.0.extend([new, Arc::clone(&found)]);
        }
    }

    /// Returns whether a listener, middleware or wrap receives events of every name.
    pub(crate) fn has_any_listeners(&self) -> bool {
        !self.any.is_empty() || !self.event_steps.is_empty()
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

    /// Removes the event handler with this id. Returns whether it existed.
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
    /// Creates an entry with a new id.
    pub(crate) fn new(handler: H) -> Self {
        Self {
            id: ListenerId::new(),
            handler,
        }
    }
}

impl HasHandlerType for OutgoingHandler {
    fn handler_type(&self) -> TypeId {
        self.handler_type
    }
}

impl<H: HasHandlerType> HasHandlerType for HandlerEntry<H> {
    fn handler_type(&self) -> TypeId {
        self.handler.handler_type()
    }
}

impl fmt::Debug for OutgoingHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingHandler").finish_non_exhaustive()
    }
}

impl fmt::Debug for NamespaceRoomObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamespaceRoomObserver")
            .finish_non_exhaustive()
    }
}
