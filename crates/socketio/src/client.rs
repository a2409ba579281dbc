//! One connection and its sockets; may use `namespace` and the modules below it.
//!
//! | file | contents |
//! |---|---|
//! | `connection.rs` | the engine's `Connection`: decodes messages and checks the timeouts of a client |
//! | `receive.rs`, `dispatch.rs` | the path of a packet to its socket, and of an event to its handlers |
//! | `chain.rs` | middleware and wraps of an event, and its handlers |
//! | `join.rs`, `leave.rs` | joining a namespace with its middleware, and leaving it |
//! | `recover.rs` | connection state recovery |
//! | `rejected.rs` | events that were rejected |
//! | `answers.rs` | CONNECT and CONNECT_ERROR packets, and the ids of sockets, for each protocol revision |
//! | `conn.rs`, `handle.rs` | the public handles `Conn` and `Client` |

use std::any::Any;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engineio::log::Escaped;
use engineio::{Announcement, CloseReason, Session};
use futures_util::future::AbortHandle;
use parking_lot::Mutex;
use smallvec::SmallVec;
use socketio_proto::{EncodeError, Namespace as Name, Packet};
use tokio::runtime::Handle;

use crate::registry::namespace_inner::OccupancyGuard;
use crate::registry::namespaces::Namespaces;
use crate::socket::Socket;
use crate::socket_state::SocketState;
use crate::socket_state::tasks::{TaskGuard, Tasks};
use crate::wire::client_shared::{ClientControl, ClientShared};
use crate::wire::codec::Codec;
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::encoded_packet::EncodedPacket;

pub(crate) use self::receive::RouteCache;

mod answers;
mod chain;
pub(crate) mod conn;
pub(crate) mod connection;
mod dispatch;
pub(crate) mod handle;
mod join;
mod leave;
mod receive;
mod recover;
mod rejected;

/// One engine session and its sockets: one in each namespace that the client has joined.
pub(crate) struct ClientInner {
    pub(crate) shared: Arc<ClientShared>,
    pub(crate) tasks: Arc<Tasks>,
    namespaces: Arc<Namespaces>,
    members: Mutex<Members>,
    /// Whether the client has ever joined a namespace.
    joined: AtomicBool,
}

#[derive(Default)]
struct Members {
    /// Clients are in few namespaces, so a linear search is faster than a map.
    list: SmallVec<[Member; 1]>,
    /// The number of attempts to join.
    attempts: u64,
    closed: bool,
}

/// The client in one namespace.
struct Member {
    name: Name,
    state: MemberState,
}

enum MemberState {
    /// Middleware is running, or the connect handlers and the queued packets are being started.
    Joining(Box<Joining>),
    Joined(Socket, OccupancyGuard),
    /// The socket has left. Packets that the client sent before it was notified are ignored.
    Left,
}

struct Joining {
    /// Distinguishes this attempt from other attempts of the client to join the same namespace.
    attempt: u64,
    /// The size of the CONNECT payload.
    auth_bytes: usize,
    /// The socket, once it is created.
    socket: Option<(Socket, OccupancyGuard)>,
    /// The packets that arrived after the CONNECT packet.
    queue: Vec<(Packet, TaskGuard)>,
    /// Aborts the task of the join.
    task: AbortHandle,
    /// Whether the socket was accepted.
    accepted: bool,
    /// The reason if the socket has left again. The task of the join completes the leave after the
    /// connect handlers were started.
    left: Option<DisconnectReason>,
}

/// The results of accepting a socket. Drop it without a lock: it notifies observers of the
/// connection, and a socket may own values of the application.
struct Accepted {
    _announcements: Vec<Announcement>,
    /// A leaving socket of the same id.
    _replaced: Option<Arc<SocketState>>,
}

impl ClientInner {
    pub(crate) fn new(shared: Arc<ClientShared>, namespaces: Arc<Namespaces>) -> Arc<Self> {
        let client = Arc::new(Self {
            tasks: Arc::new(Tasks::new(
                Arc::clone(&shared.limits),
                Arc::clone(namespaces.running_tasks()),
                Handle::current(),
            )),
            shared,
            namespaces,
            members: Mutex::default(),
            joined: AtomicBool::new(false),
        });
        let control: Arc<dyn ClientControl> = Arc::clone(&client) as _;
        client.shared.set_control(Arc::downgrade(&control));
        client
    }

    pub(crate) fn codec(&self) -> &Codec {
        self.namespaces.codec()
    }

    pub(crate) fn session(&self) -> &Session {
        &self.shared.session
    }

    /// Returns whether the client has ever joined a namespace.
    pub(crate) fn has_joined(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }

    /// Returns the connected sockets of the client.
    pub(crate) fn sockets(&self) -> Vec<Socket> {
        let members = self.members.lock();
        let sockets = members.list.iter().filter_map(Member::socket);
        sockets
            .filter(|socket| socket.connected())
            .cloned()
            .collect()
    }

    /// Sends a packet other than an event.
    fn send(&self, packet: Result<EncodedPacket, EncodeError>) {
        if let Some(packet) = self.encoded(packet) {
            // If the session is closed, its sockets are about to be removed.
            self.shared.send_owned(packet).ok();
        }
    }

    /// Returns the packet, or logs why there is none. Not called under a lock, because the error may
    /// be one of the application's parser.
    fn encoded(&self, packet: Result<EncodedPacket, EncodeError>) -> Option<EncodedPacket> {
        packet
            .inspect_err(|error| {
                engineio::log_limited!(
                    error,
                    self.shared.log_client(),
                    "failed to encode a packet",
                    error = %Escaped(error),
                );
            })
            .ok()
    }

    /// Closes the connection because the client violated the protocol.
    pub(crate) fn close_for_violation(self: &Arc<Self>, why: &str) {
        tracing::debug!(why, "closing a connection");
        self.leave_all(DisconnectReason::ForcedServerClose, RunMode::Inline);
        self.session().close(CloseReason::ForcedClose);
    }

    /// Closes the connection because the client sent a message that is not a Socket.IO packet.
    pub(crate) fn close_for_decode_error(self: &Arc<Self>, error: &dyn Error) {
        // The error may be one of the application's parser, which quotes the client.
        let error = Escaped(error);
        tracing::debug!(%error, "closing a connection: the client sent a malformed packet");
        self.leave_all(DisconnectReason::ForcedClose, RunMode::Inline);
        self.session().close(CloseReason::ForcedClose);
    }
}

impl Members {
    #[inline]
    fn find(&mut self, name: &Name) -> Option<&mut Member> {
        self.list.iter_mut().find(|member| member.name == *name)
    }

    /// Returns the state of an attempt to join, unless it was cancelled.
    fn joining(&mut self, attempt: u64) -> Option<&mut Joining> {
        match &mut self.attempt(attempt)?.state {
            MemberState::Joining(joining) => Some(joining),
            MemberState::Joined(..) | MemberState::Left => None,
        }
    }

    /// Returns the member of an attempt to join, unless it was cancelled.
    fn attempt(&mut self, attempt: u64) -> Option<&mut Member> {
        self.list.iter_mut().find(|member| {
            matches!(&member.state, MemberState::Joining(joining) if joining.attempt == attempt)
        })
    }
}

impl Member {
    fn socket(&self) -> Option<&Socket> {
        match &self.state {
            MemberState::Joining(joining) => joining.socket.as_ref().map(|(socket, _)| socket),
            MemberState::Joined(socket, _) => Some(socket),
            MemberState::Left => None,
        }
    }
}

/// Operations of the application on a client through one of its sockets.
///
/// The application may hold locks that its disconnect handlers need, so the handlers run in a
/// separate task. Only `supersede` is not called by the application.
impl ClientControl for ClientInner {
    fn leave(self: Arc<Self>, socket: &dyn Any, reason: DisconnectReason) {
        let socket = socket.downcast_ref();
        debug_assert!(socket.is_some(), "`leave` takes a `SocketState`");
        if let Some(socket) = socket {
            Self::leave(&self, socket, reason, RunMode::Spawned);
        }
    }

    fn close(self: Arc<Self>, reason: DisconnectReason) {
        self.leave_all(reason, RunMode::Spawned);
        self.session().close(CloseReason::ForcedClose);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn shut_down(self: Arc<Self>) {
        // The engine closes the connection once the queued packets are sent.
        self.leave_all(DisconnectReason::ServerShuttingDown, RunMode::Spawned);
    }

    fn supersede(self: Arc<Self>) {
        tracing::debug!("closing a connection: its client has recovered on another");
        // The caller is the task of the new connection and holds no locks of the application. Its
        // connect handlers start after these disconnect handlers.
        self.leave_all(DisconnectReason::TransportClose, RunMode::Inline);
        self.session().abort(CloseReason::TransportClose);
    }
}

/// How disconnect handlers are run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RunMode {
    /// Polled once by the caller; moved to a task if they are not ready.
    Inline,
    Spawned,
}
