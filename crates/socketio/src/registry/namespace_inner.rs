use std::any::Any;
use std::cell::Cell;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use arc_swap::{ArcSwap, Guard};
use socketio_adapter::{AdapterFactory, ServerSideReply};
use socketio_proto::{Args, Namespace as Name};
use tokio::sync::SetOnce;

use crate::context::ServerEventContext;
use crate::membership::local_namespace::{Local, Owner};
use crate::membership::namespace_shared::{Captured, Space};
use crate::membership::recovery::RecoverySettings;
use crate::registry::handlers::Handlers;
use crate::registry::server_events::{HasServerEvents, ServerEvents};
use crate::socket::Socket;
use crate::socket_state::data_map::DataMap;
use crate::socket_state::outgoing_listeners;
use crate::wire::codec::Codec;

/// One namespace: its sockets and its handlers.
pub(crate) struct NamespaceCore {
    pub(crate) space: Arc<Space>,
    handlers: ArcSwap<Handlers>,
    /// How often there have been other handlers.
    changes: AtomicU32,
    /// Set once those who want to know of new namespaces have been told: clients wait for it, so
    /// that a middleware which is added then asks the first client too. `false` if one of them
    /// panicked, for then nobody knows what it would have added.
    announced: SetOnce<bool>,
    /// The sockets that are there or about to join, until their disconnect handlers have run.
    stays: AtomicUsize,
    /// Whether the server is closed: nobody joins any more.
    closed: AtomicBool,
    child: Option<Box<Child>>,
    server_events: ServerEvents,
}

/// What a namespace is made with.
pub(crate) struct Origin<'a> {
    pub(crate) adapter: &'a dyn AdapterFactory,
    pub(crate) codec: &'a Codec,
    pub(crate) max_rooms: Option<usize>,
    pub(crate) recovery: Option<RecoverySettings>,
    pub(crate) server: Weak<dyn Any + Send + Sync>,
}

/// What a namespace has that was made because a client asked for it.
pub(crate) struct Child {
    home: Weak<dyn Home>,
    captured: Captured,
    /// Whether it has handlers of its own, which would be lost with it.
    pinned: AtomicBool,
}

impl Child {
    pub(crate) fn new(home: Weak<dyn Home>, captured: Captured) -> Self {
        Self {
            home,
            captured,
            pinned: AtomicBool::new(false),
        }
    }
}

/// Where a child goes that nobody is in any more.
pub(crate) trait Home: Send + Sync {
    /// The last socket has left the child.
    fn abandoned(&self, child: &NamespaceCore);
}

impl NamespaceCore {
    pub(crate) fn new(name: Name, origin: &Origin<'_>) -> Arc<Self> {
        Self::make(name, origin, None)
    }

    /// A namespace that is to be served by the handlers of a parent.
    pub(crate) fn new_child(name: Name, origin: &Origin<'_>, child: Child) -> Arc<Self> {
        Self::make(name, origin, Some(Box::new(child)))
    }

    fn make(name: Name, origin: &Origin<'_>, child: Option<Box<Child>>) -> Arc<Self> {
        let captured = child.as_ref().and_then(|child| child.captured.clone());
        Arc::new_cyclic(|owner: &Weak<Self>| Self {
            space: Arc::new(Space::new(
                Local::new(name, origin.codec.clone(), origin.max_rooms, owner.clone()),
                origin.adapter,
                owner.clone(),
                origin.server.clone(),
                captured,
                origin.recovery,
            )),
            handlers: ArcSwap::default(),
            changes: AtomicU32::new(0),
            announced: SetOnce::new(),
            stays: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            child,
            server_events: ServerEvents::default(),
        })
    }

    pub(crate) fn name(&self) -> &Name {
        self.space.name()
    }

    /// The handlers for an event: cheap, without a lock.
    pub(crate) fn handlers(&self) -> Guard<Arc<Handlers>> {
        self.handlers.load()
    }

    /// How often there have been other handlers. Ask before [`handlers`](Self::handlers): while the number
    /// stays the same, those are still the ones.
    pub(crate) fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// Changes the handlers of this namespace, on behalf of the application.
    pub(crate) fn register(&self, change: impl Fn(&mut Handlers)) {
        // What is added to every new namespace is added again when this one is made again.
        if let Some(child) = &self.child
            && self.announced.initialized()
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
    pub(crate) fn take_out(&self, take_out: impl Fn(&mut Handlers) -> bool) -> bool {
        let was_there = Cell::new(false);
        self.change(|handlers| was_there.set(take_out(handlers)));
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
        self.changes.fetch_add(1, Ordering::Release);
        self.hear_outgoing();
    }

    /// Lets the sockets know who of the namespace listens to what is sent to them.
    fn hear_outgoing(&self) {
        let local = &self.space.local;
        local.outgoing.set_of_all(|| {
            if self.handlers.load().outgoing.is_empty() {
                return None;
            }
            let listening = local.outgoing.count_one();
            // A listener may hold a handle to the namespace, which holds the sockets: so they must
            // not hold the listeners.
            let core = Arc::downgrade(&self.space.owner::<Self>()?);
            Some(Arc::new(move |recipient, event, args| {
                // Counted for as long as the listeners are there.
                let _ = &listening;
                let Some(core) = core.upgrade() else { return };
                let handlers = Arc::clone(&core.handlers());
                let socket = Socket::new(Arc::clone(recipient), Arc::clone(&core.space));
                for listener in &handlers.outgoing {
                    outgoing_listeners::call(recipient, || {
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
    pub(crate) fn announced(&self, well: bool) {
        // It happens once; a second time changes nothing.
        self.announced.set(well).ok();
    }

    /// Waits until clients may join. Returns whether they may.
    pub(crate) async fn is_announced(&self) -> bool {
        match self.announced.get() {
            Some(well) => *well,
            None => *self.announced.wait().await,
        }
    }

    /// Whether nobody is in a child, nobody is about to join it, and nothing would be lost with it.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.child
            .as_ref()
            .is_some_and(|child| !self.is_inhabited() && !child.pinned.load(Ordering::Acquire))
    }

    fn is_inhabited(&self) -> bool {
        self.stays.load(Ordering::SeqCst) > 0
    }

    /// Drops the handlers as soon as the last socket is over, for the server is closed, and they may
    /// hold it.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        if !self.is_inhabited() {
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
pub(crate) struct Stay(Arc<NamespaceCore>);

impl Stay {
    /// Counts a socket in. A child must be in its table, and stay there meanwhile.
    pub(crate) fn new(namespace: &Arc<NamespaceCore>) -> Self {
        namespace.stays.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(namespace))
    }

    pub(crate) fn namespace(&self) -> &Arc<NamespaceCore> {
        &self.0
    }
}

impl Clone for Stay {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Deref for Stay {
    type Target = NamespaceCore;

    fn deref(&self) -> &NamespaceCore {
        &self.0
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if self.0.stays.fetch_sub(1, Ordering::SeqCst) > 1 {
            return;
        }
        // Either this sees that the server is closed, or who closes it sees that nobody is here.
        if self.0.closed.load(Ordering::SeqCst) {
            self.0.drop_handlers();
        }
        if let Some(child) = &self.0.child
            && let Some(home) = child.home.upgrade()
        {
            home.abandoned(&self.0);
        }
    }
}

impl Owner for NamespaceCore {
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
        let context = ServerEventContext::new(Arc::clone(&self.space), event, reply);
        ServerEvents::start(&self, listeners, &context);
    }
}

impl HasServerEvents for NamespaceCore {
    fn server_events(&self) -> &ServerEvents {
        &self.server_events
    }
}
