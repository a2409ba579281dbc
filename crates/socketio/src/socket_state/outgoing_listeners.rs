//! The listeners of the packets that are sent to the sockets of a namespace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engineio::log::{Escaped, panic_message};
use parking_lot::RwLock;
use socketio_proto::Args;

use crate::socket_state::SocketState;
use crate::socket_state::listeners::Role;

/// The listeners of the packets that are sent to the sockets of a namespace on this server.
#[derive(Default)]
pub(crate) struct OutgoingListeners {
    /// The number of listeners of the namespace and of its sockets.
    count: Arc<AtomicUsize>,
    namespace_listener: RwLock<Option<Arc<NamespaceListener>>>,
}

/// A function that calls the listeners of the namespace itself.
type NamespaceListener = dyn Fn(&Arc<SocketState>, &str, &Args) + Send + Sync;

/// A listener of one socket. It is counted in its namespace until it is dropped.
#[derive(Clone)]
pub(crate) struct OutgoingListener(Arc<Counted<SocketListener>>);

/// A function that is called with the name of the event and its arguments.
type SocketListener = dyn Fn(&str, &Args) + Send + Sync;

struct Counted<F: ?Sized> {
    _guard: ListenerGuard,
    listener: F,
}

/// A counted listener. Dropping the guard removes it from the count.
pub(crate) struct ListenerGuard(Arc<AtomicUsize>);

impl OutgoingListeners {
    /// Returns whether there is a listener. Without listeners, this is the only cost per packet.
    pub(crate) fn has_listeners(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Creates a listener of one socket and counts it.
    pub(crate) fn listener<F>(&self, listener: F) -> OutgoingListener
    where
        F: Fn(&str, &Args) + Send + Sync + 'static,
    {
        OutgoingListener(Arc::new(Counted {
            _guard: self.register(),
            listener,
        }))
    }

    /// Counts a listener of the namespace.
    pub(crate) fn register(&self) -> ListenerGuard {
        self.count.fetch_add(1, Ordering::Relaxed);
        ListenerGuard(Arc::clone(&self.count))
    }

    /// Sets the function that calls the listeners of the namespace. `make` runs under a lock, so of
    /// two concurrent calls the later one wins.
    pub(crate) fn set_namespace_listener(
        &self,
        make: impl FnOnce() -> Option<Arc<NamespaceListener>>,
    ) {
        let mut namespace_listener = self.namespace_listener.write();
        let old = std::mem::replace(&mut *namespace_listener, make());
        drop(namespace_listener);
        drop(old);
    }

    /// Calls all listeners with the packet that is about to be sent to a socket.
    ///
    /// No lock is held during the calls. If a listener panics, the packet is sent nevertheless.
    pub(crate) fn notify(&self, recipient: &Arc<SocketState>, args: &Args) {
        let event = args.event_name().unwrap_or_default();
        let namespace_listener = self.namespace_listener.read().clone();
        let socket_listeners = recipient
            .listeners
            .select::<OutgoingListener>(&|role| *role == Role::Outgoing);
        if let Some(namespace_listener) = namespace_listener {
            namespace_listener(recipient, &event, args);
        }
        for OutgoingListener(counted) in socket_listeners {
            call(recipient, || (counted.listener)(&event, args));
        }
    }
}

/// Calls a listener and logs a panic in it.
pub(crate) fn call(recipient: &SocketState, listener: impl FnOnce()) {
    // A panic can only leave the listener's state inconsistent; it has no access to the socket's
    // state.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(listener)) {
        engineio::log_limited!(
            error,
            recipient.log_client(),
            "a listener of outgoing events panicked; set RUST_BACKTRACE=1 to see where",
            socket = %recipient.logged_id(),
            panic = ?Escaped(panic_message(&*payload)),
        );
    }
}

impl Drop for ListenerGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_counted_until_their_last_clone_is_dropped() {
        let outgoing = OutgoingListeners::default();
        assert!(!outgoing.has_listeners());
        let listener = outgoing.listener(|_, _| ());
        let clone = listener.clone();
        drop(listener);
        assert!(outgoing.has_listeners());
        let namespace_listener = outgoing.register();
        drop(clone);
        assert!(outgoing.has_listeners());
        drop(namespace_listener);
        assert!(!outgoing.has_listeners());
    }
}
