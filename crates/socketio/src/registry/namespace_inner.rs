use std::cell::Cell;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use arc_swap::{ArcSwap, Guard};
use socketio_adapter::{AdapterFactory, ServerSideReply};
use socketio_proto::{Args, Namespace as Name};
use tokio::sync::SetOnce;

use crate::context::ServerEventContext;
use crate::membership::local_namespace::{LocalNamespace, Owner};
use crate::membership::namespace_shared::{Captured, NamespaceShared};
use crate::membership::recovery::RecoverySettings;
use crate::registry::handlers::Handlers;
use crate::registry::server_events::{HasServerEvents, ServerEvents};
use crate::socket::Socket;
use crate::socket_state::data_map::DataMap;
use crate::socket_state::outgoing_listeners;
use crate::wire::backlink::{Backlink, ServerLink};
use crate::wire::codec::Codec;

/// One namespace: its sockets and its handlers.
pub(crate) struct NamespaceInner {
    pub(crate) shared: Arc<NamespaceShared>,
    handlers: ArcSwap<Handlers>,
    /// How often there have been other handlers.
    generation: AtomicU32,
    /// Set once those who want to know of new namespaces have been told: clients wait for it, so
    /// that a middleware which is added then asks the first client too. `false` if one of them
    /// panicked, for then nobody knows what it would have added.
    ready: SetOnce<bool>,
    /// The sockets that are there or about to join, until their disconnect handlers have run.
    occupants: AtomicUsize,
    /// Whether the server is closed: nobody joins any more.
    closed: AtomicBool,
    child: Option<Box<Child>>,
    server_events: ServerEvents,
}

/// What a namespace is made with.
pub(crate) struct NamespaceConfig<'a> {
    pub(crate) adapter: &'a dyn AdapterFactory,
    pub(crate) codec: &'a Codec,
    pub(crate) max_rooms: Option<usize>,
    pub(crate) recovery: Option<RecoverySettings>,
    pub(crate) server: ServerLink,
}

/// What a namespace has that was made because a client asked for it.
pub(crate) struct Child {
    registry: Weak<dyn ChildRegistry>,
    captured: Captured,
    /// Whether it has handlers of its own, which would be lost with it.
    pinned: AtomicBool,
}

impl Child {
    pub(crate) fn new(registry: Weak<dyn ChildRegistry>, captured: Captured) -> Self {
        Self {
            registry,
            captured,
            pinned: AtomicBool::new(false),
        }
    }
}

/// Where a child goes that nobody is in any more.
pub(crate) trait ChildRegistry: Send + Sync {
    /// The last socket has left the child.
    fn abandoned(&self, child: &NamespaceInner);
}

impl NamespaceInner {
    pub(crate) fn new(name: Name, config: &NamespaceConfig<'_>) -> Arc<Self> {
        Self::make(name, config, None)
    }

    /// A namespace that is to be served by the handlers of a parent.
    pub(crate) fn new_child(name: Name, config: &NamespaceConfig<'_>, child: Child) -> Arc<Self> {
        Self::make(name, config, Some(Box::new(child)))
    }

    fn make(name: Name, config: &NamespaceConfig<'_>, child: Option<Box<Child>>) -> Arc<Self> {
        let captured = child.as_ref().and_then(|child| child.captured.clone());
        Arc::new_cyclic(|owner: &Weak<Self>| Self {
            shared: Arc::new(NamespaceShared::new(
                LocalNamespace::new(name, config.codec.clone(), config.max_rooms, owner.clone()),
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
        })
    }

    pub(crate) fn name(&self) -> &Name {
        self.shared.name()
    }

    /// The handlers for an event: cheap, without a lock.
    pub(crate) fn handlers(&self) -> Guard<Arc<Handlers>> {
        self.handlers.load()
    }

    /// How often there have been other handlers. Ask before [`handlers`](Self::handlers): while the number
    /// stays the same, those are still the ones.
    pub(crate) fn generation(&self) -> u32 {
        self.generation.load(Ordering::Acquire)
    }

    /// Changes the handlers of this namespace, on behalf of the application.
    pub(crate) fn register(&self, change: impl Fn(&mut Handlers)) {
        // What is added to every new namespace is added again when this one is made again.
        if let Some(child) = &self.child
            && self.ready.initialized()
        {
            child.pinned.store(true, Ordering::Release);
        }
        self.change(change);
    }

    /// Takes over the handlers of the parent, before there are any of its own.
    pub(crate) fn adopt(&self, handlers: Arc<Handlers>) {
        self.handlers.store(handlers);
        self.changed();
    }

    /// Changes the handlers because those of the parent have changed. A child without handlers of
    /// its own goes on sharing the table of its parent.
    pub(crate) fn inherit(
        &self,
        old: &Arc<Handlers>,
        new: &Arc<Handlers>,
        change: impl Fn(&mut Handlers),
    ) {
        let found = self.handlers.compare_and_swap(old, Arc::clone(new));
        if Arc::ptr_eq(&found, old) {
            self.changed();
        } else {
            self.change(change);
        }
    }

    /// Takes handlers out, and tells whether there was one. Nothing would be lost with a namespace
    /// because of that.
    pub(crate) fn remove_handlers(&self, remove_handlers: impl Fn(&mut Handlers) -> bool) -> bool {
        let was_there = Cell::new(false);
        self.change(|handlers| was_there.set(remove_handlers(handlers)));
        was_there.get()
    }

    fn change(&self, change: impl Fn(&mut Handlers)) {
        self.handlers.rcu(|handlers| {
            let mut handlers = Handlers::clone(handlers);
            change(&mut handlers);
            handlers
        });
        self.changed();
    }

    /// There are other handlers.
    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Release);
        self.update_outgoing_listener();
    }

    /// Lets the sockets know who of the namespace listens to what is sent to them.
    fn update_outgoing_listener(&self) {
        let local = &self.shared.local;
        local.outgoing.set_namespace_listener(|| {
            if self.handlers.load().outgoing.is_empty() {
                return None;
            }
            let listening = local.outgoing.register();
            // A listener may hold a handle to the namespace, which holds the sockets: so they must
            // not hold the listeners.
            let core = Arc::downgrade(&self.shared.owner::<Self>()?);
            Some(Arc::new(move |socket_state, event, args| {
                // Counted for as long as the listeners are there.
                let _ = &listening;
                let Some(core) = core.upgrade() else { return };
                let handlers = Arc::clone(&core.handlers());
                let socket = Socket::new(Arc::clone(socket_state), Arc::clone(&core.shared));
                for listener in &handlers.outgoing {
                    outgoing_listeners::call(socket_state, || {
                        (listener.handler.0)(&socket, event, args)
                    });
                }
            }))
        });
    }

    /// Keeps a child although nobody is in it: the application has asked for it by its name, and may
    /// be about to add handlers to it. It must be in its table meanwhile.
    pub(crate) fn pin(&self) {
        if let Some(child) = &self.child {
            child.pinned.store(true, Ordering::Release);
        }
    }

    /// Lets clients in, or not.
    pub(crate) fn set_ready(&self, ready: bool) {
        // It happens once; a second time changes nothing.
        self.ready.set(ready).ok();
    }

    /// Waits until clients may join. Returns whether they may.
    pub(crate) async fn wait_until_ready(&self) -> bool {
        match self.ready.get() {
            Some(ready) => *ready,
            None => *self.ready.wait().await,
        }
    }

    /// Whether nobody is in a child, nobody is about to join it, and nothing would be lost with it.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.child
            .as_ref()
            .is_some_and(|child| !self.is_occupied() && !child.pinned.load(Ordering::Acquire))
    }

    fn is_occupied(&self) -> bool {
        self.occupants.load(Ordering::SeqCst) > 0
    }

    /// Drops the handlers as soon as the last socket is over, for the server is closed, and they may
    /// hold it.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        if !self.is_occupied() {
            self.drop_handlers();
        }
    }

    fn drop_handlers(&self) {
        let dropped = self.handlers.swap(Arc::default());
        self.changed();
        drop(dropped);
    }
}

/// A socket's place in a namespace, from before it joins until it is over.
pub(crate) struct OccupancyGuard(Arc<NamespaceInner>);

impl OccupancyGuard {
    /// Counts a socket in. A child must be in its table, and stay there meanwhile.
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
        // Either this sees that the server is closed, or who closes it sees that nobody is here.
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
            let (namespace, event) = (self.name(), event.event_name());
            tracing::debug!(%namespace, ?event, "an event of another server that nothing handles");
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
}
