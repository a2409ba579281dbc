//! Who hears what is sent to the sockets of a namespace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use socketio_proto::Args;

use crate::socket_state::SocketState;
use crate::socket_state::listeners::Role;

/// Who hears what is sent to the sockets of a namespace on this server.
#[derive(Default)]
pub(crate) struct OutgoingListeners {
    /// How many listeners there are, of the namespace and of its sockets.
    count: Arc<AtomicUsize>,
    namespace_listener: RwLock<Option<Arc<NamespaceListener>>>,
}

/// The listeners of the namespace itself.
type NamespaceListener = dyn Fn(&Arc<SocketState>, &str, &Args) + Send + Sync;

/// A listener of one socket. While it is there, its namespace is listened to.
#[derive(Clone)]
pub(crate) struct OutgoingListener(Arc<Counted<SocketListener>>);

/// What a listener of one socket is called with: the name of the event, and its arguments.
type SocketListener = dyn Fn(&str, &Args) + Send + Sync;

struct Counted<F: ?Sized> {
    _listening: ListenerGuard,
    listener: F,
}

/// One that is counted, until it is dropped.
pub(crate) struct ListenerGuard(Arc<AtomicUsize>);

impl OutgoingListeners {
    /// Whether anybody listens. All that a packet costs where nobody does.
    pub(crate) fn has_listeners(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// A listener of one socket, which counts from now on.
    pub(crate) fn listener<F>(&self, listener: F) -> OutgoingListener
    where
        F: Fn(&str, &Args) + Send + Sync + 'static,
    {
        OutgoingListener(Arc::new(Counted {
            _listening: self.register(),
            listener,
        }))
    }

    /// Counts a listener of the namespace.
    pub(crate) fn register(&self) -> ListenerGuard {
        self.count.fetch_add(1, Ordering::Relaxed);
        ListenerGuard(Arc::clone(&self.count))
    }

    /// Sets what calls the listeners of the namespace. `make` is asked under a lock, so that of
    /// two who set it the later one has the last word.
    pub(crate) fn set_namespace_listener(
        &self,
        make: impl FnOnce() -> Option<Arc<NamespaceListener>>,
    ) {
        let mut namespace_listener = self.namespace_listener.write();
        let old = std::mem::replace(&mut *namespace_listener, make());
        drop(namespace_listener);
        drop(old);
    }

    /// Tells all that listen what is about to be sent to a socket.
    ///
    /// Nobody is called under a lock, and a listener that panics does not keep the packet from
    /// being sent.
    pub(crate) fn tell(&self, recipient: &Arc<SocketState>, args: &Args) {
        let event = args.event_name().unwrap_or_default();
        let namespace_listener = self.namespace_listener.read().clone();
        let own = recipient
            .listeners
            .choose::<OutgoingListener>(|role| *role == Role::Outgoing);
        if let Some(namespace_listener) = namespace_listener {
            namespace_listener(recipient, &event, args);
        }
        for OutgoingListener(counted) in own {
            call(recipient, || (counted.listener)(&event, args));
        }
    }
}

/// Calls a listener, and survives it.
pub(crate) fn call(recipient: &SocketState, listener: impl FnOnce()) {
    // What the listener shares with others may be left half-done; nothing of ours is.
    if catch_unwind(AssertUnwindSafe(listener)).is_err() {
        tracing::error!(
            socket = %recipient.id,
            "a listener of outgoing events panicked; set RUST_BACKTRACE=1 to see where"
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
    fn a_namespace_is_heard_while_there_is_a_listener() {
        let outgoing = OutgoingListeners::default();
        assert!(!outgoing.has_listeners());
        let listener = outgoing.listener(|_, _| ());
        let called = listener.clone();
        drop(listener);
        assert!(outgoing.has_listeners());
        let namespace_listener = outgoing.register();
        drop(called);
        assert!(outgoing.has_listeners());
        drop(namespace_listener);
        assert!(!outgoing.has_listeners());
    }
}
