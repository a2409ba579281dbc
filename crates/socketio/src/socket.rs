//! One client in one namespace.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use socketio_adapter::{SocketId, Target};
use socketio_proto::EncodeError;
use tokio::time::Instant;

use crate::broadcast::RemoteSocket;
use crate::handshake::Handshake;
use crate::membership::namespace_shared::NamespaceShared;
use crate::socket_state::data_map::DataMap;
use crate::socket_state::recoverable::RecoveryState;
use crate::socket_state::{Phase, SocketState};
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::unicast_packet::UnicastPacket;

mod ack;
mod emit;
mod rooms;
pub(crate) mod server_side;

pub use self::ack::AckFuture;
pub use self::emit::SocketEmitter;
pub use self::rooms::JoinError;

/// A client that is connected to a namespace.
///
/// Cheap to clone, and a plain type: keep it in your own structures. It stays usable after the
/// client has gone; then what it does has no effect.
///
/// # Examples
///
/// ```
/// use socketio::{Socket, extract::Data};
///
/// async fn message(socket: Socket, Data(text): Data<String>) {
///     socket.join("talkers");
///     socket.emit("thanks", "");
///     socket.to("talkers").emit("message", &(socket.id().as_str(), text));
/// }
/// ```
#[derive(Clone)]
pub struct Socket(Arc<SocketInner>);

/// A recipient and where it is, in one allocation: a socket is cloned for each of its events, and to
/// count one reference is cheaper than two.
struct SocketInner {
    state: Arc<SocketState>,
    namespace: Arc<NamespaceShared>,
}

impl Socket {
    pub(crate) fn new(state: Arc<SocketState>, namespace: Arc<NamespaceShared>) -> Self {
        Self(Arc::new(SocketInner { state, namespace }))
    }

    pub(crate) fn state(&self) -> &Arc<SocketState> {
        &self.0.state
    }

    pub(crate) fn namespace_shared(&self) -> &Arc<NamespaceShared> {
        &self.0.namespace
    }

    /// The id of the socket: a public name for it, which is also a room that only it is in.
    ///
    /// It is not the id of the Engine.IO session, which is a secret of the client's.
    #[must_use]
    pub fn id(&self) -> &SocketId {
        &self.state().id
    }

    /// Whether the socket is connected: middleware has let it in and it has not left since.
    #[must_use]
    pub fn connected(&self) -> bool {
        self.state().is(Phase::Connected)
    }

    /// Whether the client has got back, with this socket, one that it had on a connection that was
    /// lost: the id, the rooms and the data are those of before, and the client has been sent what it
    /// missed.
    ///
    /// Never without
    /// [`connection_state_recovery`](crate::SocketIoBuilder::connection_state_recovery).
    #[must_use]
    pub fn recovered(&self) -> bool {
        let recoverable = self.state().recoverable.as_ref();
        recoverable.is_some_and(|recoverable| recoverable.recovered)
    }

    /// Whether the socket is not connected: middleware has not let it in yet, or it has left.
    #[must_use]
    pub fn disconnected(&self) -> bool {
        !self.connected()
    }

    /// What the client sent when it opened its connection (Node's `socket.handshake` and
    /// `socket.request`).
    #[must_use]
    pub fn handshake(&self) -> Arc<Handshake> {
        self.state().client.handshake()
    }

    /// The CONNECT payload of the client (the `auth` option of its side), as another type.
    ///
    /// # Errors
    ///
    /// If the payload is not of that type.
    pub fn auth<T: serde::de::DeserializeOwned>(&self) -> Result<T, socketio_proto::ArgsError> {
        self.state().auth.deserialize()
    }

    /// Values that the application keeps with the socket. They go when the socket is disconnected
    /// and its handlers have run.
    #[must_use]
    pub fn data(&self) -> &DataMap {
        &self.state().data
    }

    /// Disconnects the socket from its namespace. The connection and the client's sockets in other
    /// namespaces stay open (Node's `socket.disconnect()`).
    ///
    /// The client is notified and does not reconnect by itself. The disconnect handlers run in a
    /// separate task. A socket that has already left is not affected, nor is a later socket of the
    /// same client. To close the connection, call [`Client::disconnect`](crate::Client::disconnect):
    ///
    /// ```
    /// # use socketio::Socket;
    /// async fn ban(socket: Socket) {
    ///     socket.client().disconnect();
    /// }
    /// ```
    pub fn disconnect(&self) {
        self.state()
            .disconnect(DisconnectReason::ServerNamespaceDisconnect);
    }

    /// Returns when everything that was sent to the client has been handed to its transport, or
    /// the client is gone: with it, a producer keeps pace with a slow client.
    pub async fn drained(&self) {
        self.state().client.session.drained().await;
    }

    /// Gives up an acknowledgement of the next [`emit_with_ack`](SocketEmitter::emit_with_ack)
    /// after a time.
    pub fn timeout(&self, timeout: Duration) -> SocketEmitter<'_> {
        SocketEmitter::new(self).timeout(timeout)
    }

    /// Drops the next packet if the transport cannot take it at once.
    pub fn volatile(&self) -> SocketEmitter<'_> {
        SocketEmitter::new(self).volatile()
    }

    /// Sets whether the transport may compress the next packet: `true` by default.
    ///
    /// What is compressed already, such as a picture, is better sent as it is.
    pub fn compress(&self, compress: bool) -> SocketEmitter<'_> {
        SocketEmitter::new(self).compress(compress)
    }

    /// The answer to an event of the client.
    pub(crate) fn encode_ack<T: Serialize + ?Sized>(
        &self,
        id: u64,
        args: &T,
    ) -> Result<UnicastPacket, EncodeError> {
        self.namespace_shared()
            .local
            .codec
            .ack(self.namespace_shared().name(), id, args)
    }

    /// Sends such an answer.
    pub(crate) fn send_ack(&self, packet: UnicastPacket) {
        // A client that is gone needs no answer.
        if !self.state().has_left() {
            packet.send(&self.state().client.session).ok();
        }
    }

    /// Whether what is sent now may be told to the client later: it is connected, or its connection
    /// was lost and it may come back, is about to, or has.
    fn is_recoverable(&self) -> bool {
        let SocketInner { state, namespace } = &*self.0;
        let Some(recoverable) = &state.recoverable else {
            return false;
        };
        if state.is(Phase::Connected) {
            return true;
        }
        match recoverable.state_after_leave() {
            // It leaves at this moment.
            None => state.is(Phase::Disconnected),
            Some(RecoveryState::Over) => false,
            // In this order: a client that is not about to come back any more may be there.
            Some(RecoveryState::Kept(until)) => {
                Instant::now() <= until
                    || (namespace.recovery.as_ref())
                        .is_some_and(|recovery| recovery.is_returning(&recoverable.id))
                    || namespace.local.rooms.get(state.id.as_str()).is_some()
            }
        }
    }

    /// Everybody in the namespace but this socket.
    fn others(&self) -> Target {
        Target::all().except(self.id())
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", self.id())
            .field("namespace", self.namespace_shared().name())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.state(), other.state())
    }
}

impl Eq for Socket {}

impl RemoteSocket {
    /// The socket itself, if it is connected to this server.
    #[must_use]
    pub fn local(&self) -> Option<Socket> {
        let id = self.id().as_str();
        let shared = Arc::clone(self.operator.scope()).find_socket(id)?;
        let state = shared.local.rooms.get(id)?;
        Some(Socket::new(state, shared))
    }

    /// Whether the socket is connected to this server.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.local().is_some()
    }
}
