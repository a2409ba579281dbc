//! Functions that configure every namespace and pattern of a server.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::RwLock;

use super::namespace_inner::NamespaceInner;
use super::parent::Parent;

/// The functions that configure every namespace and pattern, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Configurators(RwLock<Vec<Configurator>>);

pub(crate) type Configurator = Arc<dyn Fn(Configurable<'_>) + Send + Sync>;

/// A table of handlers that can be configured. The namespaces of a pattern inherit its handlers.
#[derive(Clone, Copy)]
pub(crate) enum Configurable<'a> {
    Namespace(&'a Arc<NamespaceInner>),
    Pattern(&'a Arc<Parent>),
}

impl Configurators {
    pub(crate) fn add(&self, configurator: Configurator) {
        self.0.write().push(configurator);
    }

    /// Calls the functions that have not been called for a namespace or pattern.
    ///
    /// Each is called once, although it may be added while the namespace is created. No lock is held
    /// during a call.
    pub(crate) fn apply(&self, to: Configurable<'_>) {
        let next = match to {
            Configurable::Namespace(namespace) => &namespace.configured,
            Configurable::Pattern(parent) => &parent.configured,
        };
        loop {
            let index = next.load(Ordering::Acquire);
            let configurator = self.0.read().get(index).cloned();
            let Some(configurator) = configurator else {
                return;
            };
            let claimed =
                next.compare_exchange(index, index + 1, Ordering::AcqRel, Ordering::Acquire);
            if claimed.is_ok() {
                configurator(to);
            }
        }
    }

    /// Removes all functions. Drop them without a lock.
    pub(crate) fn clear(&self) -> Vec<Configurator> {
        std::mem::take(&mut *self.0.write())
    }
}
