//! The namespaces of one pattern.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockWriteGuard};
use socketio_proto::Namespace as Name;

use crate::registry::namespace_inner::NamespaceInner;

/// The namespaces that were created from one pattern.
#[derive(Default)]
pub(crate) struct Children(RwLock<HashMap<Name, Arc<NamespaceInner>>>);

impl Children {
    /// Locks the table, to change it together with other state.
    pub(super) fn write(&self) -> RwLockWriteGuard<'_, HashMap<Name, Arc<NamespaceInner>>> {
        self.0.write()
    }

    pub(crate) fn all(&self) -> Vec<Arc<NamespaceInner>> {
        self.0.read().values().cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.read().len()
    }

    /// Removes a child.
    pub(crate) fn remove(&self, child: &NamespaceInner) {
        let removed = self.0.write().remove(child.name());
        drop(removed);
    }
}
