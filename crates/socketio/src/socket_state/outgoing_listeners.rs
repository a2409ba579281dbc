//! Who hears what is sent to the sockets of a namespace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use socketio_proto::Args;

use crate::socket_state::Recipient;
use crate::socket_state::listeners::Role;

/// Who hears what is sent to the sockets of a namespace on this server.
#[derive(Default)]
pub(crate) struct Outgoing {
    /// How many listeners there are, of the namespace and of its sockets.
    count: Arc<AtomicUsize>,
    of_all: RwLock<Option<Arc<OfAll>>>,
}

/// The listeners of the namespace itself.
type OfAll = dyn Fn(&Arc<Recipient>, &str, &Args) + Send + Sync;

/// A listener of one socket. While it is there, its namespace is listened to.
#[derive(Clone)]
pub(crate) struct OutgoingListener(Arc<Counted<OfOne>>);

/// What a listener of one socket is called with: the name of the event, and its arguments.
type OfOne = dyn Fn(&str, &Args) + Send + Sync;

struct Counted<F: ?Sized> {
    _listening: Listening,
    listener: F,
}

/// One that is counted, until it is dropped.
pub(crate) struct Listening(Arc<AtomicUsize>);

impl Outgoing {
    /// Whether anybody listens. All that a packet costs where nobody does.
    pub(crate) fn is_heard(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// A listener of one socket, which counts from now on.
    pub(crate) fn listener<F>(&self, listener: F) -> OutgoingListener
    where
        F: Fn(&str, &Args) + Send + Sync + 'static,
    {
        OutgoingListener(Arc::new(Counted {
            _listening: self.count_one(),
            listener,
        }))
    }

    /// Counts a listener of the namespace.
    pub(crate) fn count_one(&self) -> Listening {
        self.count.fetch_add(1, Ordering::Relaxed);
        Listening(Arc::clone(&self.count))
    }

    /// Sets what calls the listeners of the namespace. `make` is asked under a lock, so that of
    /// two who set it the later one has the last word.
    pub(crate) fn set_of_all(&self, make: impl FnOnce() -> Option<Arc<OfAll>>) {
        let mut of_all = self.of_all.write();
        let old = std::mem::replace(&mut *of_all, make());
        drop(of_all);
        drop(old);
    }

    /// Tells all that listen what is about to be sent to a socket.
    ///
    /// Nobody is called under a lock, and a listener that panics does not keep the packet from
    /// being sent.
    pub(crate) fn tell(&self, recipient: &Arc<Recipient>, args: &Args) {
        let event = args.event_name().unwrap_or_default();
        let of_all = self.of_all.read().clone();
        let own = recipient
            .listeners
            .choose::<OutgoingListener>(|role| *role == Role::Outgoing);
        if let Some(of_all) = of_all {
            of_all(recipient, &event, args);
        }
        for OutgoingListener(counted) in own {
            call(recipient, || (counted.listener)(&event, args));
        }
    }
}

/// Calls a listener, and survives it.
pub(crate) fn call(recipient: &Recipient, listener: impl FnOnce()) {
    // What the listener shares with others may be left half-done; nothing of ours is.
    if catch_unwind(AssertUnwindSafe(listener)).is_err() {
        tracing::error!(
            socket = %recipient.id,
            "a listener of outgoing events panicked; set RUST_BACKTRACE=1 to see where"
        );
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_heard_while_there_is_a_listener() {
        let outgoing = Outgoing::default();
        assert!(!outgoing.is_heard());
        let listener = outgoing.listener(|_, _| ());
        let called = listener.clone();
        drop(listener);
        assert!(outgoing.is_heard());
        let of_all = outgoing.count_one();
        drop(called);
        assert!(outgoing.is_heard());
        drop(of_all);
        assert!(!outgoing.is_heard());
    }
}
