//! A client that is connected to a namespace, and the events, rooms and acknowledgements of its
//! socket.

use std::fmt;
use std::sync::Arc;

use engineio::log::LogClient;
use serde::Serialize;
use socketio_adapter::{SocketId, Target};
use socketio_proto::{Args, EncodeError, Packet};
use tokio::time::Instant;

use crate::broadcast::RemoteSocket;
use crate::handshake::Handshake;
use crate::membership::namespace_shared::NamespaceShared;
use crate::socket_state::data_map::DataMap;
use crate::socket_state::logged_id::LoggedId;
use crate::socket_state::recoverable::RecoveryState;
use crate::socket_state::{Phase, SocketState};
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::unicast_packet::UnicastPacket;

mod ack;
mod ack_trace;
mod emit;
mod rooms;
pub(crate) mod server_side;

pub use self::ack::AckFuture;
pub use self::emit::SocketEmitter;
pub use self::rooms::JoinError;

/// A client that is connected to a namespace.
///
/// It is cheap to clone and can be stored anywhere. It stays valid after the client has left; its
/// operations have no effect then.
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

/// The state of a socket and its namespace in one allocation. A socket is cloned for each of its
/// events, and counting one reference is cheaper than two.
struct SocketInner {
    state: Arc<SocketState>,
    namespace: Arc<NamespaceShared>,
}

impl Socket {
    /// Returns the client as the limits of log lines know it.
    #[cold]
    pub(crate) fn log_client(&self) -> Option<LogClient> {
        self.state().log_client()
    }

    /// Returns the id as logs and spans show it: without the secret that the ids of Socket.IO 2.x
    /// clients contain.
    pub(crate) fn logged_id(&self) -> LoggedId<'_> {
        self.state().logged_id()
    }

    pub(crate) fn new(state: Arc<SocketState>, namespace: Arc<NamespaceShared>) -> Self {
        Self(Arc::new(SocketInner { state, namespace }))
    }

    pub(crate) fn state(&self) -> &Arc<SocketState> {
        &self.0.state
    }

    pub(crate) fn namespace_shared(&self) -> &Arc<NamespaceShared> {
        &self.0.namespace
    }

    /// Returns the id of the socket. It is public, and it names a room that only this socket is in.
    ///
    /// It differs from the id of the Engine.IO session, which is a secret of the client. **The id of a
    /// Socket.IO 2.x client contains that secret**, as in Node: do not send such an id to other clients,
    /// and log the socket with `{:?}`, which shows only the beginning.
    #[must_use]
    pub fn id(&self) -> &SocketId {
        &self.state().id
    }

    /// Returns whether the socket is connected: middleware has accepted it and it has not left.
    #[must_use]
    pub fn connected(&self) -> bool {
        self.state().is(Phase::Connected)
    }

    /// Returns whether the socket was recovered after the client lost its connection.
    ///
    /// A recovered socket has its previous id, rooms and data, and the client has received the
    /// packets that it missed. Always `false` without
    /// [`connection_state_recovery`](crate::SocketIoBuilder::connection_state_recovery).
    #[must_use]
    pub fn recovered(&self) -> bool {
        let recoverable = self.state().recoverable.as_ref();
        recoverable.is_some_and(|recoverable| recoverable.recovered)
    }

    /// Returns whether the socket is not connected: middleware has not accepted it yet, or it has
    /// left.
    #[must_use]
    pub fn disconnected(&self) -> bool {
        !self.connected()
    }

    /// Returns the request with which the client opened its connection (Node's `socket.handshake`
    /// and `socket.request`).
    #[doc(alias = "request")]
    #[must_use]
    pub fn handshake(&self) -> Arc<Handshake> {
        self.state().client.handshake()
    }

    /// Deserialises the payload of the CONNECT packet (Node's `socket.handshake.auth`, the `auth`
    /// option of the client).
    ///
    /// # Errors
    ///
    /// Returns an error if the payload does not have the type `T`.
    #[doc(alias = "handshake.auth")]
    pub fn auth<T: serde::de::DeserializeOwned>(&self) -> Result<T, socketio_proto::ArgsError> {
        self.state().auth.deserialize()
    }

    /// Returns the values that the application stores with the socket (Node's `socket.data`). They
    /// are dropped after the disconnect handlers have run.
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

    /// Returns a future that resolves with the reason when the socket has left. It resolves at once if
    /// the socket has already left.
    ///
    /// The future does not borrow the socket and does not keep it alive, so that a task per socket can
    /// end with its socket. Any number of tasks may wait.
    ///
    /// It resolves as soon as [`connected`](Self::connected) is `false` for good: it does not wait for
    /// the disconnect handlers, which run at the same time. In a middleware, it resolves if the client
    /// leaves before it has joined, and if the socket is refused, with
    /// [`ServerNamespaceDisconnect`](DisconnectReason::ServerNamespaceDisconnect). A socket that its
    /// client [recovers](crate::guide::recovery) is another [`Socket`] with the same id: the future
    /// resolves when the connection is lost. Node has no counterpart; there, one adds a listener for
    /// `disconnect`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use socketio::Socket;
    ///
    /// async fn connected(socket: Socket) {
    ///     tokio::spawn(async move {
    ///         let mut interval = tokio::time::interval(Duration::from_secs(1));
    ///         let mut closed = std::pin::pin!(socket.closed());
    ///         loop {
    ///             tokio::select! {
    ///                 _ = interval.tick() => socket.emit("tick", &()),
    ///                 reason = &mut closed => return println!("{} has left: {reason}", socket.id()),
    ///             }
    ///         }
    ///     });
    /// }
    /// ```
    pub fn closed(&self) -> impl Future<Output = DisconnectReason> + Send + use<> {
        self.state().acks.closed()
    }

    /// Waits until everything that was sent to the client has been passed to its transport, or
    /// until the client has left.
    ///
    /// A producer can use it to adapt to a slow client.
    pub async fn drained(&self) {
        self.state().client.session.drained().await;
    }

    /// Encodes the answer to an event of the client.
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

    /// Encodes the answer to an event of the client, whose arguments are encoded already.
    pub(crate) fn encode_encoded_ack(
        &self,
        id: u64,
        args: Args,
    ) -> Result<UnicastPacket, EncodeError> {
        let namespace = self.namespace_shared();
        let packet = Packet::ack(namespace.name().clone(), id, args);
        namespace.local.codec.unicast(&packet)
    }

    /// Sends an answer that [`encode_ack`](Self::encode_ack) has encoded.
    pub(crate) fn send_ack(&self, packet: UnicastPacket) {
        // The client has left and needs no answer.
        if !self.state().has_left() {
            packet.send(&self.state().client.session).ok();
        }
    }

    /// Returns whether the client may receive a packet later that is sent now. It is connected, or
    /// it can recover the socket, is recovering it or has recovered it.
    fn is_recoverable(&self) -> bool {
        let SocketInner { state, namespace } = &*self.0;
        let Some(recoverable) = &state.recoverable else {
            return false;
        };
        if state.is(Phase::Connected) {
            return true;
        }
        match recoverable.state_after_leave() {
            // The socket is leaving at this moment.
            None => state.is(Phase::Disconnected),
            Some(RecoveryState::Ended) => false,
            // In this order, because a recovery that has just ended may have inserted the socket.
            Some(RecoveryState::Kept(until)) => {
                Instant::now() <= until
                    || (namespace.recovery.as_ref())
                        .is_some_and(|recovery| recovery.is_recovering(&recoverable.id))
                    || namespace.local.rooms.get(state.id.as_str()).is_some()
            }
        }
    }

    /// Returns the target of all sockets in the namespace except this one.
    fn others(&self) -> Target {
        Target::all().except(self.id())
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.logged_id())
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
    /// Returns the [`Socket`] if it is connected to this server.
    #[must_use]
    pub fn local(&self) -> Option<Socket> {
        let id = self.id().as_str();
        let shared = Arc::clone(self.operator.scope()).find_socket(id)?;
        let state = shared.local.rooms.get(id)?;
        Some(Socket::new(state, shared))
    }

    /// Returns whether the socket is connected to this server.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.local().is_some()
    }
}
