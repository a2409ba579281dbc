//! One namespace with its handlers, and the guard that counts its sockets.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Once, Weak};

use arc_swap::{ArcSwap, Guard};
use engineio::log::Escaped;
use smol_str::SmolStr;
use socketio_adapter::{AdapterFactory, RoomEvent, ServerSideReply};
use socketio_proto::{Args, Namespace as Name};
use tokio::sync::SetOnce;

use crate::context::ServerEventContext;
use crate::handler::catch_call;
use crate::membership::local_namespace::{LocalNamespace, Owner};
use crate::membership::namespace_shared::{Captured, NamespaceShared};
use crate::membership::recovery::RecoverySettings;
use crate::registry::handlers::{Handlers, NamespaceRoomObserver, Replaced};
use crate::registry::server_events::{HasServerEvents, ServerEvents};
use crate::socket::Socket;
use crate::socket_state::data_map::DataMap;
use crate::socket_state::outgoing_listeners;
use crate::socket_state::running_tasks::RunningTasks;
use crate::wire::backlink::{Backlink, ServerLink};
use crate::wire::codec::Codec;

/// One namespace: its sockets and its handlers.
pub(crate) struct NamespaceInner {
    pub(crate) shared: Arc<NamespaceShared>,
    handlers: ArcSwap<Handlers>,
    /// The number of changes of `handlers`.
    generation: AtomicU32,
    /// Set once the listeners of new namespaces have been called; clients wait for it, so that a
    /// middleware added there applies to the first client. `false` if a listener panicked, because
    /// what it would have added is missing.
    ready: SetOnce<bool>,
    /// The number of sockets from before they join until their disconnect handlers have run.
    occupants: AtomicUsize,
    /// Whether the server is closed, so that clients cannot join.
    closed: AtomicBool,
    child: Option<Box<Child>>,
    server_events: ServerEvents,
    running_tasks: Arc<RunningTasks>,
    /// Done once the rooms report to the handler table.
    room_observer: Once,
    /// The number of functions that have configured the namespace, see `configurators`.
    pub(crate) configured: AtomicUsize,
}

/// The settings that a namespace is created with.
pub(crate) struct NamespaceConfig<'a> {
    pub(crate) adapter: &'a dyn AdapterFactory,
    pub(crate) codec: &'a Codec,
    pub(crate) max_rooms: Option<usize>,
    pub(crate) recovery: Option<RecoverySettings>,
    pub(crate) server: ServerLink,
    pub(crate) running_tasks: &'a Arc<RunningTasks>,
}

/// The additional state of a dynamic namespace.
pub(crate) struct Child {
    registry: Weak<dyn ChildRegistry>,
    captured: Captured,
    pattern: SmolStr,
    /// Whether the namespace is kept without sockets, because the application has changed its
    /// handlers.
    pinned: AtomicBool,
}

impl Child {
    pub(crate) fn new(
        registry: Weak<dyn ChildRegistry>,
        captured: Captured,
        pattern: SmolStr,
    ) -> Self {
        Self {
            registry,
            captured,
            pattern,
            pinned: AtomicBool::new(false),
        }
    }
}

/// The registry that removes abandoned children.
pub(crate) trait ChildRegistry: Send + Sync {
    /// Called when the last socket of a child has left.
    fn abandoned(&self, child: &NamespaceInner);
}

impl NamespaceInner {
    pub(crate) fn new(name: Name, config: &NamespaceConfig<'_>) -> Arc<Self> {
        Self::make(name, config, None)
    }

    /// Creates a dynamic namespace, which shares the handlers of its pattern.
    pub(crate) fn new_child(name: Name, config: &NamespaceConfig<'_>, child: Child) -> Arc<Self> {
        Self::make(name, config, Some(Box::new(child)))
    }

    fn make(name: Name, config: &NamespaceConfig<'_>, child: Option<Box<Child>>) -> Arc<Self> {
        let captured = child.as_ref().and_then(|child| child.captured.clone());
        let pattern = child.as_ref().map(|child| child.pattern.clone());
        Arc::new_cyclic(|owner: &Weak<Self>| Self {
            shared: Arc::new(NamespaceShared::new(
                LocalNamespace::new(
                    name,
                    pattern,
                    config.codec.clone(),
                    config.max_rooms,
                    owner.clone(),
                    Arc::clone(config.running_tasks),
                ),
                config.adapter,
                Backlink::new(owner.clone()),
                config.server.clone(),
                captured,
                config.recovery,
            )),
            handlers: ArcSwap::default(),
            generation: AtomicU32::new(0),
            ready: SetOnce::new(),
            occupants: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            child,
            server_events: ServerEvents::default(),
            running_tasks: Arc::clone(config.running_tasks),
            room_observer: Once::new(),
            configured: AtomicUsize::new(0),
        })
    }

    pub(crate) fn name(&self) -> &Name {
        self.shared.name()
    }

    /// Loads the handler table, without a lock.
    pub(crate) fn handlers(&self) -> Guard<Arc<Handlers>> {
        self.handlers.load()
    }

    /// Returns the number of changes of the handler table.
    ///
    /// Load it before [`handlers`](Self::handlers). The table is current as long as the number
    /// stays the same.
    pub(crate) fn generation(&self) -> u32 {
        self.generation.load(Ordering::Acquire)
    }

    /// Changes the handlers for the application.
    pub(crate) fn register(&self, change: &dyn Fn(&mut Handlers)) {
        // Handlers that are added by listeners of new namespaces are added again if this one is
        // recreated.
        if let Some(child) = &self.child
            && self.ready.initialized()
        {
            child.pinned.store(true, Ordering::Release);
        }
        drop(self.change(change));
    }

    /// Takes over the handlers of the pattern. Called before the namespace has handlers.
    pub(crate) fn adopt(&self, handlers: Arc<Handlers>) {
        self.handlers.store(handlers);
        self.changed(&mut Replaced::default());
    }

    /// Applies a change of the pattern's handlers. A child without additional handlers continues to
    /// share the table of the pattern.
    pub(crate) fn inherit(
        &self,
        old: &Arc<Handlers>,
        new: &Arc<Handlers>,
        change: &dyn Fn(&mut Handlers),
    ) -> Replaced {
        let found = self.handlers.compare_and_swap(old, Arc::clone(new));
        let mut replaced = Replaced::default();
        if Arc::ptr_eq(&found, old) {
            self.changed(&mut replaced);
        } else {
            replaced.0.push(Arc::clone(&found));
            replaced.0.append(&mut self.change(change).0);
        }
        replaced
    }

    /// Removes handlers and returns whether any existed. A removal does not pin a child.
    pub(crate) fn remove_handlers(&self, remove_handlers: &dyn Fn(&mut Handlers) -> bool) -> bool {
        let was_there = Cell::new(false);
        drop(self.change(&|handlers| was_there.set(remove_handlers(handlers))));
        was_there.get()
    }

    fn change(&self, change: &dyn Fn(&mut Handlers)) -> Replaced {
        let mut replaced = Handlers::update(&self.handlers, change);
        self.changed(&mut replaced);
        replaced
    }

    /// Publishes a change of the table. Adds a table to `replaced` if this may be its last user.
    fn changed(&self, replaced: &mut Replaced) {
        self.generation.fetch_add(1, Ordering::Release);
        self.update_outgoing_listener(replaced);
        self.update_observers(replaced);
        self.observe_rooms();
    }

    /// Observes the rooms if a handler needs it. Before that, rooms have no cost for events.
    fn observe_rooms(&self) {
        if self.handlers.load().room_observers.is_empty() {
            return;
        }
        self.room_observer.call_once(|| {
            // The namespace owns the rooms, so the rooms must not own it.
            let core = self.shared.owner::<Self>().as_ref().map(Arc::downgrade);
            self.shared.local.rooms.observe(move |event: &RoomEvent| {
                let Some(core) = core.as_ref().and_then(Weak::upgrade) else {
                    return;
                };
                let handlers = Arc::clone(&core.handlers());
                for NamespaceRoomObserver(observer) in &handlers.room_observers {
                    if let Err(panic) = catch_call(|| observer(&core.shared, event)) {
                        engineio::log_limited!(
                            error,
                            None,
                            "an observer of rooms panicked",
                            namespace = ?Escaped(core.name()),
                            panic = ?Escaped(panic.message()),
                        );
                    }
                }
            });
        });
    }

    /// Updates the observers that the sockets and broadcasts call.
    fn update_observers(&self, replaced: &mut Replaced) {
        let old = self.shared.local.observers.replace(|| {
            let handlers = self.handlers.load_full();
            let observers = handlers.observers.iter().cloned().collect();
            replaced.0.push(handlers);
            observers
        });
        drop(old);
    }

    /// Updates the listener of outgoing events that the sockets call.
    fn update_outgoing_listener(&self, replaced: &mut Replaced) {
        let local = &self.shared.local;
        local.outgoing.set_namespace_listener(|| {
            let handlers = self.handlers.load_full();
            let is_empty = handlers.outgoing.is_empty();
            // Another caller may replace the table meanwhile.
            replaced.0.push(handlers);
            if is_empty {
                return None;
            }
            let listening = local.outgoing.register();
            // A listener may own a handle to the namespace, which owns the sockets, so the sockets
            // must not own the listeners.
            let core = Arc::downgrade(&self.shared.owner::<Self>()?);
            Some(Arc::new(move |socket_state, event, args| {
                // Counted as long as the listeners exist.
                let _ = &listening;
                let Some(core) = core.upgrade() else { return };
                let handlers = Arc::clone(&core.handlers());
                let socket = Socket::new(Arc::clone(socket_state), Arc::clone(&core.shared));
                for listener in &handlers.outgoing {
                    outgoing_listeners::call(socket_state, || {
                        (listener.handler.listener)(&socket, event, args)
                    });
                }
            }))
        });
    }

    /// Keeps a child without sockets, because the application has requested it by name and may add
    /// handlers. The child must be in the table.
    pub(crate) fn pin(&self) {
        if let Some(child) = &self.child {
            child.pinned.store(true, Ordering::Release);
        }
    }

    /// Ends the wait of clients. `true` admits the clients, and `false` refuses them.
    pub(crate) fn set_ready(&self, ready: bool) {
        // Only the first call has an effect.
        self.ready.set(ready).ok();
    }

    /// Waits until clients may join. Returns `false` if they are refused.
    pub(crate) async fn wait_until_ready(&self) -> bool {
        match self.ready.get() {
            Some(ready) => *ready,
            None => *self.ready.wait().await,
        }
    }

    /// Returns whether the namespace was created from a pattern.
    pub(crate) fn is_child(&self) -> bool {
        self.child.is_some()
    }

    /// Returns whether a child has no sockets, pending joins or handlers that would be lost with
    /// it.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.child
            .as_ref()
            .is_some_and(|child| !self.is_occupied() && !child.pinned.load(Ordering::Acquire))
    }

    /// Returns whether a client is in the namespace or is joining it.
    pub(crate) fn is_occupied(&self) -> bool {
        self.occupants.load(Ordering::SeqCst) > 0
    }

    /// Drops the handlers as soon as the last socket has left, because the server is closed and the
    /// handlers may own it.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        if !self.is_occupied() {
            self.drop_handlers();
        }
    }

    fn drop_handlers(&self) {
        let mut replaced = Replaced::default();
        replaced.0.push(self.handlers.swap(Arc::default()));
        self.changed(&mut replaced);
        drop(replaced);
    }
}

/// A guard that counts a socket as an occupant of its namespace.
pub(crate) struct OccupancyGuard(Arc<NamespaceInner>);

impl OccupancyGuard {
    /// Counts an occupant. A child must be in the table during the call.
    pub(crate) fn new(namespace: &Arc<NamespaceInner>) -> Self {
        namespace.occupants.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(namespace))
    }

    pub(crate) fn namespace(&self) -> &Arc<NamespaceInner> {
        &self.0
    }
}

impl Clone for OccupancyGuard {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Deref for OccupancyGuard {
    type Target = NamespaceInner;

    fn deref(&self) -> &NamespaceInner {
        &self.0
    }
}

impl Drop for OccupancyGuard {
    fn drop(&mut self) {
        if self.0.occupants.fetch_sub(1, Ordering::SeqCst) > 1 {
            return;
        }
        // Both orders are covered: either this sees `closed`, or `close` sees no occupants.
        if self.0.closed.load(Ordering::SeqCst) {
            self.0.drop_handlers();
        }
        if let Some(child) = &self.0.child
            && let Some(registry) = child.registry.upgrade()
        {
            registry.abandoned(&self.0);
        }
    }
}

impl Owner for NamespaceInner {
    fn describe_data(&self, data: &DataMap) -> serde_json::Value {
        self.handlers().shared_data.describe(data)
    }

    fn server_side_event(self: Arc<Self>, event: Args, reply: Option<ServerSideReply>) {
        let handlers = Arc::clone(&self.handlers());
        let listeners = event
            .event_name()
            .and_then(|name| handlers.server_events.get(&*name));
        let Some(listeners) = listeners else {
            tracing::debug!(
                namespace = ?Escaped(self.name()),
                event = ?Escaped(event.event_name().unwrap_or_default()),
                "ignored an event of another server without a handler"
            );
            return;
        };
        let context = ServerEventContext::new(Arc::clone(&self.shared), event, reply);
        ServerEvents::start(&self, listeners, &context);
    }
}

impl HasServerEvents for NamespaceInner {
    fn server_events(&self) -> &ServerEvents {
        &self.server_events
    }

    fn running_tasks(&self) -> &Arc<RunningTasks> {
        &self.running_tasks
    }
}
