//! One engine session and its sockets.

use std::any::Any;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engineio::{Announcement, CloseReason, Session};
use futures_util::future::AbortHandle;
use parking_lot::Mutex;
use smallvec::SmallVec;
use socketio_proto::{EncodeError, Namespace as Name, Packet};
use tokio::runtime::Handle;

use crate::registry::namespace_inner::OccupancyGuard;
use crate::registry::namespaces::Namespaces;
use crate::socket::Socket;
use crate::socket_state::tasks::{TaskGuard, Tasks};
use crate::wire::client_shared::{ClientControl, ClientShared};
use crate::wire::codec::Codec;
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::encoded_packet::EncodedPacket;

pub(crate) use self::receive::RouteCache;

pub(crate) mod conn;
pub(crate) mod connection;
mod dispatch;
pub(crate) mod handle;
mod join;
mod leave;
mod receive;
mod recover;
mod rejected;
mod revision;

/// One engine session and its sockets: one in each namespace that the client has joined.
pub(crate) struct Client {
    pub(crate) shared: Arc<ClientShared>,
    pub(crate) tasks: Arc<Tasks>,
    namespaces: Arc<Namespaces>,
    members: Mutex<Members>,
    /// Whether the client has ever joined a namespace.
    joined: AtomicBool,
}

#[derive(Default)]
struct Members {
    /// A client is in a handful of namespaces: a search through a list beats a table.
    list: SmallVec<[Member; 1]>,
    /// How often the client has tried to join.
    attempts: u64,
    closed: bool,
}

/// The client in one namespace.
struct Member {
    name: Name,
    state: MemberState,
}

enum MemberState {
    /// It is decided whether the client may join, or the connect handlers and what the client has
    /// sent meanwhile are being started.
    Joining(Box<Joining>),
    Joined(Socket, OccupancyGuard),
    /// The client was here. Packets that it sent before it knew are ignored.
    Left,
}

struct Joining {
    /// Tells this attempt from others of the same client to join the same namespace.
    attempt: u64,
    /// The socket, once it is known which one the client gets.
    socket: Option<(Socket, OccupancyGuard)>,
    /// What the client has sent behind its CONNECT.
    queue: Vec<(Packet, TaskGuard)>,
    /// Ends the task that joins.
    task: AbortHandle,
    /// Whether the socket has been let in.
    accepted: bool,
    /// Why the socket has left again. The task that joins ends it, after its connect handlers have
    /// been started.
    left: Option<DisconnectReason>,
}

/// What observers of the connection are told when no lock is held any more.
type Announcements = SmallVec<[Announcement; 2]>;

impl Client {
    pub(crate) fn new(shared: Arc<ClientShared>, namespaces: Arc<Namespaces>) -> Arc<Self> {
        let client = Arc::new(Self {
            tasks: Arc::new(Tasks::new(
                shared.limits.max_pending_events,
                shared.limits.max_pending_bytes,
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

    /// Whether the client has joined a namespace since it is here.
    pub(crate) fn has_joined(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }

    /// The client's sockets that are connected.
    pub(crate) fn sockets(&self) -> Vec<Socket> {
        let members = self.members.lock();
        let sockets = members.list.iter().filter_map(Member::socket);
        sockets
            .filter(|socket| socket.connected())
            .cloned()
            .collect()
    }

    /// Sends a packet while a lock is held.
    fn enqueue(&self, packet: Result<EncodedPacket, EncodeError>) -> Announcement {
        match packet {
            Ok(packet) => self.shared.enqueue(&packet),
            Err(error) => {
                tracing::error!(%error, "a packet was not sent");
                Announcement::default()
            }
        }
    }

    /// Sends a packet that is no event.
    fn send(&self, packet: Result<EncodedPacket, EncodeError>) {
        match packet {
            // A session that is closed is about to be taken out of its namespaces.
            Ok(packet) => drop(self.shared.send_owned(packet)),
            Err(error) => tracing::error!(%error, "a packet was not sent"),
        }
    }

    /// The client broke the protocol: it is taken out of its namespaces and its connection is
    /// closed.
    pub(crate) fn close_for_violation(self: &Arc<Self>, why: &str) {
        tracing::debug!(why, "closing a connection");
        self.leave_all(DisconnectReason::ForcedServerClose, Run::Here);
        self.session().close(CloseReason::ForcedClose);
    }

    /// The client sent something that is no Socket.IO packet.
    pub(crate) fn close_for_decode_error(self: &Arc<Self>, error: &dyn Error) {
        tracing::debug!(%error, "closing a connection: the client sent a malformed packet");
        self.leave_all(DisconnectReason::ForcedClose, Run::Here);
        self.session().close(CloseReason::ForcedClose);
    }
}

impl Members {
    #[inline]
    fn find(&mut self, name: &Name) -> Option<&mut Member> {
        self.list.iter_mut().find(|member| member.name == *name)
    }

    /// What an attempt to join waits with, if it has not been given up.
    fn joining(&mut self, attempt: u64) -> Option<&mut Joining> {
        match &mut self.attempt(attempt)?.state {
            MemberState::Joining(joining) => Some(joining),
            MemberState::Joined(..) | MemberState::Left => None,
        }
    }

    /// The place of an attempt to join that has not been given up.
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

/// What the application does to a client through one of its sockets.
///
/// It may hold locks that its disconnect handlers want, so those run in a task of their own. Only
/// `supersede` is not called by the application.
impl ClientControl for Client {
    fn leave(self: Arc<Self>, socket: &dyn Any, reason: DisconnectReason) {
        let socket = socket.downcast_ref();
        debug_assert!(socket.is_some(), "`leave` takes a `SocketState`");
        if let Some(socket) = socket {
            Self::leave(&self, socket, reason, Run::InTask);
        }
    }

    fn close(self: Arc<Self>, reason: DisconnectReason) {
        self.leave_all(reason, Run::InTask);
        self.session().close(CloseReason::ForcedClose);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn supersede(self: Arc<Self>) {
        tracing::debug!("closing a connection: its client is back on another");
        // The task that calls this is that of the new connection, and has no locks of the
        // application's. Its connect handlers are started after these.
        self.leave_all(DisconnectReason::TransportClose, Run::Here);
        self.session().abort(CloseReason::TransportClose);
    }
}

/// Where disconnect handlers run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Run {
    /// Where they are called, as far as they go at once.
    Here,
    InTask,
}
