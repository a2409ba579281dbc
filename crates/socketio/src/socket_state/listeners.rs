//! The listeners that one socket has of its own.

use std::any::Any;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use smallvec::SmallVec;
use smol_str::SmolStr;

/// The listeners that one socket has of its own. Most have none and pay for one pointer.
///
/// It is set to `None` if the socket is over and has never had one.
#[derive(Default)]
pub(crate) struct Listeners(OnceLock<Option<Box<Mutex<List>>>>);

/// A list in which all kinds are mixed: each is in the order in which it is to be called.
#[derive(Default)]
struct List {
    entries: Vec<ListenerEntry>,
    /// The socket is over.
    closed: bool,
}

struct ListenerEntry {
    id: ListenerId,
    role: Role,
    /// Its type cannot be known here: handlers take sockets, and sockets have listeners. A role
    /// goes with one type.
    handler: Box<dyn Any + Send + Sync>,
}

/// What a listener listens to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// Every event of the client.
    Any,
    Disconnect,
    Disconnecting,
    Event {
        name: SmolStr,
        /// Whether it is taken out when it is called.
        once: bool,
    },
    /// Every event of the client, and it may refuse or change it.
    Middleware,
    /// Every event that is sent to the client.
    Outgoing,
}

/// Where a listener is put among those that are there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Position {
    First,
    Last,
}

/// Listeners that were chosen to be called.
pub(crate) type Chosen<H> = SmallVec<[H; 2]>;

impl Listeners {
    /// Whether there has never been one.
    pub(crate) fn is_unused(&self) -> bool {
        self.list().is_none()
    }

    fn list(&self) -> Option<&Mutex<List>> {
        self.0.get()?.as_deref()
    }

    /// Adds a listener, unless the socket is over.
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
        // What is refused is dropped without the lock, for nobody knows what it holds.
        let refused = match list.map(Mutex::lock) {
            Some(mut list) if !list.closed => {
                let index = position.index(list.entries.len());
                list.entries.insert(index, entry);
                None
            }
            Some(_) | None => Some(entry),
        };
        if refused.is_some() {
            tracing::debug!("a listener was added to a socket that is over, and hears nothing");
        }
        id
    }

    /// The listeners of these roles, to be called now: those that are called once are taken out.
    pub(crate) fn choose<H>(&self, is_meant: impl Fn(&Role) -> bool) -> Chosen<H>
    where
        H: Clone + 'static,
    {
        let Some(list) = self.list() else {
            return Chosen::new();
        };
        let mut chosen = Chosen::new();
        let spent: Vec<ListenerEntry> = list
            .lock()
            .entries
            .extract_if(.., |entry| {
                if !is_meant(&entry.role) {
                    return false;
                }
                let handler = entry.handler.downcast_ref::<H>();
                debug_assert!(handler.is_some(), "a role goes with one type of handler");
                chosen.extend(handler.cloned());
                matches!(entry.role, Role::Event { once: true, .. })
            })
            .collect();
        drop(spent);
        chosen
    }

    /// Takes out the listeners that are meant, and tells how many there were.
    pub(crate) fn remove(&self, is_meant: impl Fn(ListenerId, &Role) -> bool) -> usize {
        let Some(list) = self.list() else {
            return 0;
        };
        // They are dropped without the lock, for nobody knows what they hold.
        let removed: Vec<ListenerEntry> = list
            .lock()
            .entries
            .extract_if(.., |entry| is_meant(entry.id, &entry.role))
            .collect();
        removed.len()
    }

    /// Tells about each listener, in the order in which they are called.
    pub(crate) fn for_each(&self, mut tell: impl FnMut(ListenerId, &Role)) {
        if let Some(list) = self.list() {
            for entry in &list.lock().entries {
                tell(entry.id, &entry.role);
            }
        }
    }

    /// Takes all out, for good: the socket is over, and a listener may hold the socket itself.
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
    /// Where that is in a list of so many.
    pub(crate) fn index(self, len: usize) -> usize {
        match self {
            Self::First => 0,
            Self::Last => len,
        }
    }
}

impl Role {
    /// The name by which Node's server calls the event that is listened to.
    pub(crate) fn event(&self) -> Option<&str> {
        match self {
            Self::Disconnect => Some("disconnect"),
            Self::Disconnecting => Some("disconnecting"),
            Self::Event { name, .. } => Some(name),
            Self::Any | Self::Middleware | Self::Outgoing => None,
        }
    }
}

/// Names one listener, so that it can be taken out again with `off` and its like.
///
/// No two listeners of a process have the same.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ListenerId(u64);

impl ListenerId {
    /// One that no other listener has.
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
    fn a_socket_without_listeners_pays_for_one_pointer() {
        assert!(size_of::<Listeners>() <= 16);
        let listeners = Listeners::default();
        assert!(listeners.choose::<u8>(|_| true).is_empty());
        assert_eq!(listeners.remove(|_, _| true), 0);
        listeners.close();
        listeners.close();
        assert!(listeners.is_unused());
    }

    /// A listener may hold the socket, which then would never be freed.
    #[test]
    fn a_socket_that_is_over_takes_none_though_it_never_had_one() {
        let listeners = Listeners::default();
        listeners.close();
        let held = Arc::new(());
        let id = listeners.add(Role::Any, Position::Last, Arc::clone(&held));
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(listeners.is_unused());
        assert_eq!(listeners.remove(|other, _| other == id), 0);
        assert!(listeners.choose::<Arc<()>>(|_| true).is_empty());
    }

    #[test]
    fn each_role_has_its_own_order() {
        let listeners = Listeners::default();
        listeners.add(Role::Any, Position::Last, "any 2");
        listeners.add(event("a", false), Position::Last, "a 2");
        listeners.add(Role::Any, Position::First, "any 1");
        listeners.add(event("a", false), Position::First, "a 1");
        listeners.add(event("b", false), Position::First, "b");
        let any = listeners.choose::<&str>(|role| *role == Role::Any);
        assert_eq!(any.as_slice(), ["any 1", "any 2"]);
        let named = listeners.choose::<&str>(|role| role.event() == Some("a"));
        assert_eq!(named.as_slice(), ["a 1", "a 2"]);
    }

    #[test]
    fn what_is_called_once_is_chosen_once() {
        let listeners = Listeners::default();
        listeners.add(event("a", true), Position::Last, 1);
        listeners.add(event("a", false), Position::Last, 2);
        let choose = || listeners.choose::<i32>(|role| role.event() == Some("a"));
        assert_eq!(choose().as_slice(), [1, 2]);
        assert_eq!(choose().as_slice(), [2]);
    }

    #[test]
    fn a_listener_may_use_the_list_when_it_is_dropped() {
        struct Curious(Arc<Listeners>);
        impl Drop for Curious {
            fn drop(&mut self) {
                self.0.for_each(|_, _| ());
            }
        }
        let listeners = Arc::new(Listeners::default());
        let add = |role| {
            let curious = Arc::new(Curious(Arc::clone(&listeners)));
            listeners.add(role, Position::Last, curious)
        };
        let id = add(Role::Any);
        assert_eq!(listeners.remove(|other, _| other == id), 1);
        assert_eq!(listeners.remove(|other, _| other == id), 0);
        add(event("a", true));
        assert_eq!(listeners.choose::<Arc<Curious>>(|_| true).len(), 1);
        add(Role::Any);
        listeners.close();
        add(Role::Any);
        listeners.for_each(|_, _| panic!("none is left, and none is taken"));
        assert_eq!(Arc::strong_count(&listeners), 1);
    }
}
