//! All namespaces of a server: lookup, creation from patterns, and removal.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once, Weak};

use engineio::log::{Escaped, LogClient, panic_message};
use futures_core::future::BoxFuture;
use futures_util::FutureExt as _;
use parking_lot::{RwLock, RwLockWriteGuard};
use socketio_adapter::AdapterFactory;
use socketio_proto::Namespace as Name;
use tokio::runtime::Handle;

use crate::context::NamespaceContext;
use crate::membership::namespace_shared::Captured;
use crate::membership::recovery::RecoverySettings;
use crate::registry::configurators::{Configurable, Configurator, Configurators};
use crate::registry::namespace_inner::{
    Child, ChildRegistry, NamespaceConfig, NamespaceInner, OccupancyGuard,
};
use crate::registry::parent::{Children, Parent, Pattern};
use crate::socket_state::running_tasks::RunningTasks;
use crate::wire::backlink::ServerLink;
use crate::wire::codec::Codec;

/// The namespaces of a server.
pub(crate) struct Namespaces {
    adapter: Box<dyn AdapterFactory>,
    options: NamespaceOptions,
    server: ServerLink,
    /// The tasks that the server waits for when it closes.
    running_tasks: Arc<RunningTasks>,
    by_name: RwLock<HashMap<Name, NamespaceEntry>>,
    /// In the order in which they are tried.
    parents: RwLock<Vec<Arc<Parent>>>,
    listeners: RwLock<Vec<NewNamespaceListener>>,
    configurators: Configurators,
    home: Weak<Self>,
    /// Limits the warning about an adapter without recovery to one.
    unsupported: Once,
    /// The number of clients that were refused because their namespace does not exist.
    invalid: AtomicU64,
}

/// The settings that all namespaces of a server share.
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
            // A namespace takes some kilobytes, and clients choose the names.
            max_children: 10_000,
            max_rooms: None,
            recovery: None,
        }
    }
}

/// A listener of new namespaces.
pub(crate) type NewNamespaceListener = Arc<dyn Fn(&Arc<NamespaceInner>) + Send + Sync>;

struct NamespaceEntry {
    namespace: Arc<NamespaceInner>,
    /// The children of the same pattern, including this one.
    siblings: Option<Arc<Children>>,
}

/// A namespace that is not in the table yet, and its pattern.
struct NewNamespace(Arc<NamespaceInner>, Option<Arc<Parent>>);

/// The reason why a client cannot join a namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NamespaceUnavailable {
    /// The namespace does not exist, and no pattern matches its name.
    Invalid,
    /// The limit of dynamic namespaces is reached.
    TooMany,
    /// A listener of new namespaces has panicked.
    Failed,
}

impl Namespaces {
    /// Creates the registry with the main namespace.
    pub(crate) fn new(
        adapter: Box<dyn AdapterFactory>,
        options: NamespaceOptions,
        server: ServerLink,
    ) -> Arc<Self> {
        let namespaces = Arc::new_cyclic(|home| Self {
            adapter,
            options,
            server,
            running_tasks: Arc::default(),
            by_name: RwLock::default(),
            parents: RwLock::default(),
            listeners: RwLock::default(),
            configurators: Configurators::default(),
            home: home.clone(),
            unsupported: Once::new(),
            invalid: AtomicU64::new(0),
        });
        namespaces.find_or_create(&Name::MAIN);
        namespaces
    }

    pub(crate) fn codec(&self) -> &Codec {
        &self.options.codec
    }

    pub(crate) fn running_tasks(&self) -> &Arc<RunningTasks> {
        &self.running_tasks
    }

    pub(crate) fn server(&self) -> ServerLink {
        self.server.clone()
    }

    /// Returns whether connection state recovery is enabled.
    pub(crate) fn has_recovery(&self) -> bool {
        self.options.recovery.is_some()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        let by_name = self.by_name.read();
        by_name.get(name).map(|entry| Arc::clone(&entry.namespace))
    }

    /// Returns whether a client may be able to join: the namespace exists, or there are patterns.
    pub(crate) fn can_join(&self, name: &str) -> bool {
        self.by_name.read().contains_key(name) || !self.parents.read().is_empty()
    }

    pub(crate) fn all(&self) -> Vec<Arc<NamespaceInner>> {
        let by_name = self.by_name.read();
        let all = by_name.values();
        all.map(|entry| Arc::clone(&entry.namespace)).collect()
    }

    /// Returns the namespace with this name for the application, and creates it if necessary. A
    /// name that matches a pattern gets the handlers of the pattern.
    pub(crate) fn find_or_create(&self, name: &Name) -> Arc<NamespaceInner> {
        let pin = |namespace: &Arc<NamespaceInner>| {
            namespace.pin();
            Arc::clone(namespace)
        };
        // Under the lock, because a child without sockets may be removed at any time.
        if let Some(entry) = self.by_name.read().get(name) {
            return pin(&entry.namespace);
        }
        let fits = |parent: &Arc<Parent>| Some((Arc::clone(parent), parent.matches(name)?));
        let parents = self.parents.read().clone();
        let parent = parents.iter().find_map(fits);
        let is_child = parent.is_some();
        let made = self.make(name, parent, Arc::clone);
        match made {
            (namespace, true) => {
                if !is_child {
                    self.configurators
                        .apply(Configurable::Namespace(&namespace));
                }
                self.announce(namespace)
            }
            (namespace, false) => namespace,
        }
    }

    /// Adds a pattern, which is tried after the existing ones.
    pub(crate) fn add_parent(&self, pattern: Pattern) -> Arc<Parent> {
        let parent = {
            let mut parents = self.parents.write();
            // Not a namespace that clients can join. The name is only displayed.
            let name = Name::new(format!("/_{}", parents.len())).unwrap_or_default();
            let parent = Arc::new(Parent::new(name, pattern));
            parents.push(Arc::clone(&parent));
            parent
        };
        self.configurators.apply(Configurable::Pattern(&parent));
        parent
    }

    /// Adds a listener of new namespaces.
    pub(crate) fn add_listener(&self, listener: &NewNamespaceListener) {
        self.listeners.write().push(Arc::clone(listener));
    }

    /// Calls a function for every namespace and pattern, except for the namespaces of patterns, which
    /// inherit the handlers.
    pub(crate) fn configure_each(&self, configurator: Configurator) {
        self.configurators.add(configurator);
        let parents = self.parents.read().clone();
        for parent in &parents {
            self.configurators.apply(Configurable::Pattern(parent));
        }
        for namespace in self.all() {
            if !namespace.is_child() {
                self.configurators
                    .apply(Configurable::Namespace(&namespace));
            }
        }
    }

    /// Drops all registered handlers and listeners, after the server was closed.
    pub(crate) fn drop_handlers(&self) {
        // Dropped outside the locks because a destructor may use the server.
        let listeners = std::mem::take(&mut *self.listeners.write());
        drop(listeners);
        drop(self.configurators.clear());
        let parents = std::mem::take(&mut *self.parents.write());
        for parent in parents {
            parent.drop_handlers();
        }
        for namespace in self.all() {
            namespace.close();
        }
    }

    /// Enters the namespace that a client requests, and creates it if a pattern matches its name.
    pub(crate) async fn enter(
        &self,
        name: &Name,
        context: impl FnOnce() -> NamespaceContext,
    ) -> Result<OccupancyGuard, NamespaceUnavailable> {
        let occupancy = match self.occupy(name) {
            Some(occupancy) => occupancy,
            None => self.enter_child(name, context()).await?,
        };
        if occupancy.wait_until_ready().await {
            Ok(occupancy)
        } else {
            Err(NamespaceUnavailable::Failed)
        }
    }

    /// Enters a namespace that exists.
    fn occupy(&self, name: &str) -> Option<OccupancyGuard> {
        // Under the lock, because a child without sockets may be removed at any time.
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
        let parents = self.parents.read().clone();
        for parent in &parents {
            let Some(captured) = parent.allows(&mut context).await else {
                continue;
            };
            let parent = (Arc::clone(parent), captured);
            return self.make_for_client(name, &parents, parent, context.client);
        }
        Err(self.refuse_invalid())
    }

    /// Counts a client whose namespace does not exist.
    pub(crate) fn refuse_invalid(&self) -> NamespaceUnavailable {
        self.invalid.fetch_add(1, Ordering::Relaxed);
        NamespaceUnavailable::Invalid
    }

    /// Returns the number of clients that were refused because their namespace does not exist.
    pub(crate) fn invalid_count(&self) -> u64 {
        self.invalid.load(Ordering::Relaxed)
    }

    /// Enters the namespace, which is created unless it exists or there are too many.
    fn make_for_client(
        &self,
        name: &Name,
        parents: &[Arc<Parent>],
        parent: (Arc<Parent>, Captured),
        client: Option<LogClient>,
    ) -> Result<OccupancyGuard, NamespaceUnavailable> {
        let max = self.options.max_children;
        let is_full = || {
            parents
                .iter()
                .map(|parent| parent.children.len())
                .sum::<usize>()
                >= max
        };
        if is_full() && self.find(name).is_none() {
            return Err(self.too_many(client));
        }
        let new = self.create(name, Some(parent));
        let by_name = self.by_name.write();
        // Checked again under the lock, because other clients create namespaces meanwhile.
        if is_full() && !by_name.contains_key(name) {
            // The new namespace has an adapter of the application and is dropped after the lock.
            drop(by_name);
            return Err(self.too_many(client));
        }
        let (occupancy, is_new) = self.insert(by_name, name, new, OccupancyGuard::new);
        if is_new {
            self.announce(Arc::clone(occupancy.namespace()));
        }
        Ok(occupancy)
    }

    fn too_many(&self, client: Option<LogClient>) -> NamespaceUnavailable {
        engineio::log_limited!(
            warn,
            client,
            "a client was refused because there are too many dynamic namespaces: remove empty \
             ones with `cleanup_empty_child_namespaces`, or raise `max_dynamic_namespaces`",
            limit = self.options.max_children,
        );
        NamespaceUnavailable::TooMany
    }

    /// Creates a namespace unless it exists. Returns the result of `take`, which is called under
    /// the lock of the table, and whether the namespace is new.
    fn make<T>(
        &self,
        name: &Name,
        parent: Option<(Arc<Parent>, Captured)>,
        take: impl FnOnce(&Arc<NamespaceInner>) -> T,
    ) -> (T, bool) {
        let new = self.create(name, parent);
        self.insert(self.by_name.write(), name, new, take)
    }

    /// Creates a namespace that is not in the table yet.
    ///
    /// Called without the lock, because the adapter belongs to the application. If two are created,
    /// one is dropped.
    fn create(&self, name: &Name, parent: Option<(Arc<Parent>, Captured)>) -> NewNamespace {
        let config = NamespaceConfig {
            adapter: &*self.adapter,
            codec: &self.options.codec,
            max_rooms: self.options.max_rooms,
            recovery: self.options.recovery,
            server: self.server.clone(),
            running_tasks: &self.running_tasks,
        };
        match parent {
            None => NewNamespace(NamespaceInner::new(name.clone(), &config), None),
            Some((parent, captured)) => {
                let home: Weak<dyn ChildRegistry> = self.home.clone();
                let child = Child::new(home, captured, parent.label().clone());
                let child = NamespaceInner::new_child(name.clone(), &config, child);
                NewNamespace(child, Some(parent))
            }
        }
    }

    /// Inserts a namespace unless its name is taken.
    fn insert<T>(
        &self,
        mut by_name: RwLockWriteGuard<'_, HashMap<Name, NamespaceEntry>>,
        name: &Name,
        NewNamespace(made, parent): NewNamespace,
        take: impl FnOnce(&Arc<NamespaceInner>) -> T,
    ) -> (T, bool) {
        if let Some(found) = by_name.get(name) {
            let taken = take(&found.namespace);
            drop(by_name);
            return (taken, false);
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
            self.unsupported.call_once(warn_recovery_unsupported);
        }
        start(&made);
        (taken, true)
    }

    /// Calls the listeners of new namespaces and then lets clients join.
    fn announce(&self, namespace: Arc<NamespaceInner>) -> Arc<NamespaceInner> {
        // A listener may add another one.
        let listeners = self.listeners.read().clone();
        for listener in listeners {
            let call = AssertUnwindSafe(|| listener(&namespace));
            if let Err(payload) = catch_unwind(call) {
                engineio::log_limited!(
                    error,
                    None,
                    "a listener of new namespaces panicked: clients cannot join this one until \
                     it is requested again",
                    namespace = ?Escaped(namespace.name()),
                    panic = ?Escaped(panic_message(&*payload)),
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

fn warn_recovery_unsupported() {
    engineio::log_limited!(
        warn,
        None,
        "lost connections are not recovered because the adapter does not store sessions and \
         packets: configure one that does, or remove `connection_state_recovery` from the \
         options",
    );
}

/// Starts the adapter of a new namespace in the background.
fn start(namespace: &Arc<NamespaceInner>) {
    let namespace = Arc::clone(namespace);
    let init = Box::pin(async move {
        if let Err(error) = namespace.shared.adapter.init().await {
            engineio::log_limited!(
                error,
                None,
                "the adapter did not start: this server only reaches its own clients",
                namespace = ?Escaped(namespace.name()),
                error = %Escaped(&error),
            );
        }
    });
    in_background(
        init,
        "did not start: make namespaces inside the tokio runtime",
    );
}

/// Closes the adapter of a removed namespace in the background.
fn close(namespace: Arc<NamespaceInner>) {
    let close = Box::pin(async move {
        if let Err(error) = namespace.shared.adapter.close().await {
            engineio::log_limited!(
                warn,
                None,
                "the adapter did not close",
                namespace = ?Escaped(namespace.name()),
                error = %Escaped(&error),
            );
        }
    });
    in_background(
        close,
        "was not closed: leave namespaces inside the tokio runtime",
    );
}

/// Runs the work of an adapter. One with connections needs a task; the in-memory adapter is ready
/// at once.
fn in_background(mut work: BoxFuture<'static, ()>, failure: &str) {
    if (&mut work).now_or_never().is_some() {
        return;
    }
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(work)),
        Err(_) => engineio::log_limited!(error, None, "an adapter was not run", failure),
    }
}

#[cfg(all(test, feature = "regex-lite"))]
mod tests {
    use socketio_adapter::{InMemoryAdapter, LocalSockets};

    use crate::wire::backlink::Backlink;

    use super::*;

    #[test]
    fn a_child_that_a_socket_enters_while_the_last_leaves_is_kept() {
        let options = NamespaceOptions {
            cleanup_empty_children: true,
            ..NamespaceOptions::default()
        };
        let server: Weak<Namespaces> = Weak::new();
        let adapter = Box::new(InMemoryAdapter::factory());
        let namespaces = Namespaces::new(adapter, options, ServerLink(Backlink::new(server)));
        let pattern = regex_lite::Regex::new("^/child$").expect("a valid pattern");
        namespaces.add_parent(Pattern::Regex(Box::new(pattern)));
        let name = Name::new("/child").expect("a valid name");
        let parents = namespaces.parents.read();
        let parent = parents.first().map(|parent| (Arc::clone(parent), None));
        let (child, _) = namespaces.make(&name, parent, Arc::clone);
        let first = namespaces.occupy(&name).expect("the namespace exists");
        let second = namespaces.occupy(&name).expect("the namespace exists");
        drop(first);
        // The report of an earlier socket that left.
        namespaces.abandoned(&child);
        assert!(namespaces.find(&name).is_some());
        drop(second);
        assert!(namespaces.find(&name).is_none());
    }

    /// Two clients that request two namespaces at once, of which only one may be created.
    #[test]
    fn the_limit_of_children_is_exact() {
        let create = InMemoryAdapter::factory();
        let both_are_creating = std::sync::Barrier::new(2);
        let adapter = move |name: &str, local: Arc<dyn LocalSockets>| {
            if name != "/" {
                both_are_creating.wait();
            }
            create.create(name, local)
        };
        let options = NamespaceOptions {
            max_children: 1,
            ..NamespaceOptions::default()
        };
        let server: Weak<Namespaces> = Weak::new();
        let link = ServerLink(Backlink::new(server));
        let namespaces = Namespaces::new(Box::new(adapter), options, link);
        let pattern = regex_lite::Regex::new("^/[ab]$").expect("a valid pattern");
        let parent = namespaces.add_parent(Pattern::Regex(Box::new(pattern)));
        let enter = |name: &'static str| {
            let name = Name::new(name).expect("a valid name");
            let captured = parent.matches(&name).expect("the pattern matches");
            let parents = [Arc::clone(&parent)];
            namespaces.make_for_client(&name, &parents, (Arc::clone(&parent), captured), None)
        };
        let entered = std::thread::scope(|scope| {
            let others = scope.spawn(|| enter("/a").is_ok());
            [enter("/b").is_ok(), others.join().expect("no panic")]
        });
        assert_eq!(entered.iter().filter(|entered| **entered).count(), 1);
        assert_eq!(parent.children.len(), 1);
    }

    #[test]
    fn children_share_the_table_of_their_pattern_until_they_get_handlers() {
        let server: Weak<Namespaces> = Weak::new();
        let adapter = Box::new(InMemoryAdapter::factory());
        let options = NamespaceOptions::default();
        let namespaces = Namespaces::new(adapter, options, ServerLink(Backlink::new(server)));
        let pattern = regex_lite::Regex::new("^/[ab]$").expect("a valid pattern");
        let parent = namespaces.add_parent(Pattern::Regex(Box::new(pattern)));
        let [a, b] = ["/a", "/b"].map(|name| {
            let name = Name::new(name).expect("a valid name");
            namespaces.find_or_create(&name)
        });
        let shares = |child: &NamespaceInner| Arc::ptr_eq(&child.handlers(), &parent.handlers());
        parent.register(&|handlers| handlers.ordered = true);
        assert!(shares(&a) && shares(&b));
        b.register(&|handlers| handlers.rejection = None);
        parent.register(&|handlers| handlers.ordered = false);
        assert!(shares(&a) && !shares(&b));
        assert!(!b.handlers().ordered);
    }
}
