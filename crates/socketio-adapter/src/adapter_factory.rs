//! Makes the adapter of each namespace.

use std::sync::Arc;

use crate::adapter::Adapter;
use crate::local::LocalSockets;

/// Makes the adapter of each namespace, when the namespace is made.
///
/// Closures of the same form are factories.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use socketio_adapter::{Adapter, AdapterFactory, InMemoryAdapter, LocalSockets};
///
/// fn configure(adapter: impl AdapterFactory) {
///     // ...
/// #   let _ = adapter;
/// }
///
/// configure(|_namespace: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
///     Arc::new(InMemoryAdapter::new(local))
/// });
/// ```
pub trait AdapterFactory: Send + Sync + 'static {
    /// Makes the adapter of a namespace, which reaches its sockets on this server through `local`.
    ///
    /// The adapter may keep `local`: it does not keep the namespace alive, and does nothing once the
    /// namespace is gone.
    fn create(&self, namespace: &str, local: Arc<dyn LocalSockets>) -> Arc<dyn Adapter>;
}

impl<F> AdapterFactory for F
where
    F: Fn(&str, Arc<dyn LocalSockets>) -> Arc<dyn Adapter> + Send + Sync + 'static,
{
    fn create(&self, namespace: &str, local: Arc<dyn LocalSockets>) -> Arc<dyn Adapter> {
        self(namespace, local)
    }
}
