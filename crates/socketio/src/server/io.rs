use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use engineio::Engine;
use http::StatusCode;
use http::request::Parts;
use socketio_adapter::Target;
use socketio_proto::Namespace as Name;
use tokio::time::timeout;

use crate::broadcast::BroadcastOperator;
use crate::context::{NamespaceContext, ServerEventContext};
use crate::handler::sealed::Seal;
use crate::namespace::Namespace;
use crate::namespace::into_namespace::{IntoNamespace, Selected, with_slash};
use crate::registry::namespace_inner::NamespaceInner;
use crate::registry::namespaces::Namespaces;
use crate::server::app::App;
use crate::socket::Socket;
use crate::wire::backlink::ServerLink;

mod weak;

pub use self::weak::WeakSocketIo;

/// How long [`SocketIo::close`] waits for clients to take their last packets.
const CLOSE_DEADLINE: Duration = Duration::from_secs(10);

/// A handle to the server: it makes namespaces, and sends to the main one.
///
/// Cheap to clone. `S` is the state of the handlers that are registered through it.
///
/// In an axum handler it is an extractor, if [`SocketIoLayer`](crate::SocketIoLayer) is around the
/// router; in a Socket.IO handler too:
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

    /// The same server, with another state for the handlers that are registered through it.
    ///
    /// A state that holds a handle to the server itself is made so: the layer first, then
    /// `layer.io().with_state(state)`. Let it be a [`WeakSocketIo`], for the server holds the state.
    pub fn with_state<S2>(&self, state: S2) -> SocketIo<S2> {
        SocketIo::new(Arc::clone(&self.engine), state)
    }

    /// The state of the handlers that are registered through this handle.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// A namespace, or a pattern for namespaces that are made when clients ask for them.
    ///
    /// - **A name**: the namespace is made when it is first named; a missing `/` is put in front.
    ///   Clients can join it from then on, at any time while the server runs. Handlers that are
    ///   added later see the events that come later.
    /// - **A [`Regex`](crate::Regex)** (feature `regex-lite`, on by default), or a `regex::Regex` (feature `regex`):
    ///   a namespace is created when a client asks for a name that matches. Clients choose the names, so anchor the
    ///   pattern with `^` and `$` and keep it narrow. [`Captures`](crate::extract::Captures) extracts its groups.
    /// - **An `async fn`** that returns `bool` or `Result<bool, E>`, with extractors
    ///   ([`NamespaceName`](crate::extract::NamespaceName), [`Auth`](crate::extract::Auth), axum's
    ///   `State` and `Query`, …): it decides for each client that asks for a namespace which is not
    ///   there yet.
    ///
    /// A namespace that exists is joined whatever the patterns say. Patterns are tried in the order
    /// in which they were added. The namespaces that are made after one are its children: middleware
    /// and handlers that are registered with the pattern, before or after, serve all of them, and
    /// operations on it mean all of their sockets.
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

    /// The namespace of this name, if there is one: nothing is made. A missing `/` is put in front.
    ///
    /// It is the way to reach the clients of a dynamic namespace from outside, where
    /// [`of`](Self::of) would make one for every name that somebody mentions.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Namespace<S>>
    where
        S: Clone,
    {
        let core = self.namespaces().find(&with_slash(name))?;
        Some(Namespace::of_core(&core, self.state.clone()))
    }

    /// The namespaces that there are now, children of patterns among them, in no particular order.
    #[must_use]
    pub fn all_namespaces(&self) -> Vec<Namespace<S>>
    where
        S: Clone,
    {
        let all = self.namespaces().all().into_iter();
        all.map(|core| Namespace::of_core(&core, self.state.clone()))
            .collect()
    }

    /// Calls `listener` for each namespace that is made from now on (Node's `new_namespace`
    /// event), before a client joins it.
    ///
    /// It is the place to add a middleware to all namespaces, those among them that are made for
    /// clients. If it panics, nobody can join the new namespace.
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

    fn namespaces(&self) -> &Namespaces {
        &self.engine.application().namespaces
    }

    /// The number of clients that are connected to this server (Node's
    /// `io.engine.clientsCount`): engine sessions, whatever namespaces they have joined.
    pub fn clients_count(&self) -> usize {
        self.engine.clients_count()
    }

    /// Closes the server: new clients are refused, what is queued for the others is sent, all are
    /// disconnected.
    ///
    /// Returns when every client is gone and its disconnect handlers have been started. Clients
    /// that do not take their last packets within 10 seconds are cut off; see
    /// [`close_within`](Self::close_within). Sockets learn the reason
    /// [`ServerShuttingDown`](crate::DisconnectReason::ServerShuttingDown). The HTTP server and
    /// its other routes go on.
    ///
    /// The handlers and listeners that have been registered are dropped then, with their state and
    /// whatever they hold, those of each namespace as soon as its disconnect handlers have finished.
    /// Only the engine's listeners of requests and answers stay
    /// ([`on_headers`](crate::Engine::on_headers), [`on_initial_headers`](crate::Engine::on_initial_headers),
    /// [`on_connection_error`](crate::Engine::on_connection_error)), for a closed server still answers.
    pub async fn close(&self) {
        self.close_within(CLOSE_DEADLINE).await;
    }

    /// Closes the server as [`close`](Self::close) does, within another time.
    pub async fn close_within(&self, deadline: Duration) {
        self.engine.close(deadline).await;
        for namespace in self.namespaces().all() {
            let name = namespace.name();
            match timeout(deadline, namespace.shared.adapter.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(namespace = %name, %error, "the adapter did not close")
                }
                Err(_) => tracing::warn!(namespace = %name, "the adapter did not close in time"),
            }
        }
        // Nobody is served any more, and they may hold the server itself.
        self.namespaces().drop_handlers();
        self.engine.application().hooks.drop_handlers();
    }

    pub(crate) fn operator(&self) -> BroadcastOperator {
        let main = self.namespaces().find_or_create(&Name::MAIN);
        BroadcastOperator::new(Arc::clone(&main.shared) as _, Target::all())
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
    /// The server of the socket.
    pub(crate) fn io(&self) -> ServerLink {
        self.namespace_shared().server()
    }
}

impl ServerEventContext {
    /// This server.
    pub(crate) fn io(&self) -> ServerLink {
        self.shared.server()
    }
}

impl NamespaceContext {
    /// The server that the client asks.
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

/// A request did not come through the layer, so there is no [`SocketIo`] to extract.
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
        tracing::error!("{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}
