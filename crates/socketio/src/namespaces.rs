use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use futures_util::FutureExt as _;
use parking_lot::RwLock;
use socketio_adapter::AdapterFactory;
use socketio_proto::Namespace as Name;
use tokio::runtime::Handle;

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
        // Made without the lock, for the adapter is not ours; of two that are made, one is dropped.
        let server = self.server.clone();
        let made = NamespaceCore::new(name.clone(), self.max_rooms, &*self.adapter, server);
        let mut by_name = self.by_name.write();
        if let Some(found) = by_name.get(name) {
            return Arc::clone(found);
        }
        by_name.insert(name.clone(), Arc::clone(&made));
        drop(by_name);
        start(&made);
        made
    }

    pub(crate) fn all(&self) -> Vec<Arc<NamespaceCore>> {
        self.by_name.read().values().cloned().collect()
    }
}

/// Lets the adapter of a new namespace get ready, behind the back of whoever makes the namespace.
fn start(namespace: &Arc<NamespaceCore>) {
    let namespace = Arc::clone(namespace);
    let init = async move {
        if let Err(error) = namespace.space.adapter.init().await {
            tracing::error!(
                namespace = %namespace.name(),
                %error,
                "the adapter did not start: this server reaches its own clients only"
            );
        }
    };
    // An adapter that connects to something needs the runtime; the one in memory is ready at once.
    let mut init = Box::pin(init);
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(init);
    } else if (&mut init).now_or_never().is_none() {
        tracing::error!("the adapter did not start: make namespaces inside the tokio runtime");
    }
}
