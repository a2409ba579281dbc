use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};
use socketio_adapter::Target;

use crate::broadcast::BroadcastOperator;
use crate::context::ServerEventContext;
use crate::extract::{FromServerEvent, FromSocket};
use crate::handler::{
    ConnectHandler, ConnectListener, DisconnectHandler, DisconnectListener, EventHandler,
    EventListener, Middleware, MiddlewareListener,
};
use crate::membership::namespace_shared::{NamespaceShared, Scope};
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::NamespaceInner;
use crate::registry::parent::Parent;
use crate::socket::Socket;
use crate::socket_state::listeners::Position;

mod cluster;
pub(crate) mod into_namespace;
mod listeners;
mod socket_listeners;

/// A namespace: handlers are registered with it, and it sends to the sockets in it.
///
/// Cheap to clone. Handlers belong to the namespace and serve all its sockets, also those that are
/// connected already. `S` is the state from which they extract. In a handler it is an extractor of
/// its own: the namespace of the socket, without state.
///
/// # Examples
///
/// ```
/// use socketio::extract::Data;
/// use socketio::{ConnectError, Reply, Socket, SocketIoLayer};
///
/// let layer = SocketIoLayer::new();
/// layer
///     .io()
///     .of("/orders")
///     .middleware(async |socket: Socket| {
///         if socket.handshake().headers().contains_key("authorization") {
///             Ok(())
///         } else {
///             Err(ConnectError::new("who are you?"))
///         }
///     })
///     .on_connect(async |socket: Socket| socket.join("customers"))
///     .on("price", async |Data(article): Data<String>| Reply(article.len()));
/// ```
pub struct Namespace<S = ()> {
    selection: Selection,
    state: S,
}

/// What a handle stands for.
#[derive(Clone)]
enum Selection {
    One(Arc<NamespaceShared>),
    /// All that are made after one pattern.
    Children(Arc<Parent>),
}

impl<S> Namespace<S> {
    pub(crate) fn of_core(core: &NamespaceInner, state: S) -> Self {
        Self::new(Selection::One(Arc::clone(&core.shared)), state)
    }

    pub(crate) fn of_parent(parent: Arc<Parent>, state: S) -> Self {
        Self::new(Selection::Children(parent), state)
    }

    fn new(selection: Selection, state: S) -> Self {
        Self { selection, state }
    }

    /// The name of the namespace, which begins with `/`.
    ///
    /// That of a pattern is made up, as in Node's server: `/_0` for the first.
    pub fn name(&self) -> &str {
        match &self.selection {
            Selection::One(shared) => shared.name(),
            Selection::Children(parent) => parent.name(),
        }
    }

    /// Whether this stands for all namespaces that are made after a pattern, see
    /// [`SocketIo::of`](crate::SocketIo::of).
    pub fn is_pattern(&self) -> bool {
        matches!(self.selection, Selection::Children(_))
    }

    /// The namespaces that have been made after this pattern and are there now; none if this is
    /// one itself.
    pub fn children(&self) -> Vec<Self>
    where
        S: Clone,
    {
        match &self.selection {
            Selection::One(_) => Vec::new(),
            Selection::Children(parent) => {
                let children = parent.children.all().into_iter();
                children
                    .map(|child| Self::of_core(&child, self.state.clone()))
                    .collect()
            }
        }
    }

    /// The same namespace, with another state for the handlers that are registered through it.
    pub fn with_state<S2>(&self, state: S2) -> Namespace<S2> {
        Namespace::new(self.selection.clone(), state)
    }

    /// The socket with this id, if it is connected to this server.
    pub fn socket(&self, id: &str) -> Option<Socket> {
        self.spaces().iter().find_map(|shared| {
            let socket_state = shared.local.rooms.get(id)?;
            Some(Socket::new(socket_state, Arc::clone(shared)))
        })
    }

    /// The sockets that are connected to this server, in no particular order (Node's
    /// `namespace.sockets`).
    ///
    /// To send to all of them, [`emit`](Self::emit) is cheaper. For those of other servers there is
    /// [`fetch_sockets`](Self::fetch_sockets).
    pub fn sockets(&self) -> Vec<Socket> {
        let spaces = self.spaces();
        let count = spaces.iter().map(|shared| shared.local.rooms.len()).sum();
        let mut sockets = Vec::with_capacity(count);
        for shared in &spaces {
            shared.local.rooms.for_each(&Target::all(), |socket_state| {
                // One that is about to leave is still in the index.
                if !socket_state.has_left() {
                    sockets.push(Socket::new(Arc::clone(socket_state), Arc::clone(shared)));
                }
            });
        }
        sockets
    }

    fn spaces(&self) -> SmallVec<[Arc<NamespaceShared>; 1]> {
        match &self.selection {
            Selection::One(shared) => smallvec![Arc::clone(shared)],
            Selection::Children(parent) => {
                let children = parent.children.all().into_iter();
                children.map(|child| Arc::clone(&child.shared)).collect()
            }
        }
    }

    /// Lets the handlers of each socket run one after the other: an event waits until all that
    /// came before it have been handled.
    ///
    /// By default handlers start in the order of arrival and a handler that waits for something
    /// does not hold up the next.
    pub fn ordered(self) -> Self {
        self.register(|handlers| handlers.ordered = true)
    }

    pub(crate) fn operator(&self) -> BroadcastOperator {
        let scope: Arc<dyn Scope> = match &self.selection {
            Selection::One(shared) => Arc::clone(shared) as _,
            Selection::Children(parent) => Arc::clone(parent) as _,
        };
        BroadcastOperator::new(scope, Target::all())
    }

    fn register(self, change: impl Fn(&mut Handlers)) -> Self {
        match &self.selection {
            Selection::Children(parent) => parent.register(change),
            Selection::One(shared) => match shared.owner::<NamespaceInner>() {
                Some(core) => core.register(change),
                None => tracing::warn!(
                    namespace = self.name(),
                    "a handler was registered after the namespace has gone, and serves nobody"
                ),
            },
        }
        self
    }
}

impl<S> Namespace<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Adds a middleware, which decides whether a client may join (Node's `namespace.use`).
    ///
    /// Middleware runs in the order of registration, before the client has joined, and stops at
    /// the first error: the client receives it as `connect_error`.
    pub fn middleware<H, T>(self, middleware: H) -> Self
    where
        H: Middleware<T, S>,
        T: 'static,
    {
        let listener = MiddlewareListener::new(middleware, self.state.clone());
        self.register(|handlers| handlers.middleware.push(listener.clone()))
    }

    /// Adds a handler that runs when a client has joined (Node's `connection` event).
    ///
    /// It is started before any handler of the client's events.
    pub fn on_connect<H, T>(self, handler: H) -> Self
    where
        H: ConnectHandler<T, S>,
        T: 'static,
    {
        let listener = ConnectListener::new(handler, self.state.clone());
        self.register(|handlers| handlers.connect.push(listener.clone()))
    }

    /// Adds a handler for an event of the clients.
    ///
    /// Several handlers of one event are started in the order of registration.
    ///
    /// # Panics
    ///
    /// If the name is one that clients cannot send because the protocol keeps it for itself:
    /// `connect`, `connect_error`, `disconnect`, `disconnecting`, `newListener`, `removeListener`.
    pub fn on<H, T>(self, event: &str, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        self.add_event(event, Position::Last, handler)
    }

    /// Adds a handler that runs when a socket is about to leave: it is still in its rooms.
    pub fn on_disconnecting<H, T>(self, handler: H) -> Self
    where
        H: DisconnectHandler<T, S>,
        T: 'static,
    {
        let listener = DisconnectListener::new(handler, self.state.clone());
        self.register(|handlers| handlers.disconnecting.push(listener.clone()))
    }

    /// Adds a handler that runs when a socket has left its rooms and the namespace.
    ///
    /// It runs after the handlers of [`on_disconnecting`](Self::on_disconnecting) have finished. A
    /// client that [comes back](crate::guide::recovery) gets a socket with the same id: its
    /// `on_connect` handlers are started after these of the lost socket, but not after what they, or
    /// the disconnecting ones, wait for.
    pub fn on_disconnect<H, T>(self, handler: H) -> Self
    where
        H: DisconnectHandler<T, S>,
        T: 'static,
    {
        let listener = DisconnectListener::new(handler, self.state.clone());
        self.register(|handlers| handlers.disconnect.push(listener.clone()))
    }

    /// Sets the handler that answers the acknowledgement of an event that was not handled,
    /// because an extractor rejected it or its handler panicked.
    ///
    /// It takes [`Rejection`](crate::Rejection) and every other extractor of event handlers. By
    /// default the answer is `{"status":"Bad Request","error":"…"}`.
    pub fn on_rejection<H, T>(self, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        let listener = EventListener::new(handler, self.state.clone());
        self.register(|handlers| handlers.rejection = Some(listener.clone()))
    }
}

impl<S: Clone> Clone for Namespace<S> {
    fn clone(&self) -> Self {
        Self::new(self.selection.clone(), self.state.clone())
    }
}

impl<S> fmt::Debug for Namespace<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

impl Socket {
    /// The namespace of the socket.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        Namespace::new(Selection::One(Arc::clone(self.namespace_shared())), ())
    }
}

impl ServerEventContext {
    /// The namespace that the event was emitted in.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        Namespace::new(Selection::One(Arc::clone(&self.shared)), ())
    }
}

/// The namespace that the event was emitted in.
impl<S> FromServerEvent<S> for Namespace
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_server_event(
        cx: &mut ServerEventContext,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(cx.namespace())
    }
}

/// The namespace that the socket has joined, or is about to.
impl<S> FromSocket<S> for Namespace
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        Ok(socket.namespace())
    }
}
