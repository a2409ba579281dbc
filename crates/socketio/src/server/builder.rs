use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use engineio::{Config, Engine, Origins, PerMessageDeflate, Transport};
use socketio_adapter::{AdapterFactory, InMemoryAdapter};
use socketio_proto::{DecodeLimits, Parser, revision_4};

use crate::handler::AllowListener;
use crate::membership::connection_state_recovery::ConnectionStateRecovery;
use crate::membership::recovery::RecoverySettings;
use crate::registry::namespaces::{NamespaceOptions, Namespaces};
use crate::server::app::App;
use crate::server::engine_hooks::EngineHooks;
use crate::server::layer::SocketIoLayer;
use crate::server::serve_client::ServeClient;
use crate::wire::backlink::{Backlink, ServerLink};
use crate::wire::codec::Codec;
use crate::wire::limits::Limits;

mod engine;

/// The options of a server, with Node's names and defaults where Node has them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use socketio::{SocketIoLayer, Transport};
///
/// let layer = SocketIoLayer::builder()
///     .path("/live")
///     .transports([Transport::WebSocket])
///     .ping_interval(Duration::from_secs(10))
///     .max_http_buffer_size(100_000)
///     .build();
/// # let _: SocketIoLayer = layer;
/// ```
#[must_use = "options do nothing until `build` is called"]
pub struct SocketIoBuilder<S = ()> {
    adapter: Option<Box<dyn AdapterFactory>>,
    recovery: Option<ConnectionStateRecovery>,
    engine: Config,
    limits: Limits,
    namespaces: NamespaceOptions,
    decode: DecodeLimits,
    client: Option<ServeClient>,
    allow_request: Option<AllowListener>,
    state: S,
}

impl SocketIoBuilder {
    pub(crate) fn new() -> Self {
        Self {
            adapter: None,
            recovery: None,
            engine: Config::default().path("/socket.io"),
            limits: Limits::default(),
            namespaces: NamespaceOptions::default(),
            decode: DecodeLimits::default(),
            client: None,
            allow_request: None,
            state: (),
        }
    }
}

impl<S> SocketIoBuilder<S> {
    /// The state from which handlers extract: none by default.
    pub fn with_state<S2>(self, state: S2) -> SocketIoBuilder<S2> {
        SocketIoBuilder {
            adapter: self.adapter,
            recovery: self.recovery,
            engine: self.engine,
            limits: self.limits,
            namespaces: self.namespaces,
            decode: self.decode,
            client: self.client,
            allow_request: self.allow_request,
            state,
        }
    }

    /// What carries broadcasts to other servers: nothing by default.
    pub fn adapter(mut self, adapter: impl AdapterFactory) -> Self {
        self.adapter = Some(Box::new(adapter));
        self
    }

    /// Lets a client whose connection was lost get its socket back, with what it has missed: not by
    /// default.
    ///
    /// Without an [`adapter`](Self::adapter) of yours, the memory of this server keeps what is needed.
    /// An adapter that cannot keep it makes the option useless, and a warning says so.
    pub fn connection_state_recovery(
        mut self,
        recovery: impl Into<Option<ConnectionStateRecovery>>,
    ) -> Self {
        self.recovery = recovery.into();
        self
    }

    /// What encodes packets (Node's `parser`): the JSON of the protocol's specification by default.
    ///
    /// Clients must use the same one. See the chapter [`parsers`](crate::guide::parsers).
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.namespaces.codec = Codec::new(parser);
        self
    }

    /// The path that is served, with everything below it: `/socket.io` by default.
    pub fn path(self, path: &str) -> Self {
        self.engine(|engine| engine.path(path))
    }

    /// The browser client, to be served below the path (Node's `serveClient`): not by default.
    ///
    /// [`ServeClient`] says where the files come from, and what is answered.
    pub fn serve_client(mut self, client: impl Into<Option<ServeClient>>) -> Self {
        self.client = client.into();
        self
    }

    /// Whether clients of Socket.IO 2.x are served: `false` by default (Node's `allowEIO3`).
    ///
    /// They speak older revisions of both protocols. The server does what they expect: they are in
    /// the main namespace without asking, and the query of another namespace is what
    /// [`Auth`](crate::extract::Auth) reads. The id of such a socket is made of the secret id of its
    /// session, so it should not be told to other clients.
    pub fn allow_eio3(self, allow: bool) -> Self {
        self.engine(|engine| engine.allow_eio3(allow))
    }

    /// The transports that clients may use: polling and WebSocket by default.
    ///
    /// With [`Transport::WebTransport`] clients may use it too, on sessions that are handed to
    /// [`Engine::handle_web_transport`](crate::Engine::handle_web_transport).
    pub fn transports(self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.engine(|engine| engine.transports(transports))
    }

    /// Whether a client that polls may move to another transport: `true` by default.
    pub fn allow_upgrades(self, allow: bool) -> Self {
        self.engine(|engine| engine.allow_upgrades(allow))
    }

    /// How long after the last pong a client is pinged: 25 seconds by default.
    pub fn ping_interval(self, interval: Duration) -> Self {
        self.engine(|engine| engine.ping_interval(interval))
    }

    /// How long a client may take to answer a ping: 20 seconds by default.
    pub fn ping_timeout(self, timeout: Duration) -> Self {
        self.engine(|engine| engine.ping_timeout(timeout))
    }

    /// How long an upgrade may take, and the first packet of a WebTransport session: 10 seconds by
    /// default.
    pub fn upgrade_timeout(self, timeout: Duration) -> Self {
        self.engine(|engine| engine.upgrade_timeout(timeout))
    }

    /// The largest message, and the largest polling body, in bytes: 1 000 000 by default. It holds
    /// for every transport.
    pub fn max_http_buffer_size(self, bytes: usize) -> Self {
        self.engine(|engine| engine.max_http_buffer_size(bytes))
    }

    /// How messages on a WebSocket are compressed: not at all by default.
    ///
    /// [`PerMessageDeflate`] says what it costs. [`Socket::compress`](crate::Socket::compress) leaves
    /// single packets as they are.
    pub fn per_message_deflate(self, deflate: impl Into<Option<PerMessageDeflate>>) -> Self {
        self.engine(|engine| engine.per_message_deflate(deflate))
    }

    /// Which values of the `Origin` header are served: any by default.
    ///
    /// The list holds for every transport. CORS alone does not protect WebSocket: without a list,
    /// any page can connect with the cookies of its visitor. [`Origins::List`] says what it means for
    /// polling by JSONP.
    pub fn origins(self, origins: Origins) -> Self {
        self.engine(|engine| engine.origins(origins))
    }

    /// The most bytes that may wait to be sent to one client: 16 MiB by default.
    ///
    /// A client that is further behind is disconnected. See
    /// [`Socket::drained`](crate::Socket::drained).
    pub fn max_outbound_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_outbound_bytes = bytes;
        self.engine(|engine| engine.max_outbound_bytes(bytes))
    }

    /// How long a client may take to join its first namespace: 45 seconds by default. Its
    /// connection is closed then.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// The most handlers of one client that may be unfinished: 1024 by default.
    ///
    /// Nothing more is read from the client until some have finished.
    pub fn max_pending_events(mut self, events: usize) -> Self {
        self.limits.max_pending_events = events.max(1);
        self
    }

    /// The most bytes that the events of one client may hold whose handlers are unfinished:
    /// 16 000 000 by default.
    ///
    /// Nothing more is read from the client until some have finished.
    pub fn max_pending_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_pending_bytes = bytes.max(1);
        self
    }

    /// The most namespaces that one client may join: 64 by default. It is refused further ones.
    pub fn max_namespaces(mut self, namespaces: usize) -> Self {
        self.limits.max_namespaces = namespaces.max(1);
        self
    }

    /// Whether a namespace that was made for a client, after a pattern, is removed when the last
    /// socket has left it: `false` by default (Node's `cleanupEmptyChildNamespaces`).
    ///
    /// One that the application has asked for by its name, with [`SocketIo::of`](crate::SocketIo::of),
    /// or that has got handlers of its own, stays.
    pub fn cleanup_empty_child_namespaces(mut self, cleanup: bool) -> Self {
        self.namespaces.cleanup_empty_children = cleanup;
        self
    }

    /// The most namespaces that clients may have made after patterns, together: 10 000 by default.
    ///
    /// Who asks for a further one is refused. Each costs some kilobytes for as long as it is there;
    /// see [`cleanup_empty_child_namespaces`](Self::cleanup_empty_child_namespaces).
    pub fn max_dynamic_namespaces(mut self, namespaces: usize) -> Self {
        self.namespaces.max_children = namespaces;
        self
    }

    /// The most rooms that one socket may join, that of its own id not counted: no limit by
    /// default.
    ///
    /// Set it where clients choose what they join.
    pub fn max_rooms(mut self, rooms: impl Into<Option<usize>>) -> Self {
        self.namespaces.max_rooms = rooms.into();
        self
    }

    /// The longest name of a room that a socket may join, in bytes: 1024 by default.
    pub fn max_room_len(mut self, bytes: usize) -> Self {
        self.limits.max_room_len = bytes;
        self
    }

    /// The most acknowledgements that a client may owe on one socket: 16 384 by default. Events
    /// that would ask for more are not sent.
    pub fn max_pending_acks(mut self, acks: usize) -> Self {
        self.limits.max_pending_acks = acks;
        self
    }

    /// The most binary attachments of one packet: 10 by default. A client that announces more is
    /// disconnected.
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.decode.max_attachments = attachments;
        self
    }

    /// The most bytes that the attachments of one packet may have together: 10 000 000 by default.
    pub fn max_attachment_bytes(mut self, bytes: usize) -> Self {
        self.decode.max_attachment_bytes = bytes;
        self
    }

    /// How long the attachments of a packet may take to arrive: 30 seconds by default. The client
    /// is disconnected then.
    pub fn attachments_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attachments_timeout = timeout;
        self
    }

    /// How deep arrays and objects in arguments may be nested: 128 by default. A client that sends
    /// deeper ones is disconnected.
    pub fn max_json_depth(mut self, depth: usize) -> Self {
        self.decode.max_depth = depth;
        self
    }

    /// The longest name of an event that clients may send, in bytes: 256 by default.
    pub fn max_event_name_len(mut self, bytes: usize) -> Self {
        self.decode.max_event_name_len = bytes;
        self
    }

    /// The longest name of a namespace that clients may ask for, in bytes: 256 by default.
    pub fn max_namespace_len(mut self, bytes: usize) -> Self {
        self.decode.max_namespace_len = bytes;
        self
    }

    /// Makes the server.
    #[must_use]
    pub fn build(mut self) -> SocketIoLayer<S> {
        let recovery = self.recovery.as_ref();
        self.namespaces.recovery = recovery.map(|recovery| RecoverySettings {
            max_disconnection_duration: recovery.max_disconnection_duration,
            skip_middlewares: recovery.skip_middlewares,
        });
        let adapter = self.adapter.unwrap_or_else(|| match recovery {
            Some(recovery) => Box::new(InMemoryAdapter::factory_with_recovery(
                recovery.adapter_options(),
            )),
            None => Box::new(InMemoryAdapter::factory()),
        });
        let with_query = self
            .decode
            .max_namespace_len
            .saturating_add(revision_4::MAX_QUERY_LEN);
        let limits = Arc::new(Limits {
            decode_with_query: Arc::new(self.decode.clone().with_max_namespace_len(with_query)),
            decode: Arc::new(self.decode),
            ..self.limits
        });
        let engine = Arc::new_cyclic(|engine: &Weak<Engine<App>>| {
            let server = ServerLink(Backlink::new(engine.clone()));
            let app = App {
                limits,
                namespaces: Namespaces::new(adapter, self.namespaces, server.clone()),
                client: self.client,
                hooks: EngineHooks::new(self.allow_request),
                server,
            };
            Engine::new(self.engine, app)
        });
        SocketIoLayer::from_engine(engine, self.state)
    }

    fn engine(mut self, change: impl FnOnce(Config) -> Config) -> Self {
        self.engine = change(self.engine);
        self
    }
}

impl<S> fmt::Debug for SocketIoBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIoBuilder")
            .field("engine", &self.engine)
            .field("recovery", &self.recovery)
            .field("limits", &self.limits)
            .field("namespaces", &self.namespaces)
            .field("decode", &self.decode)
            .finish_non_exhaustive()
    }
}

impl SocketIoLayer {
    /// A server whose handlers use no state, with the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// The options of a server.
    pub fn builder() -> SocketIoBuilder {
        SocketIoBuilder::new()
    }
}

impl Default for SocketIoLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> SocketIoLayer<S> {
    /// A server whose handlers extract from `state`, with the default options.
    #[must_use]
    pub fn with_state(state: S) -> Self {
        SocketIoBuilder::new().with_state(state).build()
    }
}
