use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once, Weak};

use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use parking_lot::RwLock;
use socketio_adapter::AdapterFactory;
use socketio_proto::Namespace as Name;
use tokio::runtime::Handle;

use crate::context::NamespaceContext;
use crate::membership::namespace_shared::Captured;
use crate::membership::recovery::RecoverySettings;
use crate::registry::namespace_inner::{
    Child, ChildRegistry, NamespaceConfig, NamespaceInner, OccupancyGuard,
};
use crate::registry::parent::{Children, Parent, Pattern};
use crate::wire::backlink::ServerLink;
use crate::wire::codec::Codec;

/// The namespaces of a server.
pub(crate) struct Namespaces {
    adapter: Box<dyn AdapterFactory>,
    options: NamespaceOptions,
    server: ServerLink,
    by_name: RwLock<HashMap<Name, NamespaceEntry>>,
    /// In the order in which they are tried.
    parents: ArcSwap<Vec<Arc<Parent>>>,
    listeners: ArcSwap<Vec<NewNamespaceListener>>,
    home: Weak<Self>,
    /// Tells once that the adapter keeps nothing for lost sockets.
    unsupported: Once,
}

/// What is common to all namespaces of a server.
#[derive(Clone, Debug)]
pub(crate) struct NamespaceOptions {
    pub(crate) codec: Codec,
    pub(crate) cleanup_empty_children: bool,
    pub(crate) max_children: usize,
    pub(crate) max_rooms: Option<usize>,
    pub(crate) recovery: Option<RecoverySettings>,
}

impl Default for NamespaceOptions {
    fn default() -> Self {
        Self {
            codec: Codec::default(),
            cleanup_empty_children: false,
            // A namespace costs kilobytes, and clients choose the names.
            max_children: 10_000,
            max_rooms: None,
            recovery: None,
        }
    }
}

/// Who wants to know of new namespaces.
pub(crate) type NewNamespaceListener = Arc<dyn Fn(&Arc<NamespaceInner>) + Send + Sync>;

struct NamespaceEntry {
    namespace: Arc<NamespaceInner>,
    /// The children of the same pattern, this one among them.
    siblings: Option<Arc<Children>>,
}

/// Why there is no namespace for a client.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NamespaceUnavailable {
    /// Nobody has made it, and no pattern takes its name.
    Invalid,
    /// Clients have had so many made that no further one is.
    TooMany,
    /// Something that has to be done for each new namespace has failed.
    Failed,
}

impl Namespaces {
    /// Begins with the main namespace, which every server has.
    pub(crate) fn new(
        adapter: Box<dyn AdapterFactory>,
        options: NamespaceOptions,
        server: ServerLink,
    ) -> Arc<Self> {
        let namespaces = Arc::new_cyclic(|home| Self {
            adapter,
            options,
            server,
            by_name: RwLock::default(),
            parents: ArcSwap::default(),
            listeners: ArcSwap::default(),
            home: home.clone(),
            unsupported: Once::new(),
        });
        namespaces.find_or_create(&Name::MAIN);
        namespaces
    }

    pub(crate) fn codec(&self) -> &Codec {
        &self.options.codec
    }

    pub(crate) fn server(&self) -> ServerLink {
        self.server.clone()
    }

    /// Whether clients may have sockets to come back to.
    pub(crate) fn has_recovery(&self) -> bool {
        self.options.recovery.is_some()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        let by_name = self.by_name.read();
        by_name.get(name).map(|entry| Arc::clone(&entry.namespace))
    }

    /// Whether clients could join a namespace of this name: it is there, or a pattern may take it.
    pub(crate) fn can_join(&self, name: &str) -> bool {
        self.by_name.read().contains_key(name) || !self.parents.load().is_empty()
    }

    pub(crate) fn all(&self) -> Vec<Arc<NamespaceInner>> {
        let by_name = self.by_name.read();
        let all = by_name.values();
        all.map(|entry| Arc::clone(&entry.namespace)).collect()
    }

    /// The namespace of a name, on behalf of the application. One that fits a pattern has the
    /// handlers of that.
    pub(crate) fn find_or_create(&self, name: &Name) -> Arc<NamespaceInner> {
        let pin = |namespace: &Arc<NamespaceInner>| {
            namespace.pin();
            Arc::clone(namespace)
        };
        // Under the lock: a child without sockets may be taken out at any other time.
        if let Some(entry) = self.by_name.read().get(name) {
            return pin(&entry.namespace);
        }
        let parents = self.parents.load();
        let fits = |parent: &Arc<Parent>| Some((Arc::clone(parent), parent.matches(name)?));
        let parent = parents.iter().find_map(fits);
        let made = self.make(name, parent, Arc::clone);
        match made {
            (namespace, true) => self.announce(namespace),
            (namespace, false) => namespace,
        }
    }

    /// Adds a pattern, which is tried after those that were added before.
    pub(crate) fn add_parent(&self, pattern: Pattern) -> Arc<Parent> {
        let made = self.parents.load().len();
        // It is not the name of a namespace, and nothing depends on it.
        let name = Name::new(format!("/_{made}")).unwrap_or_default();
        let parent = Arc::new(Parent::new(name, pattern));
        self.parents.rcu(|parents| {
            let mut parents = Vec::clone(parents);
            parents.push(Arc::clone(&parent));
            parents
        });
        parent
    }

    /// Adds somebody who is told of new namespaces from now on.
    pub(crate) fn add_listener(&self, listener: &NewNamespaceListener) {
        self.listeners.rcu(|listeners| {
            let mut listeners = Vec::clone(listeners);
            listeners.push(Arc::clone(listener));
            listeners
        });
    }

    /// Drops all that the application has registered, for nobody is served any more.
    pub(crate) fn drop_handlers(&self) {
        self.listeners.store(Arc::default());
        for parent in &*self.parents.swap(Arc::default()) {
            parent.drop_handlers();
        }
        for namespace in self.all() {
            namespace.close();
        }
    }

    /// A place in the namespace that a client asks for, which is made if a pattern takes its name.
    pub(crate) async fn enter(
        &self,
        name: &Name,
        context: impl FnOnce() -> NamespaceContext,
    ) -> Result<OccupancyGuard, NamespaceUnavailable> {
        let stay = match self.stay(name) {
            Some(stay) => stay,
            None => self.enter_child(name, context()).await?,
        };
        if stay.wait_until_ready().await {
            Ok(stay)
        } else {
            Err(NamespaceUnavailable::Failed)
        }
    }

    fn stay(&self, name: &str) -> Option<OccupancyGuard> {
        // Under the lock: a child without sockets may be taken out at any other time.
        let by_name = self.by_name.read();
        by_name
            .get(name)
            .map(|entry| OccupancyGuard::new(&entry.namespace))
    }

    async fn enter_child(
        &self,
        name: &Name,
        mut context: NamespaceContext,
    ) -> Result<OccupancyGuard, NamespaceUnavailable> {
        let parents = self.parents.load_full();
        for parent in &*parents {
            let Some(captured) = parent.allows(&mut context).await else {
                continue;
            };
            if parents
                .iter()
                .map(|parent| parent.children.len())
                .sum::<usize>()
                >= self.options.max_children
                && self.find(name).is_none()
            {
                tracing::warn!(
                    limit = self.options.max_children,
                    "a client is refused, for there are too many dynamic namespaces: remove empty \
                     ones with `cleanup_empty_child_namespaces`, or raise `max_dynamic_namespaces`"
                );
                return Err(NamespaceUnavailable::TooMany);
            }
            let parent = Some((Arc::clone(parent), captured));
            let (stay, made) = self.make(name, parent, OccupancyGuard::new);
            if made {
                self.announce(Arc::clone(stay.namespace()));
            }
            return Ok(stay);
        }
        Err(NamespaceUnavailable::Invalid)
    }

    /// Puts a namespace into the table, unless there is one. Returns what `take` makes of it under
    /// the lock of the table, and whether it is new.
    fn make<T>(
        &self,
        name: &Name,
        parent: Option<(Arc<Parent>, Captured)>,
        take: impl FnOnce(&Arc<NamespaceInner>) -> T,
    ) -> (T, bool) {
        let config = NamespaceConfig {
            adapter: &*self.adapter,
            codec: &self.options.codec,
            max_rooms: self.options.max_rooms,
            recovery: self.options.recovery,
            server: self.server.clone(),
        };
        // Made without the lock, for the adapter is not ours; of two that are made, one is dropped.
        let (made, parent) = match parent {
            None => (NamespaceInner::new(name.clone(), &config), None),
            Some((parent, captured)) => {
                let home: Weak<dyn ChildRegistry> = self.home.clone();
                let child = Child::new(home, captured);
                let child = NamespaceInner::new_child(name.clone(), &config, child);
                (child, Some(parent))
            }
        };
        let mut by_name = self.by_name.write();
        if let Some(found) = by_name.get(name) {
            return (take(&found.namespace), false);
        }
        if let Some(parent) = &parent {
            parent.adopt(&made);
        }
        let taken = take(&made);
        let entry = NamespaceEntry {
            namespace: Arc::clone(&made),
            siblings: parent.map(|parent| Arc::clone(&parent.children)),
        };
        by_name.insert(name.clone(), entry);
        drop(by_name);
        if self.has_recovery() && made.shared.recovery.is_none() {
            self.unsupported.call_once(warn_of_unsupported);
        }
        start(&made);
        (taken, true)
    }

    /// Tells those who want to know of new namespaces, and lets clients in.
    fn announce(&self, namespace: Arc<NamespaceInner>) -> Arc<NamespaceInner> {
        for listener in &**self.listeners.load() {
            if catch_unwind(AssertUnwindSafe(|| listener(&namespace))).is_err() {
                tracing::error!(
                    namespace = %namespace.name(),
                    "a listener of new namespaces panicked: nobody can join this one until it is \
                     asked for again"
                );
                self.remove(&namespace, |_| true);
                namespace.set_ready(false);
                return namespace;
            }
        }
        namespace.set_ready(true);
        namespace
    }

    fn remove(&self, namespace: &NamespaceInner, may: impl FnOnce(&NamespaceInner) -> bool) {
        let removed = {
            let mut by_name = self.by_name.write();
            let is_it = by_name
                .get(namespace.name())
                .is_some_and(|entry| std::ptr::eq(Arc::as_ptr(&entry.namespace), namespace));
            if !is_it || !may(namespace) {
                return;
            }
            let removed = by_name.remove(namespace.name());
            if let Some(siblings) = removed.as_ref().and_then(|entry| entry.siblings.as_ref()) {
                siblings.remove(namespace);
            }
            removed
        };
        if let Some(entry) = removed {
            close(entry.namespace);
        }
    }
}

impl ChildRegistry for Namespaces {
    fn abandoned(&self, child: &NamespaceInner) {
        if self.options.cleanup_empty_children {
            self.remove(child, NamespaceInner::is_abandoned);
        }
    }
}

fn warn_of_unsupported() {
    tracing::warn!(
        "lost connections are not recovered, for the adapter does not keep sessions and packets: \
         configure one that does, or take `connection_state_recovery` out of the options"
    );
}

/// Lets the adapter of a new namespace get ready, behind the back of whoever makes the namespace.
fn start(namespace: &Arc<NamespaceInner>) {
    let namespace = Arc::clone(namespace);
    let init = async move {
        if let Err(error) = namespace.shared.adapter.init().await {
            tracing::error!(
                namespace = %namespace.name(),
                %error,
                "the adapter did not start: this server reaches its own clients only"
            );
        }
    };
    behind_the_back(
        init,
        "did not start: make namespaces inside the tokio runtime",
    );
}

/// Ends the adapter of a namespace that is gone.
fn close(namespace: Arc<NamespaceInner>) {
    let close = async move {
        if let Err(error) = namespace.shared.adapter.close().await {
            tracing::warn!(namespace = %namespace.name(), %error, "the adapter did not close");
        }
    };
    behind_the_back(
        close,
        "was not closed: leave namespaces inside the tokio runtime",
    );
}

/// An adapter that is connected to something needs the runtime; the one in memory is ready at once.
fn behind_the_back(work: impl Future<Output = ()> + Send + 'static, failure: &str) {
    let mut work = Box::pin(work);
    if (&mut work).now_or_never().is_some() {
        return;
    }
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(work)),
        Err(_) => tracing::error!("the adapter {failure}"),
    }
}

#[cfg(all(test, feature = "regex-lite"))]
mod tests {
    use socketio_adapter::InMemoryAdapter;

    use crate::wire::backlink::Backlink;

    use super::*;

    #[test]
    fn a_child_that_somebody_enters_while_the_last_leaves_is_not_removed() {
        let options = NamespaceOptions {
            cleanup_empty_children: true,
            ..NamespaceOptions::default()
        };
        let server: Weak<Namespaces> = Weak::new();
        let adapter = Box::new(InMemoryAdapter::factory());
        let namespaces = Namespaces::new(adapter, options, ServerLink(Backlink::new(server)));
        let pattern = regex_lite::Regex::new("^/child$").expect("it is a pattern");
        namespaces.add_parent(Pattern::Regex(Box::new(pattern)));
        let name = Name::new("/child").expect("it is a name");
        let parents = namespaces.parents.load_full();
        let parent = parents.first().map(|parent| (Arc::clone(parent), None));
        let (child, _) = namespaces.make(&name, parent, Arc::clone);
        let first = namespaces.stay(&name).expect("it is there");
        let second = namespaces.stay(&name).expect("it is there");
        drop(first);
        // The last one has left, as somebody thought a moment ago.
        namespaces.abandoned(&child);
        assert!(namespaces.find(&name).is_some());
        drop(second);
        assert!(namespaces.find(&name).is_none());
    }

    #[test]
    fn children_share_the_table_of_their_pattern_until_they_have_handlers_of_their_own() {
        let server: Weak<Namespaces> = Weak::new();
        let adapter = Box::new(InMemoryAdapter::factory());
        let options = NamespaceOptions::default();
        let namespaces = Namespaces::new(adapter, options, ServerLink(Backlink::new(server)));
        let pattern = regex_lite::Regex::new("^/[ab]$").expect("it is a pattern");
        let parent = namespaces.add_parent(Pattern::Regex(Box::new(pattern)));
        let [a, b] = ["/a", "/b"].map(|name| {
            let name = Name::new(name).expect("it is a name");
            namespaces.find_or_create(&name)
        });
        let shares = |child: &NamespaceInner| Arc::ptr_eq(&child.handlers(), &parent.handlers());
        parent.register(|handlers| handlers.ordered = true);
        assert!(shares(&a) && shares(&b));
        b.register(|handlers| handlers.rejection = None);
        parent.register(|handlers| handlers.ordered = false);
        assert!(shares(&a) && !shares(&b));
        assert!(!b.handlers().ordered);
    }
}
