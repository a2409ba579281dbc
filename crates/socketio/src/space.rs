use std::any::Any;
use std::sync::{Arc, Weak};

use smol_str::SmolStr;
use socketio_adapter::{Adapter, AdapterFactory};
use socketio_proto::Namespace;

use crate::local::Local;

/// One namespace, as its sockets see it: who else is there, and the way to them.
pub(crate) struct Space {
    pub(crate) local: Arc<Local>,
    pub(crate) adapter: Arc<dyn Adapter>,
    /// The namespace with its handlers, whose type cannot be known here: handlers take sockets,
    /// and sockets know their space.
    owner: Weak<dyn Any + Send + Sync>,
    /// The server, likewise.
    server: Weak<dyn Any + Send + Sync>,
    /// What the pattern of its parent has found in the name of the namespace.
    pub(crate) captured: Captured,
}

/// Names and values of the groups of a pattern.
pub(crate) type Captured = Option<Arc<[(SmolStr, SmolStr)]>>;

impl Space {
    pub(crate) fn new(
        name: Namespace,
        max_rooms: Option<usize>,
        adapter: &dyn AdapterFactory,
        owner: Weak<dyn Any + Send + Sync>,
        server: Weak<dyn Any + Send + Sync>,
        captured: Captured,
    ) -> Self {
        let local = Arc::new(Local::new(name, max_rooms));
        let adapter = adapter.create(&local.name, Arc::clone(&local) as _);
        Self {
            local,
            adapter,
            owner,
            server,
            captured,
        }
    }

    pub(crate) fn name(&self) -> &Namespace {
        &self.local.name
    }

    pub(crate) fn owner<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.owner.upgrade()?.downcast().ok()
    }

    pub(crate) fn server(&self) -> Weak<dyn Any + Send + Sync> {
        self.server.clone()
    }
}
