//! The interface between emitters and the bus of a cluster.

use std::fmt;

use futures_core::future::BoxFuture;
use socketio_cluster::{Format, Namespace, Outgoing};

use crate::error::EmitterError;

/// A bus, and the format of the messages of the servers on it.
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// Returns the format of a namespace.
    fn format(&self, namespace: &Namespace) -> Box<dyn Format>;

    /// Publishes a message. Resolves when the bus has accepted it.
    fn publish(&self, message: Outgoing) -> BoxFuture<'static, Result<(), EmitterError>>;
}
