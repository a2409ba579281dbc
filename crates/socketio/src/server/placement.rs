//! The check of the layer's place in a router.

use std::sync::atomic::{AtomicBool, Ordering};

use http::Extensions;

/// Whether the place of the layer was checked, by the first request that it passes on or serves.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    checked: AtomicBool,
}

impl Placement {
    /// Notes that clients reach the server, whatever its place.
    pub(crate) fn reached(&self) {
        // A store for each request would contend for the cache line.
        if !self.checked.load(Ordering::Relaxed) {
            self.checked.store(true, Ordering::Relaxed);
        }
    }

    /// Checks the place by a request that the layer passes on. Logs a warning if the layer is on a
    /// nested router, which clients reach only through a fallback of that router.
    pub(crate) fn passed_on(&self, extensions: &Extensions, path: &str) {
        if self.checked.load(Ordering::Relaxed) {
            return;
        }
        let is_first = !self.checked.swap(true, Ordering::Relaxed);
        if let Some(prefix) = nested_below(extensions).filter(|_| is_first) {
            tracing::warn!(
                "`SocketIoLayer` is on a router that is nested at `{prefix}`. Unless that router has a \
                 fallback, no client can connect, and with one, clients need the path \
                 `{prefix}{path}`. Add the layer to the outermost router, or use `into_service`"
            );
        }
    }
}

/// Returns the prefix of the router that the service is in, if it is nested.
#[cfg(feature = "axum")]
fn nested_below(extensions: &Extensions) -> Option<&str> {
    let prefix: &axum::extract::NestedPath = extensions.get()?;
    Some(prefix.as_str().trim_end_matches('/'))
}

/// Returns `None`: the prefix of a nested router is a type of axum.
#[cfg(not(feature = "axum"))]
fn nested_below(_: &Extensions) -> Option<&str> {
    None
}
