//! The state that the sockets of one namespace share.

use std::sync::Arc;

use smol_str::SmolStr;
use socketio_adapter::{Adapter, AdapterFactory, InsertError};
use socketio_proto::Namespace;

use crate::membership::local_namespace::LocalNamespace;
use crate::membership::recovery::{Recovery, RecoverySettings};
use crate::socket_state::{Phase, SocketState};
use crate::wire::backlink::{Backlink, ServerLink};

/// The state that the sockets of one namespace share: its members and the adapter.
pub(crate) struct NamespaceShared {
    pub(crate) local: Arc<LocalNamespace>,
    pub(crate) adapter: Arc<dyn Adapter>,
    /// Set if connection state recovery is enabled and the adapter supports it.
    pub(crate) recovery: Option<Box<Recovery>>,
    /// The namespace with its handlers, whose type is defined above this module.
    owner: Backlink,
    /// The server, whose type is defined above this module.
    server: ServerLink,
    /// The groups that the pattern of the parent namespace captured from the name.
    pub(crate) captured: Captured,
}

/// The names and values of the groups of a pattern.
pub(crate) type Captured = Option<Arc<[(SmolStr, SmolStr)]>>;

/// The scope of a broadcast: one namespace, or all child namespaces of a pattern.
pub(crate) trait Scope: Send + Sync {
    fn adapter(&self) -> &Arc<dyn Adapter>;

    fn name(&self) -> &Namespace;

    /// Returns the namespace in this scope that has a socket with this id on this server.
    fn find_socket(self: Arc<Self>, id: &str) -> Option<Arc<NamespaceShared>>;
}

impl Scope for NamespaceShared {
    fn adapter(&self) -> &Arc<dyn Adapter> {
        &self.adapter
    }

    fn name(&self) -> &Namespace {
        &self.local.name
    }

    fn find_socket(self: Arc<Self>, id: &str) -> Option<Arc<NamespaceShared>> {
        self.local.rooms.get(id).is_some().then_some(self)
    }
}

impl NamespaceShared {
    pub(crate) fn new(
        local: LocalNamespace,
        adapter: &dyn AdapterFactory,
        owner: Backlink,
        server: ServerLink,
        captured: Captured,
        recovery: Option<RecoverySettings>,
    ) -> Self {
        let local = Arc::new(local);
        let adapter = adapter.create(&local.name, Arc::clone(&local) as _);
        let recovery = recovery
            .filter(|_| adapter.supports_recovery())
            .map(|settings| Box::new(Recovery::new(settings)));
        Self {
            local,
            adapter,
            recovery,
            owner,
            server,
            captured,
        }
    }

    pub(crate) fn name(&self) -> &Namespace {
        &self.local.name
    }

    /// Returns the name, or the pattern of a dynamic namespace.
    pub(crate) fn label(&self) -> &str {
        self.local.label()
    }

    /// Inserts a socket, which replaces a leaving socket of the same id.
    ///
    /// The caller holds a lock, and reports the rooms afterwards.
    ///
    /// Two sockets have the same id if a client recovers its socket, or if a client of Socket.IO
    /// 2.x reconnects to a namespace, because its socket ids derive from the session id.
    ///
    /// Returns the replaced socket. Drop it without a lock, because it may own values of the
    /// application.
    ///
    /// # Errors
    ///
    /// Returns the reason if the socket was not inserted.
    pub(crate) fn insert(
        &self,
        socket: &Arc<SocketState>,
    ) -> Result<Option<Arc<SocketState>>, InsertError> {
        let rooms = &self.local.rooms;
        let mut inserted = rooms.insert_unreported(socket);
        let mut replaced = None;
        if let Err(InsertError::IdTaken) = inserted
            && let Some(previous) = rooms.get(socket.id.as_str())
            && previous.is(Phase::Disconnected)
        {
            // Its disconnecting handlers are still running.
            previous.rooms_at_leave.store(rooms.rooms_of(&previous));
            rooms.remove_unreported(&previous);
            inserted = rooms.insert_unreported(socket);
            replaced = Some(previous);
        }
        if let Some(recovery) = &self.recovery {
            recovery.joined(socket);
        }
        inserted.map(|()| replaced)
    }

    pub(crate) fn owner<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.owner.upgrade()
    }

    pub(crate) fn server(&self) -> ServerLink {
        self.server.clone()
    }
}
