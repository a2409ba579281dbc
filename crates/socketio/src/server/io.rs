//! The handle to a server, [`SocketIo`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use engineio::Engine;
use engineio::log::Escaped;
use futures_util::future::join_all;
use http::StatusCode;
use http::request::Parts;
use socketio_adapter::Target;
use socketio_proto::Namespace as Name;
use tokio::time::{Instant, timeout};

use crate::broadcast::BroadcastOperator;
use crate::context::{NamespaceContext, ServerEventContext};
use crate::handler::sealed::Seal;
use crate::namespace::Namespace;
use crate::namespace::into_namespace::{IntoNamespace, Selected, with_slash};
use crate::registry::configurators::Configurable;
use crate::registry::namespace_inner::NamespaceInner;
use crate::registry::namespaces::Namespaces;
use crate::server::app::App;
use crate::socket::Socket;
use crate::wire::backlink::ServerLink;

mod drain;
mod weak;

pub use self::drain::Drained;
pub use self::weak::WeakSocketIo;

/// The default time that [`SocketIo::close`] waits for clients to receive their last packets and
/// for handlers to finish.
const CLOSE_DEADLINE: Duration = Duration::from_secs(10);

/// The time that cancelled handlers have to be dropped. It passes only if a handler blocks its
/// thread.
const CANCEL_LIMIT: Duration = Duration::from_millis(100);

/// The minimum time that the adapters have to close.
const MIN_ADAPTER_DEADLINE: Duration = Duration::from_secs(1);

/// The result of closing a server, see [`SocketIo::close`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Closed {
    /// The number of handlers that did not finish in time and were cancelled.
    ///
    /// It includes event, connect and disconnect handlers and middleware. The handlers of one
    /// socket that run one after the other count as one: its disconnect handlers, and its event
    /// handlers in an [`ordered`](crate::Namespace::ordered) namespace.
    pub cancelled: usize,
}

/// A handle to the server. It creates namespaces and sends to the main namespace.
///
/// Cheap to clone. `S` is the state of the handlers that are registered through it. A function that
/// only sends takes a [`SocketIo`] without state. Convert another handle with
/// `SocketIo::from(&io)`, see [the guide](crate::guide::state#passing-handles-to-functions).
///
/// It is an extractor in Socket.IO handlers, and in axum handlers if
/// [`SocketIoLayer`](crate::SocketIoLayer) wraps the router:
///
/// ```
/// use axum::{Json, Router, routing::post};
/// use socketio::{SocketIo, SocketIoLayer};
///
/// async fn notify(io: SocketIo, Json(notice): Json<String>) {
///     io.to("ops").emit("notice", &notice);
/// }
///
/// let app: Router = Router::new()
///     .route("/notify", post(notify))
///     .layer(SocketIoLayer::new());
/// ```
pub struct SocketIo<S = ()> {
    pub(crate) engine: Arc<Engine<App>>,
    state: S,
}

impl<S> SocketIo<S> {
    pub(crate) fn new(engine: Arc<Engine<App>>, state: S) -> Self {
        Self { engine, state }
    }

    /// Returns a handle to the same server with another state for handlers.
    ///
    /// To store a handle to the server in the state, create the layer first and call
    /// `layer.io().with_state(state)`. Store a [`WeakSocketIo`], because the server owns the state.
    pub fn with_state<S2>(&self, state: S2) -> SocketIo<S2> {
        SocketIo::new(Arc::clone(&self.engine), state)
    }

    /// Returns the state of the handlers that are registered through this handle.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// Returns a namespace, or a pattern for namespaces that are created on request (Node's `of`).
    ///
    /// - **A name**: the namespace is created by the first call. A missing leading `/` is added.
    ///   Clients can join it from then on. Handlers that are added later receive later events.
    /// - **A [`Regex`](crate::Regex)** (feature `regex-lite`, on by default), or a `regex::Regex`
    ///   (feature `regex`): a namespace is created when a client requests a name that matches.
    ///   Clients choose the names, so anchor the pattern with `^` and `$` and keep it narrow.
    ///   [`Captures`](crate::extract::Captures) extracts its groups.
    /// - **An `async fn`** that returns `bool` or `Result<bool, E>`, with extractors
    ///   ([`NamespaceName`](crate::extract::NamespaceName), [`Auth`](crate::extract::Auth), axum's
    ///   `State` and `Query`, …): it is called for each client that requests a namespace that does
    ///   not exist.
    ///
    /// Clients can join an existing namespace whatever the patterns are. Patterns are tried in the
    /// order in which they were added. Namespaces created from a pattern are its children.
    /// Middleware and handlers of the pattern, registered before or after, apply to all children,
    /// and operations on the pattern apply to the sockets of all children.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::extract::State;
    /// use socketio::SocketIoLayer;
    /// use socketio::extract::{Auth, NamespaceName};
    ///
    /// #[derive(Clone)]
    /// struct Tenants;
    ///
    /// impl Tenants {
    ///     async fn exists(&self, name: &str, token: &str) -> Result<bool, std::io::Error> {
    ///         Ok(name == "acme" && token == "sesame")
    ///     }
    /// }
    ///
    /// let io = SocketIoLayer::with_state(Tenants).io();
    /// io.of("/news");
    /// io.of(
    ///     async |name: NamespaceName, Auth(token): Auth<String>, State(tenants): State<Tenants>| {
    ///         match name.strip_prefix("/tenant-") {
    ///             Some(tenant) => tenants.exists(tenant, &token).await,
    ///             None => Ok(false),
    ///         }
    ///     },
    /// );
    /// ```
    ///
    /// # Panics
    ///
    /// If a name holds a comma, which the protocol cannot carry.
    pub fn of<N, T>(&self, namespace: N) -> Namespace<S>
    where
        N: IntoNamespace<T, S>,
        S: Clone,
    {
        let state = self.state.clone();
        match namespace.into_namespace(&state, Seal).0 {
            Selected::Name(name) => {
                Namespace::of_core(&self.namespaces().find_or_create(&name), state)
            }
            Selected::Pattern(pattern) => {
                Namespace::of_parent(self.namespaces().add_parent(pattern), state)
            }
        }
    }

    /// Returns the namespace with this name if it exists. A missing leading `/` is added.
    ///
    /// Unlike [`of`](Self::of), it never creates a namespace. Use it to reach dynamic namespaces by
    /// names that come from outside.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Namespace<S>>
    where
        S: Clone,
    {
        let core = self.namespaces().find(&with_slash(name))?;
        Some(Namespace::of_core(&core, self.state.clone()))
    }

    /// Returns all namespaces, including the children of patterns, in no particular order.
    #[must_use]
    pub fn all_namespaces(&self) -> Vec<Namespace<S>>
    where
        S: Clone,
    {
        let all = self.namespaces().all().into_iter();
        all.map(|core| Namespace::of_core(&core, self.state.clone()))
            .collect()
    }

    /// Returns how often a client has requested a namespace that does not exist, since the server
    /// was created. Each such client received the error "Invalid namespace".
    #[must_use]
    pub fn invalid_namespace_count(&self) -> u64 {
        self.namespaces().invalid_count()
    }

    /// Calls `listener` for each new namespace, before a client joins it (Node's event
    /// `new_namespace`).
    ///
    /// Use it to add a middleware to all namespaces, including dynamic ones. If the listener
    /// panics, clients cannot join the new namespace.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::{Namespace, Socket, SocketIo};
    ///
    /// async fn log(socket: Socket) -> Result<(), &'static str> {
    ///     println!("{} joins {}", socket.id(), socket.namespace().name());
    ///     Ok(())
    /// }
    ///
    /// fn configure(io: &SocketIo) {
    ///     io.on_new_namespace(|namespace: Namespace| drop(namespace.middleware(log)));
    /// }
    /// ```
    #[doc(alias = "new_namespace")]
    pub fn on_new_namespace(&self, listener: impl Fn(Namespace<S>) + Send + Sync + 'static)
    where
        S: Clone + Send + Sync + 'static,
    {
        let state = self.state.clone();
        self.namespaces().add_listener(
            &(Arc::new(move |core: &Arc<NamespaceInner>| {
                listener(Namespace::of_core(core, state.clone()))
            }) as _),
        );
    }

    /// Calls a function with every namespace and pattern, existing and future, to add the same
    /// handlers to all of them.
    ///
    /// It is called once for each name or pattern, before [`of`](Self::of) returns a new one. A
    /// namespace that is created from a pattern inherits the handlers of the pattern. Unlike
    /// [`on_new_namespace`](Self::on_new_namespace), it therefore adds nothing to dynamic namespaces,
    /// which share one table of handlers.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::{Namespace, NamespaceEvent, SocketIo};
    ///
    /// fn count_refusals(io: &SocketIo) {
    ///     io.configure_each(|namespace: Namespace| {
    ///         let label = namespace.label().to_owned();
    ///         namespace.observe(move |event| {
    ///             if let NamespaceEvent::Refused { error } = event {
    ///                 println!("{label}: {}", error.message());
    ///             }
    ///         });
    ///     });
    /// }
    /// ```
    pub fn configure_each(&self, configure: impl Fn(Namespace<S>) + Send + Sync + 'static)
    where
        S: Clone + Send + Sync + 'static,
    {
        let state = self.state.clone();
        self.namespaces()
            .configure_each(Arc::new(move |each: Configurable<'_>| {
                let state = state.clone();
                configure(match each {
                    Configurable::Namespace(core) => Namespace::of_core(core, state),
                    Configurable::Pattern(parent) => {
                        Namespace::of_parent(Arc::clone(parent), state)
                    }
                });
            }));
    }

    fn namespaces(&self) -> &Namespaces {
        &self.engine.application().namespaces
    }

    /// Returns the number of open connections (Node's `io.engine.clientsCount`), independently of
    /// the namespaces they have joined.
    #[doc(alias = "clientsCount")]
    pub fn clients_count(&self) -> usize {
        self.engine.clients_count()
    }

    /// Closes the server: disconnects all clients, sends their queued packets and waits for
    /// handlers to finish (Node's `close`).
    ///
    /// New connections and events are refused. All sockets are disconnected with the reason
    /// [`ServerShuttingDown`](crate::DisconnectReason::ServerShuttingDown), which starts their
    /// disconnect handlers. Returns when every client has received its last packets and all
    /// handlers have finished: event, connect and disconnect handlers, and middleware in progress.
    /// Node does not wait for handlers.
    ///
    /// Both have 10 seconds; [`close_within`](Self::close_within) sets another bound. Then clients
    /// are aborted, and handlers are cancelled: their futures are dropped, a warning is logged, and
    /// [`Closed`] returns their number. A task that a handler has spawned, and a handler that blocks
    /// its thread, are neither awaited nor cancelled.
    ///
    /// A handler may call this. The server waits for all handlers but that one. If the handler
    /// waits for the call in another task, the server cannot know this, and the handler is
    /// cancelled at the bound.
    ///
    /// The HTTP server and its other routes keep running. In the end, all registered handlers and
    /// listeners are dropped with their state. The listeners of requests and responses are kept,
    /// because a closed server still responds: [`on_headers`](crate::Engine::on_headers),
    /// [`on_initial_headers`](crate::Engine::on_initial_headers) and
    /// [`on_connection_error`](crate::Engine::on_connection_error).
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::SocketIo;
    ///
    /// async fn shut_down(io: SocketIo) {
    ///     let closed = io.close().await;
    ///     println!("{} handlers did not finish", closed.cancelled);
    /// }
    /// ```
    pub async fn close(&self) -> Closed {
        self.close_within(CLOSE_DEADLINE).await
    }

    /// Closes the server as [`close`](Self::close) does, with another bound for clients and
    /// handlers.
    ///
    /// After the bound, sessions have one second to end and adapters at least one second to close.
    /// So the call returns about two seconds after the bound at the latest.
    pub async fn close_within(&self, bound: Duration) -> Closed {
        let start = Instant::now();
        let left = || bound.saturating_sub(start.elapsed());
        self.engine.refuse_sessions();
        self.disconnect_all();
        self.engine.close(bound).await;
        self.finish_handlers(left()).await;
        self.close_adapters(left().max(MIN_ADAPTER_DEADLINE)).await;
        // Sessions that were aborted late and events of other servers have started handlers.
        self.finish_handlers(left()).await;
        let cancelled = self.namespaces().running_tasks().cancelled();
        if cancelled > 0 {
            tracing::warn!(
                handlers = cancelled,
                ?bound,
                "handlers were cancelled because they did not finish before the server closed: \
                 raise the bound of `close_within`, or shorten the handlers"
            );
        }
        // No client is left, and the handlers may own a handle to the server.
        self.namespaces().drop_handlers();
        self.engine.application().hooks.drop_handlers();
        Closed { cancelled }
    }

    /// Waits for the handlers, and cancels the unfinished ones after the limit.
    async fn finish_handlers(&self, limit: Duration) {
        let running = self.namespaces().running_tasks();
        if timeout(limit, running.all_finished()).await.is_err() {
            running.cancel();
            timeout(CANCEL_LIMIT, running.all_finished()).await.ok();
        }
    }

    /// Disconnects all sockets, as Node does before it closes the connections.
    fn disconnect_all(&self) {
        for namespace in self.namespaces().all() {
            let rooms = &namespace.shared.local.rooms;
            rooms.for_each(&Target::all(), |socket_state| {
                if let Some(control) = socket_state.client.control() {
                    control.shut_down();
                }
            });
        }
    }

    async fn close_adapters(&self, deadline: Duration) {
        let closing = self.namespaces().all().into_iter().map(async |namespace| {
            let name = namespace.name();
            match timeout(deadline, namespace.shared.adapter.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    engineio::log_limited!(
                        warn,
                        None,
                        "the adapter did not close",
                        namespace = ?Escaped(&name),
                        error = %Escaped(&error),
                    )
                }
                Err(_) => engineio::log_limited!(
                    warn,
                    None,
                    "the adapter did not close in time",
                    namespace = ?Escaped(&name),
                ),
            }
        });
        join_all(closing).await;
    }

    pub(crate) fn operator(&self) -> BroadcastOperator {
        let main = self.namespaces().find_or_create(&Name::MAIN);
        BroadcastOperator::new(Arc::clone(&main.shared) as _, Target::all())
    }
}

/// Converts a handle into one without state, for functions that only send.
///
/// # Examples
///
/// ```
/// use socketio::{SocketIo, SocketIoLayer};
///
/// #[derive(Clone)]
/// struct App;
///
/// fn announce(io: &SocketIo) {
///     io.emit("news", "hello");
/// }
///
/// let io: SocketIo<App> = SocketIoLayer::with_state(App).io();
/// announce(&SocketIo::from(&io));
/// ```
impl<S> From<&SocketIo<S>> for SocketIo {
    fn from(io: &SocketIo<S>) -> Self {
        io.with_state(())
    }
}

impl<S: Clone> Clone for SocketIo<S> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.engine), self.state.clone())
    }
}

impl<S> fmt::Debug for SocketIo<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIo")
            .field("clients", &self.clients_count())
            .finish_non_exhaustive()
    }
}

impl SocketIo {
    fn from_weak(server: &ServerLink) -> Option<Self> {
        let engine = server.0.upgrade()?;
        Some(Self::new(engine, ()))
    }
}

impl Socket {
    /// Returns the link to the server.
    pub(crate) fn io(&self) -> ServerLink {
        self.namespace_shared().server()
    }
}

impl ServerEventContext {
    /// Returns the link to the server.
    pub(crate) fn io(&self) -> ServerLink {
        self.shared.server()
    }
}

impl NamespaceContext {
    /// Returns the link to the server.
    pub(crate) fn io(&self) -> ServerLink {
        self.server.clone()
    }
}

impl<S> FromRequestParts<S> for SocketIo
where
    S: Send + Sync,
{
    type Rejection = MissingSocketIo;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let extensions = &parts.extensions;
        let of_connection = || extensions.get().and_then(SocketIo::from_weak);
        extensions
            .get()
            .cloned()
            .or_else(of_connection)
            .ok_or(MissingSocketIo)
    }
}

/// The rejection of [`SocketIo`] for a request that did not pass through the layer. The reason is
/// logged, and the client receives "Internal Server Error".
#[derive(Clone, Copy, Debug)]
pub struct MissingSocketIo;

impl fmt::Display for MissingSocketIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "Can't extract `SocketIo`. Is `SocketIoLayer` around this route? Layers apply to the \
             routes that were added before them.",
        )
    }
}

impl std::error::Error for MissingSocketIo {}

impl IntoResponse for MissingSocketIo {
    fn into_response(self) -> Response {
        engineio::log_limited!(error, None, "an extractor failed", reason = %self);
        // The client learns nothing about the program.
        (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response()
    }
}
