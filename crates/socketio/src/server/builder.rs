//! The options of a server.

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
use crate::server::placement::Placement;
#[cfg(feature = "serve-client")]
use crate::server::serve_client::ServeClient;
use crate::wire::backlink::{Backlink, ServerLink};
use crate::wire::codec::Codec;
use crate::wire::limits::Limits;

mod engine;

/// The options of a server, with Node's names and defaults. Options without a counterpart in Node
/// say so.
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
    #[cfg(feature = "serve-client")]
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
            #[cfg(feature = "serve-client")]
            client: None,
            allow_request: None,
            state: (),
        }
    }
}

impl<S> SocketIoBuilder<S> {
    /// Sets the state that handlers extract from. The default is `()`.
    pub fn with_state<S2>(self, state: S2) -> SocketIoBuilder<S2> {
        self.replace_state(state).0
    }

    fn replace_state<S2>(self, state: S2) -> (SocketIoBuilder<S2>, S) {
        let builder = SocketIoBuilder {
            adapter: self.adapter,
            recovery: self.recovery,
            engine: self.engine,
            limits: self.limits,
            namespaces: self.namespaces,
            decode: self.decode,
            #[cfg(feature = "serve-client")]
            client: self.client,
            allow_request: self.allow_request,
            state,
        };
        (builder, self.state)
    }

    /// Sets the adapter, which connects the server to others (Node's `adapter`). The default keeps
    /// everything in the memory of this server.
    pub fn adapter(mut self, adapter: impl AdapterFactory) -> Self {
        self.adapter = Some(Box::new(adapter));
        self
    }

    /// Enables connection state recovery (Node's `connectionStateRecovery`). It is off by default.
    ///
    /// A client whose connection was lost can get its socket back, with the events that it missed.
    /// The default adapter stores sessions and packets in memory. If a custom
    /// [`adapter`](Self::adapter) does not support recovery, the option has no effect and a warning
    /// is logged.
    #[doc(alias = "connectionStateRecovery")]
    pub fn connection_state_recovery(
        mut self,
        recovery: impl Into<Option<ConnectionStateRecovery>>,
    ) -> Self {
        self.recovery = recovery.into();
        self
    }

    /// Sets the parser that encodes and decodes packets (Node's `parser`). The default is the JSON
    /// encoding of the protocol.
    ///
    /// Clients must use the same parser. See the chapter [`parsers`](crate::guide::parsers).
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.namespaces.codec = Codec::new(parser);
        self
    }

    /// Sets the path of the server (Node's `path`). The default is `/socket.io`.
    ///
    /// Requests to the path and below it are handled by the server.
    pub fn path(self, path: &str) -> Self {
        self.engine(|engine| engine.path(path))
    }

    /// Serves the browser client below the path (Node's `serveClient`). It is off by default.
    ///
    /// See [`ServeClient`] for the source of the files.
    #[cfg(feature = "serve-client")]
    #[cfg_attr(docsrs, doc(cfg(feature = "serve-client")))]
    #[doc(alias = "serveClient")]
    pub fn serve_client(mut self, client: impl Into<Option<ServeClient>>) -> Self {
        self.client = client.into();
        self
    }

    /// Sets whether clients of Socket.IO 2.x are accepted (Node's `allowEIO3`). The default is
    /// `false`.
    ///
    /// Such clients use Engine.IO 3 and Socket.IO 4. They join the main namespace implicitly, and
    /// [`Auth`](crate::extract::Auth) reads the query of other namespaces. The id of such a socket
    /// contains the secret id of its session, so do not send it to other clients.
    #[doc(alias = "allowEIO3")]
    pub fn allow_eio3(self, allow: bool) -> Self {
        self.engine(|engine| engine.allow_eio3(allow))
    }

    /// Sets the transports that clients may use (Node's `transports`). The default is polling and
    /// WebSocket.
    ///
    /// [`Transport::WebTransport`] additionally requires that sessions are passed to [`Engine::handle_web_transport`](crate::Engine::handle_web_transport).
    pub fn transports(self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.engine(|engine| engine.transports(transports))
    }

    /// Sets whether a polling client may upgrade to another transport (Node's `allowUpgrades`). The
    /// default is `true`.
    #[doc(alias = "allowUpgrades")]
    pub fn allow_upgrades(self, allow: bool) -> Self {
        self.engine(|engine| engine.allow_upgrades(allow))
    }

    /// Sets the time between a pong and the next ping (Node's `pingInterval`). The default is 25
    /// seconds.
    #[doc(alias = "pingInterval")]
    pub fn ping_interval(self, interval: Duration) -> Self {
        self.engine(|engine| engine.ping_interval(interval))
    }

    /// Sets the time that a client has to answer a ping (Node's `pingTimeout`). The default is 20
    /// seconds.
    #[doc(alias = "pingTimeout")]
    pub fn ping_timeout(self, timeout: Duration) -> Self {
        self.engine(|engine| engine.ping_timeout(timeout))
    }

    /// Sets the timeout of an upgrade (Node's `upgradeTimeout`). The default is 10 seconds.
    ///
    /// It also limits the wait for the first packet of a WebTransport session.
    #[doc(alias = "upgradeTimeout")]
    pub fn upgrade_timeout(self, timeout: Duration) -> Self {
        self.engine(|engine| engine.upgrade_timeout(timeout))
    }

    /// Sets the largest message and the largest polling body, in bytes (Node's
    /// `maxHttpBufferSize`). The default is 1 000 000.
    ///
    /// The limit applies to every transport.
    #[doc(alias = "maxHttpBufferSize")]
    pub fn max_http_buffer_size(self, bytes: usize) -> Self {
        self.engine(|engine| engine.max_http_buffer_size(bytes))
    }

    /// Sets the compression of WebSocket messages (Node's `perMessageDeflate`). It is off by
    /// default.
    ///
    /// See [`PerMessageDeflate`] for the cost. [`Socket::compress`](crate::Socket::compress)
    /// exempts single packets.
    #[doc(alias = "perMessageDeflate")]
    pub fn per_message_deflate(self, deflate: impl Into<Option<PerMessageDeflate>>) -> Self {
        self.engine(|engine| engine.per_message_deflate(deflate))
    }

    /// Sets the allowed values of the `Origin` header. The default accepts every origin.
    ///
    /// They apply to every request of every transport. CORS does not protect WebSocket: without this
    /// option, any page can connect with the cookies of its visitor. See [`Origins`] for lists,
    /// wildcards, predicates, and the effect on JSONP polling.
    pub fn origins(self, origins: Origins) -> Self {
        self.engine(|engine| engine.origins(origins))
    }

    /// Sets the limit of bytes that are queued for one client. The default is 16 MiB. Node has no
    /// limit.
    ///
    /// A client that exceeds it is disconnected. See [`Socket::drained`](crate::Socket::drained).
    pub fn max_outbound_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_outbound_bytes = bytes;
        self.engine(|engine| engine.max_outbound_bytes(bytes))
    }

    /// Sets the time that a client has to join its first namespace (Node's `connectTimeout`). The
    /// default is 45 seconds.
    ///
    /// After that its connection is closed.
    #[doc(alias = "connectTimeout")]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// Sets the limit of unfinished handlers of one client. The default is 1024. Node has no limit.
    ///
    /// The server stops reading from the client until a handler finishes. If the connection ends before
    /// that, the events that have not been read are dropped, and the disconnect handlers run at once.
    pub fn max_pending_events(mut self, events: usize) -> Self {
        self.limits.max_pending_events = events.max(1);
        self
    }

    /// Sets the limit of bytes in events of one client whose handlers are unfinished. The default
    /// is 16 000 000. Node has no limit.
    ///
    /// The server stops reading from the client until a handler finishes, as for
    /// [`max_pending_events`](Self::max_pending_events).
    pub fn max_pending_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_pending_bytes = bytes.max(1);
        self
    }

    /// Sets the limit of the payloads of CONNECT packets (Node's `auth`) that are stored for one client,
    /// in bytes, in all of its namespaces together. The default is 1 000 000. Node has no limit.
    ///
    /// A client that exceeds it is refused by the namespace that it joins.
    pub fn max_auth_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_auth_bytes = bytes;
        self
    }

    /// Sets the limit of namespaces that one client may join. The default is 256. Node has no limit.
    ///
    /// Joining another one is refused. Each joined namespace takes about 450 bytes, and its name and
    /// payload, see [`max_namespace_len`](Self::max_namespace_len) and
    /// [`max_auth_bytes`](Self::max_auth_bytes).
    pub fn max_namespaces(mut self, namespaces: usize) -> Self {
        self.limits.max_namespaces = namespaces.max(1);
        self
    }

    /// Sets whether a dynamic namespace is removed when its last socket has left (Node's
    /// `cleanupEmptyChildNamespaces`). The default is `false`.
    ///
    /// A namespace that the application has requested by name with
    /// [`SocketIo::of`](crate::SocketIo::of), or that has handlers besides those of its pattern, is
    /// kept.
    #[doc(alias = "cleanupEmptyChildNamespaces")]
    pub fn cleanup_empty_child_namespaces(mut self, cleanup: bool) -> Self {
        self.namespaces.cleanup_empty_children = cleanup;
        self
    }

    /// Sets the limit of dynamic namespaces on this server. The default is 10 000. Node has no
    /// limit.
    ///
    /// A client that requests another one is refused. Each namespace takes some kilobytes; see
    /// [`cleanup_empty_child_namespaces`](Self::cleanup_empty_child_namespaces).
    pub fn max_dynamic_namespaces(mut self, namespaces: usize) -> Self {
        self.namespaces.max_children = namespaces;
        self
    }

    /// Sets the limit of rooms that one socket may join, not counting the room of its id. There is
    /// no limit by default, as in Node.
    ///
    /// Set a limit if clients choose the rooms that they join.
    pub fn max_rooms(mut self, rooms: impl Into<Option<usize>>) -> Self {
        self.namespaces.max_rooms = rooms.into();
        self
    }

    /// Sets the limit of a room name, in bytes. The default is 1024. Node has no limit.
    pub fn max_room_len(mut self, bytes: usize) -> Self {
        self.limits.max_room_len = bytes;
        self
    }

    /// Sets the limit of pending acknowledgements of one socket. The default is 16 384. Node has no
    /// limit.
    ///
    /// An event that would exceed it is not sent. Its acknowledgement fails with
    /// [`AckError::TooManyPending`](crate::AckError::TooManyPending), in a broadcast with
    /// [`AckError::NotSent`](crate::AckError::NotSent).
    pub fn max_pending_acks(mut self, acks: usize) -> Self {
        self.limits.max_pending_acks = acks;
        self
    }

    /// Sets the limit of binary attachments of one packet. The default is 10. Node has no limit.
    ///
    /// A client that announces more is disconnected.
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.decode.max_attachments = attachments;
        self
    }

    /// Sets the limit of the total size of the attachments of one packet, in bytes. The default is
    /// 10 000 000. Node has no limit.
    pub fn max_attachment_bytes(mut self, bytes: usize) -> Self {
        self.decode.max_attachment_bytes = bytes;
        self
    }

    /// Sets the time in which all attachments of a packet have to arrive. The default is 30
    /// seconds. Node has no limit.
    ///
    /// After that the client is disconnected.
    pub fn attachments_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attachments_timeout = timeout;
        self
    }

    /// Sets the limit of nested arrays and objects in arguments. The default is 128. Node has no
    /// limit.
    ///
    /// A client that exceeds it is disconnected.
    pub fn max_json_depth(mut self, depth: usize) -> Self {
        self.decode.max_depth = depth;
        self
    }

    /// Sets the limit of an event name, in bytes. The default is 256. Node has no limit.
    pub fn max_event_name_len(mut self, bytes: usize) -> Self {
        self.decode.max_event_name_len = bytes;
        self
    }

    /// Sets the limit of a namespace name, in bytes. The default is 256. Node has no limit.
    pub fn max_namespace_len(mut self, bytes: usize) -> Self {
        self.decode.max_namespace_len = bytes;
        self
    }

    /// Builds the server.
    #[must_use]
    pub fn build(self) -> SocketIoLayer<S> {
        let (options, state) = self.replace_state(());
        SocketIoLayer::from_engine(options.into_engine(), state)
    }

    fn engine(mut self, change: impl FnOnce(Config) -> Config) -> Self {
        self.engine = change(self.engine);
        self
    }
}

impl SocketIoBuilder {
    /// Builds the server.
    ///
    /// Not generic over the state, so that the server is compiled in this crate and not in the
    /// application.
    fn into_engine(mut self) -> Arc<Engine<App>> {
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
        Arc::new_cyclic(|engine: &Weak<Engine<App>>| {
            let server = ServerLink(Backlink::new(engine.clone()));
            let app = App {
                limits,
                namespaces: Namespaces::new(adapter, self.namespaces, server.clone()),
                #[cfg(feature = "serve-client")]
                client: self.client,
                hooks: EngineHooks::new(self.allow_request),
                placement: Placement::default(),
                server,
            };
            Engine::new(self.engine, app)
        })
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
    /// Creates a server without state and with the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Returns the options of a server, to be changed before it is built.
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
    /// Creates a server whose handlers extract from `state`, with the default options.
    #[must_use]
    pub fn with_state(state: S) -> Self {
        SocketIoBuilder::new().with_state(state).build()
    }
}
