use std::sync::Arc;

use smol_str::SmolStr;
use socketio_adapter::{Adapter, AdapterFactory, InsertError};
use socketio_proto::Namespace;

use crate::membership::local_namespace::LocalNamespace;
use crate::membership::recovery::{Recovery, RecoverySettings};
use crate::socket_state::{Phase, SocketState};
use crate::wire::backlink::{Backlink, ServerLink};

/// One namespace, as its sockets see it: who else is there, and the way to them.
pub(crate) struct NamespaceShared {
    pub(crate) local: Arc<LocalNamespace>,
    pub(crate) adapter: Arc<dyn Adapter>,
    /// There if lost sockets may come back.
    pub(crate) recovery: Option<Box<Recovery>>,
    /// The namespace with its handlers, whose type cannot be known here: handlers take sockets,
    /// and sockets know their space.
    owner: Backlink,
    /// The server, likewise.
    server: ServerLink,
    /// What the pattern of its parent has found in the name of the namespace.
    pub(crate) captured: Captured,
}

/// Names and values of the groups of a pattern.
pub(crate) type Captured = Option<Arc<[(SmolStr, SmolStr)]>>;

/// Where an operation on many sockets takes place: in a namespace, or in all that are made after a
/// pattern.
pub(crate) trait Scope: Send + Sync {
    fn adapter(&self) -> &Arc<dyn Adapter>;

    fn name(&self) -> &Namespace;

    /// The namespace in it where this server has a socket of this id.
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

    /// Takes a socket in, in the place of one of the same id that is leaving: a lost one whose client
    /// is back, or one of a client of Socket.IO 2.x, whose ids are those of its session.
    pub(crate) fn enter(&self, socket: &Arc<SocketState>) {
        let rooms = &self.local.rooms;
        let mut entered = rooms.insert(socket);
        if let Err(InsertError::IdTaken) = entered
            && let Some(before) = rooms.get(socket.id.as_str())
            && before.is(Phase::Disconnected)
        {
            // Its disconnecting handlers are still running.
            before.rooms_at_leave.keep(rooms.rooms_of(&before));
            rooms.remove(&before);
            entered = rooms.insert(socket);
        }
        if let Err(error) = entered {
            // Ids are random: this does not happen.
            tracing::error!(socket = %socket.id, %error, "a socket is in no room");
        }
        if let Some(recovery) = &self.recovery {
            recovery.joined(socket);
        }
    }

    pub(crate) fn owner<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.owner.upgrade()
    }

    pub(crate) fn server(&self) -> ServerLink {
        self.server.clone()
    }
}
