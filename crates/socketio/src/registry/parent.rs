//! A pattern for namespaces, and the namespaces that were made after it.

use std::cell::Cell;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use socketio_adapter::Adapter;
use socketio_proto::Namespace as Name;

use crate::context::NamespaceContext;
use crate::handler::{PredicateListener, catch};
use crate::membership::namespace_shared::{Captured, NamespaceShared, Scope};
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::NamespaceInner;

mod adapter;
mod children;
mod name_regex;

use self::adapter::ParentAdapter;
pub(crate) use self::children::Children;
pub(crate) use self::name_regex::NameRegex;

/// A pattern for namespaces, and the namespaces that were made after it (Node's
/// `ParentNamespace`).
pub(crate) struct Parent {
    name: Name,
    pattern: Pattern,
    handlers: ArcSwap<Handlers>,
    pub(crate) children: Arc<Children>,
    adapter: Arc<dyn Adapter>,
}

/// Which names a parent takes.
pub(crate) enum Pattern {
    #[cfg_attr(
        not(any(feature = "regex", feature = "regex-lite")),
        expect(dead_code, reason = "constructed with either feature")
    )]
    Regex(Box<dyn NameRegex>),
    Predicate(PredicateListener),
}

impl Scope for Parent {
    fn adapter(&self) -> &Arc<dyn Adapter> {
        &self.adapter
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn find_socket(self: Arc<Self>, id: &str) -> Option<Arc<NamespaceShared>> {
        let children = self.children.all().into_iter();
        let mut spaces = children.map(|child| Arc::clone(&child.shared));
        spaces.find(|shared| shared.local.rooms.get(id).is_some())
    }
}

impl Parent {
    /// `name` is the one that Node gives to it, which no client sees.
    pub(crate) fn new(name: Name, pattern: Pattern) -> Self {
        let children = Arc::new(Children::default());
        Self {
            name,
            pattern,
            handlers: ArcSwap::default(),
            adapter: Arc::new(ParentAdapter::new(Arc::clone(&children))),
            children,
        }
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// The handlers of children to come.
    pub(crate) fn handlers(&self) -> Guard<Arc<Handlers>> {
        self.handlers.load()
    }

    /// Changes the handlers of all children, those to come among them.
    pub(crate) fn register(&self, change: impl Fn(&mut Handlers)) {
        // A child that is made meanwhile has either the old table and is in the list, or the new. Of
        // two changes at a time, each reaches every child once.
        let children = self.children.write();
        let old = self.handlers.load_full();
        self.handlers.rcu(|handlers| {
            let mut handlers = Handlers::clone(handlers);
            change(&mut handlers);
            handlers
        });
        let new = self.handlers.load_full();
        for child in children.values() {
            child.inherit(&old, &new, &change);
        }
    }

    /// Takes handlers out of all children, those to come among them. Tells whether there was one.
    pub(crate) fn remove_handlers(&self, remove_handlers: impl Fn(&mut Handlers) -> bool) -> bool {
        let was_there = Cell::new(false);
        let (children, before) = {
            // As in `register`.
            let children = self.children.write();
            let before = self.handlers.rcu(|handlers| {
                let mut handlers = Handlers::clone(handlers);
                was_there.set(remove_handlers(&mut handlers));
                handlers
            });
            (children.values().cloned().collect::<Vec<_>>(), before)
        };
        // What is taken out is dropped without the lock, for nobody knows what it holds.
        drop(before);
        children.iter().fold(was_there.get(), |was_there, child| {
            child.remove_handlers(&remove_handlers) || was_there
        })
    }

    /// Drops the handlers of children to come.
    pub(crate) fn drop_handlers(&self) {
        self.handlers.store(Arc::default());
    }

    /// Gives a child its handlers, now and from now on.
    pub(crate) fn adopt(&self, child: &Arc<NamespaceInner>) {
        let mut children = self.children.write();
        child.adopt(self.handlers.load_full());
        children.insert(child.name().clone(), Arc::clone(child));
    }

    /// Whether the pattern alone takes a name: nobody has to be asked.
    pub(crate) fn matches(&self, name: &str) -> Option<Captured> {
        match &self.pattern {
            Pattern::Regex(regex) => regex.captures(name),
            Pattern::Predicate(_) => None,
        }
    }

    /// Whether a client may have the namespace that it asks for.
    pub(crate) async fn allows(&self, cx: &mut NamespaceContext) -> Option<Captured> {
        let predicate = match &self.pattern {
            Pattern::Regex(regex) => return regex.captures(cx.name()),
            Pattern::Predicate(predicate) => predicate,
        };
        match catch(async { predicate.call(cx).await }).await {
            Ok(Ok(true)) => Some(None),
            Ok(Ok(false)) => None,
            Ok(Err(error)) => {
                tracing::debug!(namespace = cx.name(), %error, "a namespace is not allowed");
                None
            }
            Err(panic) => {
                tracing::error!(
                    namespace = cx.name(),
                    panic = panic.message(),
                    "a function that decides about namespaces panicked: the client is refused"
                );
                None
            }
        }
    }
}
