//! A pattern for namespaces, and the namespaces that were created from it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arc_swap::{ArcSwap, Guard};
use engineio::log::Escaped;
use smol_str::SmolStr;
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

/// A pattern for namespaces, and the namespaces that were created from it (Node's
/// `ParentNamespace`).
pub(crate) struct Parent {
    name: Name,
    pattern: Pattern,
    /// The text of the regular expression, or the name if a function decides.
    label: SmolStr,
    handlers: ArcSwap<Handlers>,
    pub(crate) children: Arc<Children>,
    adapter: Arc<dyn Adapter>,
    /// The number of functions that have configured the pattern, see `configurators`.
    pub(crate) configured: AtomicUsize,
}

/// The condition for the name of a child.
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
    /// Creates a pattern. `name` has the format of Node's server, and clients never see it.
    pub(crate) fn new(name: Name, pattern: Pattern) -> Self {
        let children = Arc::new(Children::default());
        let label = match &pattern {
            Pattern::Regex(regex) => regex.text().into(),
            Pattern::Predicate(_) => (&*name).into(),
        };
        Self {
            name,
            pattern,
            label,
            handlers: ArcSwap::default(),
            adapter: Arc::new(ParentAdapter::new(Arc::clone(&children))),
            children,
            configured: AtomicUsize::new(0),
        }
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    pub(crate) fn label(&self) -> &SmolStr {
        &self.label
    }

    /// Loads the handlers of future children.
    pub(crate) fn handlers(&self) -> Guard<Arc<Handlers>> {
        self.handlers.load()
    }

    /// Changes the handlers of all existing and future children.
    pub(crate) fn register(&self, change: &dyn Fn(&mut Handlers)) {
        // Declared before the lock, so that they are dropped after it.
        let mut replaced = Vec::new();
        let (old, new);
        // A child that is created concurrently either has the old table and is in the list, or has
        // the new table. Concurrent changes reach each child once.
        let children = self.children.write();
        old = self.handlers.load_full();
        replaced.push(Handlers::update(&self.handlers, change));
        new = self.handlers.load_full();
        for child in children.values() {
            replaced.push(child.inherit(&old, &new, change));
        }
    }

    /// Removes handlers from all existing and future children. Returns whether any existed.
    pub(crate) fn remove_handlers(&self, remove_handlers: &dyn Fn(&mut Handlers) -> bool) -> bool {
        let was_there = Cell::new(false);
        let (children, before) = {
            // Locked for the same reason as in `register`.
            let children = self.children.write();
            let before = Handlers::update(&self.handlers, &|handlers| {
                was_there.set(remove_handlers(handlers));
            });
            (children.values().cloned().collect::<Vec<_>>(), before)
        };
        // Dropped without the lock, because handlers may own anything.
        drop(before);
        children.iter().fold(was_there.get(), |was_there, child| {
            child.remove_handlers(remove_handlers) || was_there
        })
    }

    /// Drops the handlers of future children.
    pub(crate) fn drop_handlers(&self) {
        self.handlers.store(Arc::default());
    }

    /// Adds a child, which shares the handlers from now on.
    pub(crate) fn adopt(&self, child: &Arc<NamespaceInner>) {
        let mut children = self.children.write();
        child.adopt(self.handlers.load_full());
        children.insert(child.name().clone(), Arc::clone(child));
    }

    /// Matches a name without asking the application. Returns `None` for a predicate.
    pub(crate) fn matches(&self, name: &str) -> Option<Captured> {
        match &self.pattern {
            Pattern::Regex(regex) => regex.captures(name),
            Pattern::Predicate(_) => None,
        }
    }

    /// Returns whether a client may create the namespace that it requests.
    pub(crate) async fn allows(&self, cx: &mut NamespaceContext) -> Option<Captured> {
        let predicate = match &self.pattern {
            Pattern::Regex(regex) => return regex.captures(cx.name()),
            Pattern::Predicate(predicate) => predicate,
        };
        match catch(async { predicate.call(cx).await }).await {
            Ok(Ok(true)) => Some(None),
            Ok(Ok(false)) => None,
            Ok(Err(rejection)) if rejection.is_server_fault() => {
                engineio::log_limited!(
                    error,
                    cx.client,
                    "a namespace predicate failed: the client is refused",
                    namespace = ?Escaped(cx.name()),
                    rejection = %rejection.redacted(),
                );
                None
            }
            Ok(Err(rejection)) => {
                tracing::debug!(
                    namespace = ?Escaped(cx.name()),
                    rejection = %rejection.redacted(),
                    "a namespace predicate rejected: the client is refused"
                );
                None
            }
            Err(panic) => {
                engineio::log_limited!(
                    error,
                    cx.client,
                    "a namespace predicate panicked: the client is refused",
                    namespace = ?Escaped(cx.name()),
                    panic = ?Escaped(panic.message()),
                );
                None
            }
        }
    }
}
