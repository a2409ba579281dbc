use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::RwLock;
use socketio_adapter::AdapterFactory;
use socketio_proto::Namespace as Name;

use crate::namespace_core::NamespaceCore;

/// The namespaces of a server.
pub(crate) struct Namespaces {
    adapter: Box<dyn AdapterFactory>,
    max_rooms: Option<usize>,
    server: Weak<dyn Any + Send + Sync>,
    by_name: RwLock<HashMap<Name, Arc<NamespaceCore>>>,
}

impl Namespaces {
    /// Begins with the main namespace, which every server has.
    pub(crate) fn new(
        adapter: Box<dyn AdapterFactory>,
        max_rooms: Option<usize>,
        server: Weak<dyn Any + Send + Sync>,
    ) -> Self {
        let namespaces = Self {
            adapter,
            max_rooms,
            server,
            by_name: RwLock::default(),
        };
        namespaces.find_or_create(&Name::MAIN);
        namespaces
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<NamespaceCore>> {
        self.by_name.read().get(name).cloned()
    }

    pub(crate) fn find_or_create(&self, name: &Name) -> Arc<NamespaceCore> {
        if let Some(found) = self.find(name) {
            return found;
        }
        let mut by_name = self.by_name.write();
        let create = || {
            let server = self.server.clone();
            NamespaceCore::new(name.clone(), self.max_rooms, &*self.adapter, server)
        };
        Arc::clone(by_name.entry(name.clone()).or_insert_with(create))
    }

    pub(crate) fn all(&self) -> Vec<Arc<NamespaceCore>> {
        self.by_name.read().values().cloned().collect()
    }
}
