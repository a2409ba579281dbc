//! The listeners of one socket.

use std::any::Any;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use smol_str::SmolStr;

/// The listeners of one socket. A socket without listeners stores one pointer.
///
/// `None` if the socket was closed before it had a listener.
#[derive(Default)]
pub(crate) struct Listeners(OnceLock<Option<Box<Mutex<List>>>>);

/// The listeners of all roles. Those of one role are in the order in which they are called.
#[derive(Default)]
struct List {
    entries: Vec<ListenerEntry>,
    /// Set once the socket is closed.
    closed: bool,
}

struct ListenerEntry {
    id: ListenerId,
    role: Role,
    /// The handler, whose type is defined above this module. Each role has one type.
    handler: Box<dyn Any + Send + Sync>,
}

/// The event or hook that a listener is registered for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// Every event of the client.
    Any,
    Disconnect,
    Disconnecting,
    Event {
        name: SmolStr,
        /// Whether the listener is removed when it is called.
        once: bool,
    },
    /// Every event of the client, which the listener can change or reject.
    Middleware,
    /// Every event that is sent to the client.
    Outgoing,
}

/// The position of a new listener relative to the existing ones.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Position {
    First,
    Last,
}

impl Listeners {
    /// Returns whether the socket has never had a listener.
    pub(crate) fn is_unused(&self) -> bool {
        self.list().is_none()
    }

    fn list(&self) -> Option<&Mutex<List>> {
        self.0.get()?.as_deref()
    }

    /// Adds a listener unless the socket is closed.
    pub(crate) fn add<H>(&self, role: Role, position: Position, handler: H) -> ListenerId
    where
        H: Clone + Send + Sync + 'static,
    {
        let id = ListenerId::new();
        let entry = ListenerEntry {
            id,
            role,
            handler: Box::new(handler),
        };
        let list = self.0.get_or_init(|| Some(Box::default())).as_deref();
        // A refused listener is dropped outside the lock because its destructor may use the list.
        let refused = match list.map(Mutex::lock) {
            Some(mut list) if !list.closed => {
                let index = position.index(list.entries.len());
                list.entries.insert(index, entry);
                None
            }
            Some(_) | None => Some(entry),
        };
        if refused.is_some() {
            tracing::debug!("a listener was dropped because its socket is closed");
        }
        id
    }

    /// Returns the listeners of the matching roles, and removes the ones that are called only once.
    pub(crate) fn select<H>(&self, matches: &dyn Fn(&Role) -> bool) -> Vec<H>
    where
        H: Clone + 'static,
    {
        let mut selected = Vec::new();
        self.extract(&mut |entry| {
            if !matches(&entry.role) {
                return false;
            }
            let handler = entry.handler.downcast_ref::<H>();
            debug_assert!(handler.is_some(), "each role has one type of handler");
            selected.extend(handler.cloned());
            matches!(entry.role, Role::Event { once: true, .. })
        });
        selected
    }

    /// Removes the matching listeners and returns their number.
    pub(crate) fn remove(&self, matches: &dyn Fn(ListenerId, &Role) -> bool) -> usize {
        self.extract(&mut |entry| matches(entry.id, &entry.role))
    }

    /// Removes the listeners for which `visit` returns `true`, and returns their number.
    fn extract(&self, visit: &mut dyn FnMut(&ListenerEntry) -> bool) -> usize {
        let Some(list) = self.list() else {
            return 0;
        };
        // Dropped outside the lock because a destructor may use the list.
        let removed: Vec<ListenerEntry> = list
            .lock()
            .entries
            .extract_if(.., |entry| visit(entry))
            .collect();
        removed.len()
    }

    /// Calls `visit` for each listener, in the order in which they are called.
    pub(crate) fn for_each(&self, visit: &mut dyn FnMut(ListenerId, &Role)) {
        if let Some(list) = self.list() {
            for entry in &list.lock().entries {
                visit(entry.id, &entry.role);
            }
        }
    }

    /// Removes all listeners and rejects later ones. A listener may hold the socket, which would
    /// otherwise never be freed.
    pub(crate) fn close(&self) {
        if let Some(list) = self.0.get_or_init(|| None) {
            let closed = List {
                entries: Vec::new(),
                closed: true,
            };
            let list = std::mem::replace(&mut *list.lock(), closed);
            drop(list);
        }
    }
}

impl Position {
    /// Returns the index of the position in a list of `len` entries.
    pub(crate) fn index(self, len: usize) -> usize {
        match self {
            Self::First => 0,
            Self::Last => len,
        }
    }
}

impl Role {
    /// Returns the name of the event in Node's server, or `None` for hooks.
    pub(crate) fn event(&self) -> Option<&str> {
        match self {
            Self::Disconnect => Some("disconnect"),
            Self::Disconnecting => Some("disconnecting"),
            Self::Event { name, .. } => Some(name),
            Self::Any | Self::Middleware | Self::Outgoing => None,
        }
    }
}

/// The id of a registered listener, with which it can be removed, for example by
/// [`Socket::off`](crate::Socket::off).
///
/// Ids are unique within the process.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ListenerId(u64);

impl ListenerId {
    /// Returns a new unique id.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn event(name: &str, once: bool) -> Role {
        Role::Event {
            name: name.into(),
            once,
        }
    }

    #[test]
    fn an_empty_list_has_no_listeners() {
        let listeners = Listeners::default();
        assert!(listeners.select::<u8>(&|_| true).is_empty());
        assert_eq!(listeners.remove(&|_, _| true), 0);
        listeners.close();
        listeners.close();
        assert!(listeners.is_unused());
    }

    /// A listener may hold the socket, which would then never be freed.
    #[test]
    fn a_closed_list_accepts_no_listener() {
        let listeners = Listeners::default();
        listeners.close();
        let held = Arc::new(());
        let id = listeners.add(Role::Any, Position::Last, Arc::clone(&held));
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(listeners.is_unused());
        assert_eq!(listeners.remove(&|other, _| other == id), 0);
        assert!(listeners.select::<Arc<()>>(&|_| true).is_empty());
    }

    #[test]
    fn listeners_of_one_role_keep_their_order() {
        let listeners = Listeners::default();
        listeners.add(Role::Any, Position::Last, "any 2");
        listeners.add(event("a", false), Position::Last, "a 2");
        listeners.add(Role::Any, Position::First, "any 1");
        listeners.add(event("a", false), Position::First, "a 1");
        listeners.add(event("b", false), Position::First, "b");
        let any = listeners.select::<&str>(&|role| *role == Role::Any);
        assert_eq!(any.as_slice(), ["any 1", "any 2"]);
        let named = listeners.select::<&str>(&|role| role.event() == Some("a"));
        assert_eq!(named.as_slice(), ["a 1", "a 2"]);
    }

    #[test]
    fn a_once_listener_is_selected_once() {
        let listeners = Listeners::default();
        listeners.add(event("a", true), Position::Last, 1);
        listeners.add(event("a", false), Position::Last, 2);
        let select = || listeners.select::<i32>(&|role| role.event() == Some("a"));
        assert_eq!(select().as_slice(), [1, 2]);
        assert_eq!(select().as_slice(), [2]);
    }

    #[test]
    fn dropping_a_listener_may_use_the_list() {
        struct UsesListOnDrop(Arc<Listeners>);
        impl Drop for UsesListOnDrop {
            fn drop(&mut self) {
                self.0.for_each(&mut |_, _| ());
            }
        }
        let listeners = Arc::new(Listeners::default());
        let add = |role| {
            let listener = Arc::new(UsesListOnDrop(Arc::clone(&listeners)));
            listeners.add(role, Position::Last, listener)
        };
        let id = add(Role::Any);
        assert_eq!(listeners.remove(&|other, _| other == id), 1);
        assert_eq!(listeners.remove(&|other, _| other == id), 0);
        add(event("a", true));
        assert_eq!(listeners.select::<Arc<UsesListOnDrop>>(&|_| true).len(), 1);
        add(Role::Any);
        listeners.close();
        add(Role::Any);
        listeners.for_each(&mut |_, _| panic!("a closed list is empty"));
        assert_eq!(Arc::strong_count(&listeners), 1);
    }
}
