use std::any::Any;
use std::sync::{Arc, Weak};

use arc_swap::{ArcSwap, Guard};
use socketio_adapter::AdapterFactory;
use socketio_proto::Namespace as Name;

use crate::handlers::Handlers;
use crate::space::Space;

/// One namespace: its sockets and its handlers.
pub(crate) struct NamespaceCore {
    pub(crate) space: Arc<Space>,
    handlers: ArcSwap<Handlers>,
}

impl NamespaceCore {
    pub(crate) fn new(
        name: Name,
        max_rooms: Option<usize>,
        adapter: &dyn AdapterFactory,
        server: Weak<dyn Any + Send + Sync>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|owner: &Weak<Self>| Self {
            space: Arc::new(Space::new(name, max_rooms, adapter, owner.clone(), server)),
            handlers: ArcSwap::default(),
        })
    }

    pub(crate) fn name(&self) -> &Name {
        self.space.name()
    }

    /// The handlers for an event: cheap, without a lock.
    pub(crate) fn handlers(&self) -> Guard<Arc<Handlers>> {
        self.handlers.load()
    }

    pub(crate) fn register(&self, change: impl Fn(&mut Handlers)) {
        self.handlers.rcu(|handlers| {
            let mut handlers = Handlers::clone(handlers);
            change(&mut handlers);
            handlers
        });
    }
}
