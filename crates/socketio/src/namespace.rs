//! The public handle to a namespace; may use `registry` and the modules below it.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use engineio::log::Escaped;
use smallvec::{SmallVec, smallvec};
use socketio_adapter::Target;

use self::registration::Registration;
use crate::broadcast::BroadcastOperator;
use crate::context::ServerEventContext;
use crate::extract::{FromServerEvent, FromSocket};
use crate::handler::{
    ConnectHandler, ConnectListener, DisconnectHandler, DisconnectListener, EventHandler,
    EventListener, HandlerType, Middleware, MiddlewareListener,
};
use crate::membership::namespace_shared::{NamespaceShared, Scope};
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::NamespaceInner;
use crate::registry::parent::Parent;
use crate::socket::Socket;
use crate::socket_state::listeners::Position;
use crate::socket_state::observers::{NamespaceEvent, Observer};

mod cluster;
pub(crate) mod into_namespace;
mod listeners;
mod registration;
mod rooms;
mod socket_listeners;
mod wraps;

/// A namespace: registers handlers and sends to its sockets.
///
/// Cheap to clone. Handlers belong to the namespace and serve all of its sockets, including sockets that are already connected. `S` is the state that they extract from. In handlers it is an
/// extractor for the namespace of the socket, without state.
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

/// The namespaces that a handle selects.
#[derive(Clone)]
enum Selection {
    One(Arc<NamespaceShared>),
    /// All children of one pattern.
    Children(Arc<Parent>),
}

impl Selection {
    /// Changes the handlers of the namespaces.
    fn register(&self, change: &dyn Fn(&mut Handlers)) {
        match self {
            Self::Children(parent) => parent.register(change),
            Self::One(shared) => match shared.owner::<NamespaceInner>() {
                Some(core) => core.register(change),
                None => engineio::log_limited!(
                    warn,
                    None,
                    "a handler was registered with a removed namespace and has no effect",
                    namespace = ?Escaped(shared.name()),
                ),
            },
        }
    }
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

    /// Returns the name of the namespace, which begins with `/`.
    ///
    /// A pattern has a generated name, as in Node: `/_0` for the first one.
    pub fn name(&self) -> &str {
        match &self.selection {
            Selection::One(shared) => shared.name(),
            Selection::Children(parent) => parent.name(),
        }
    }

    /// Returns the name of the namespace in metrics and spans: the name, or the pattern if the
    /// namespace was created from one.
    ///
    /// Clients cannot choose it. A regular expression is returned as text, such as `^/game-\d+$`,
    /// and a function that decides as the generated name of the pattern, such as `/_0`.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::{Regex, SocketIoLayer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let io = SocketIoLayer::new().io();
    /// assert_eq!(io.of("/chat").label(), "/chat");
    /// io.of(Regex::new("^/game-[0-9]+$").unwrap());
    /// assert_eq!(io.of("/game-7").label(), "^/game-[0-9]+$");
    /// # }
    /// ```
    pub fn label(&self) -> &str {
        match &self.selection {
            Selection::One(shared) => shared.label(),
            Selection::Children(parent) => parent.label(),
        }
    }

    /// Adds an observer, which receives events that no handler receives: refused clients, the
    /// outcome of acknowledgements and the size of broadcasts.
    ///
    /// It is called where the event happens, so it must not block. No lock is held, and a panic is
    /// logged. Without observers, events have no additional cost.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::{NamespaceEvent, SocketIo};
    ///
    /// fn audit(io: &SocketIo) {
    ///     io.of("/").observe(|event| match event {
    ///         NamespaceEvent::Refused { error } => println!("refused: {}", error.message()),
    ///         NamespaceEvent::AckEnded { event, elapsed, outcome } => {
    ///             println!("{event}: {} after {elapsed:?}", outcome.as_str());
    ///         }
    ///         _ => {}
    ///     });
    /// }
    /// ```
    pub fn observe<F>(self, observer: F) -> Self
    where
        F: Fn(&NamespaceEvent<'_>) + Send + Sync + 'static,
    {
        let observer = Observer(Arc::new(observer));
        self.register(&|handlers| handlers.observers.push(observer.clone()))
    }

    /// Returns whether the handle stands for all namespaces of a pattern, see
    /// [`SocketIo::of`](crate::SocketIo::of).
    pub fn is_pattern(&self) -> bool {
        matches!(self.selection, Selection::Children(_))
    }

    /// Returns the existing namespaces of this pattern, or none if this is not a pattern.
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

    /// Returns a handle to the same namespace with another state for handlers.
    pub fn with_state<S2>(&self, state: S2) -> Namespace<S2> {
        Namespace::new(self.selection.clone(), state)
    }

    /// Returns the socket with this id if it is connected to this server.
    pub fn socket(&self, id: &str) -> Option<Socket> {
        self.spaces().iter().find_map(|shared| {
            let socket_state = shared.local.rooms.get(id)?;
            Some(Socket::new(socket_state, Arc::clone(shared)))
        })
    }

    /// Returns the sockets that are connected to this server, in no particular order (Node's
    /// `namespace.sockets`).
    ///
    /// To send to all of them, [`emit`](Self::emit) is cheaper.
    /// [`fetch_sockets`](Self::fetch_sockets) includes the sockets of other servers.
    pub fn sockets(&self) -> Vec<Socket> {
        let spaces = self.spaces();
        let count = spaces.iter().map(|shared| shared.local.rooms.len()).sum();
        self.select(&Target::all(), Vec::with_capacity(count))
    }

    /// Returns the number of sockets that are connected to this server (Node's
    /// `namespace.sockets.size`).
    ///
    /// A socket that is leaving counts until its `on_disconnecting` handlers have finished.
    #[doc(alias = "sockets.size")]
    pub fn sockets_count(&self) -> usize {
        let spaces = self.spaces().into_iter();
        spaces.map(|shared| shared.local.rooms.len()).sum()
    }

    /// Returns the number of disconnected sockets that this server stores for connection state recovery.
    ///
    /// It is 0 without recovery. An expired session counts until the next lost connection, broadcast or
    /// recovery.
    pub fn recoverable_count(&self) -> usize {
        let spaces = self.spaces().into_iter();
        spaces.map(|shared| shared.adapter.session_count()).sum()
    }

    /// Appends the sockets of a target on this server.
    fn select(&self, target: &Target, mut sockets: Vec<Socket>) -> Vec<Socket> {
        for shared in &self.spaces() {
            shared.local.rooms.for_each(target, |socket_state| {
                // A socket that is about to leave is still in the index.
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

    /// Makes each socket handle one event at a time: an event waits until all handlers of the
    /// previous event have finished.
    ///
    /// By default handlers start in the order of arrival, and a handler that waits does not delay
    /// the next event. Node has no such option.
    pub fn ordered(self) -> Self {
        self.register(&|handlers| handlers.ordered = true)
    }

    pub(crate) fn operator(&self) -> BroadcastOperator {
        let scope: Arc<dyn Scope> = match &self.selection {
            Selection::One(shared) => Arc::clone(shared) as _,
            Selection::Children(parent) => Arc::clone(parent) as _,
        };
        BroadcastOperator::new(scope, Target::all())
    }

    fn register(self, change: &dyn Fn(&mut Handlers)) -> Self {
        self.selection.register(change);
        self
    }

    /// Adds a handler, and logs a warning if that is repeated. `count` returns the number of
    /// existing handlers of the same type, kind and event.
    fn add(
        self,
        registration: &Registration<'_>,
        count: &dyn Fn(&HandlerType, &Handlers) -> usize,
        add: &dyn Fn(&mut Handlers),
    ) -> Self {
        let is_pattern = self.is_pattern();
        let namespace = self.register(&|handlers| {
            registration.count(is_pattern, handlers, count);
            add(handlers);
        });
        registration.warn_if_repeated(namespace.name(), || namespace.serves_clients());
        namespace
    }

    /// Returns whether a client is in one of the namespaces or is joining it.
    fn serves_clients(&self) -> bool {
        match &self.selection {
            Selection::One(shared) => shared
                .owner::<NamespaceInner>()
                .is_some_and(|core| core.is_occupied()),
            Selection::Children(parent) => {
                let children = parent.children.all();
                children.iter().any(|child| child.is_occupied())
            }
        }
    }
}

impl<S> Namespace<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Adds a middleware, which decides whether a client may join (Node's `namespace.use`).
    ///
    /// Middleware runs in the order of registration, before the client has joined. The first error
    /// ends the chain, and the client receives it as `connect_error`.
    #[doc(alias = "use")]
    pub fn middleware<H, T>(self, middleware: H) -> Self
    where
        H: Middleware<T, S>,
        T: 'static,
    {
        let listener = MiddlewareListener::new(middleware, self.state.clone());
        let registration = Registration::new::<H>("middleware", None);
        self.add(
            &registration,
            &|handler, handlers| handler.count(&handlers.middleware),
            &|handlers| handlers.middleware.push(listener.clone()),
        )
    }

    /// Adds a handler that runs when a client has joined (Node's event `connection`).
    ///
    /// It is started before the handlers of the client's events.
    #[doc(alias = "connection")]
    pub fn on_connect<H, T>(self, handler: H) -> Self
    where
        H: ConnectHandler<T, S>,
        T: 'static,
    {
        let listener = ConnectListener::new(handler, self.state.clone());
        let registration = Registration::new::<H>("on_connect", None);
        self.add(
            &registration,
            &|handler, handlers| handler.count(&handlers.connect),
            &|handlers| handlers.connect.push(listener.clone()),
        )
    }

    /// Adds a handler for an event of the clients (Node's `socket.on`).
    ///
    /// Several handlers of one event are started in the order of registration.
    ///
    /// Register handlers once, when the server starts. In a connect handler, use
    /// [`Socket::on`](crate::Socket::on), which belongs to one socket: a handler of the namespace
    /// that is registered for each client runs once more for all clients each time. A warning is
    /// logged if the same function is registered again for the same event, also for the other kinds
    /// of handlers.
    ///
    /// # Panics
    ///
    /// Panics if the name is reserved by the protocol: `connect`, `connect_error`, `disconnect`,
    /// `disconnecting`, `newListener`, `removeListener`.
    pub fn on<H, T>(self, event: &str, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        self.add_event(event, Position::Last, handler)
    }

    /// Adds a handler that runs when a socket is about to leave and is still in its rooms (Node's
    /// event `disconnecting`).
    pub fn on_disconnecting<H, T>(self, handler: H) -> Self
    where
        H: DisconnectHandler<T, S>,
        T: 'static,
    {
        let listener = DisconnectListener::new(handler, self.state.clone());
        let registration = Registration::new::<H>("on_disconnecting", None);
        self.add(
            &registration,
            &|handler, handlers| handler.count(&handlers.disconnecting),
            &|handlers| handlers.disconnecting.push(listener.clone()),
        )
    }

    /// Adds a handler that runs when a socket has left its rooms and the namespace (Node's event
    /// `disconnect`).
    ///
    /// It runs after the handlers of [`on_disconnecting`](Self::on_disconnecting) have finished. A
    /// client that [recovers](crate::guide::recovery) gets a socket with the same id. Its
    /// `on_connect` handlers start after the disconnect handlers of the lost socket were polled
    /// once, even if those still wait.
    pub fn on_disconnect<H, T>(self, handler: H) -> Self
    where
        H: DisconnectHandler<T, S>,
        T: 'static,
    {
        let listener = DisconnectListener::new(handler, self.state.clone());
        let registration = Registration::new::<H>("on_disconnect", None);
        self.add(
            &registration,
            &|handler, handlers| handler.count(&handlers.disconnect),
            &|handlers| handlers.disconnect.push(listener.clone()),
        )
    }

    /// Sets the handler for events that were rejected, because an extractor or middleware rejected
    /// them or their handler panicked.
    ///
    /// It answers the acknowledgement. It takes [`Rejection`](crate::Rejection) and all other
    /// extractors of event handlers. The default answer is `{"status":"Bad Request","error":"…"}`.
    pub fn on_rejection<H, T>(self, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        let listener = EventListener::new(handler, self.state.clone());
        self.register(&|handlers| handlers.rejection = Some(listener.clone()))
    }
}

/// Converts a handle into one without state, for functions that only send.
impl<S> From<&Namespace<S>> for Namespace {
    fn from(namespace: &Namespace<S>) -> Self {
        namespace.with_state(())
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
    /// Returns the namespace of the socket (Node's `socket.nsp`).
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        Namespace::new(Selection::One(Arc::clone(self.namespace_shared())), ())
    }
}

impl ServerEventContext {
    /// Returns the namespace that the event was emitted in.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        Namespace::new(Selection::One(Arc::clone(&self.shared)), ())
    }
}

/// Extracts the namespace that the event was emitted in.
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

/// Extracts the namespace that the socket has joined or is joining.
impl<S> FromSocket<S> for Namespace
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        Ok(socket.namespace())
    }
}
