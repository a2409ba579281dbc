//! The connection beneath a socket.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use engineio::{
    CloseReason, Message, Packet, Protocol, ReadyState, SendError, SendOptions, SessionEvent,
    Transport,
};

use crate::handler::catch_call;
use crate::handshake::Handshake;
use crate::socket::Socket;
use crate::wire::client_shared::ClientShared;
use crate::wire::disconnect_reason::DisconnectReason;

/// The connection beneath a socket, which its client shares among its namespaces (Node's
/// `socket.conn`).
///
/// Its listeners are called in the order in which they were added, by whoever makes the event
/// happen: the connection's own task, a request of its client, or whoever sends. They should not
/// block. They go when the connection is closed; one that is added later is never called.
#[derive(Clone)]
pub struct Conn {
    client: Arc<ClientShared>,
}

impl Conn {
    pub(crate) fn new(client: Arc<ClientShared>) -> Self {
        Self { client }
    }

    /// The id of the connection: a secret between this client and the server.
    ///
    /// Who knows it can send in the client's name: keep it out of logs, and away from other
    /// clients. It is not the id of any [`Socket`].
    #[must_use]
    pub fn id(&self) -> &str {
        self.client.session.id().as_str()
    }

    /// The request that opened the connection (Node's `request`).
    #[must_use]
    pub fn handshake(&self) -> Arc<Handshake> {
        self.client.handshake()
    }

    /// The address of the peer, see [`Handshake::address`].
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.handshake().address()
    }

    /// The revision of Engine.IO that the client speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.client.session.protocol()
    }

    /// The transport that the client uses now.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.client.session.transport()
    }

    /// How far the connection has come.
    #[must_use]
    pub fn ready_state(&self) -> ReadyState {
        self.client.session.ready_state()
    }

    /// Whether the client has moved from polling to another transport (Node's `upgraded`).
    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        self.client.session.is_upgraded()
    }

    /// Whether the client is about to move from polling to another transport (Node's `upgrading`).
    #[must_use]
    pub fn is_upgrading(&self) -> bool {
        self.client.session.is_upgrading()
    }

    /// The number of bytes that wait to be sent.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.client.session.queued_bytes()
    }

    /// Sends an Engine.IO message as it is (Node's `send` and `write`).
    ///
    /// A Socket.IO client takes every message for a Socket.IO packet, and closes the connection if
    /// it is none: this is for packets that are encoded already.
    ///
    /// # Errors
    ///
    /// If the connection is closed, or the client so far behind that its connection has just been
    /// closed for it.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.client.session.send(message)
    }

    /// Sends an Engine.IO message as it is, with options, as [`send`](Self::send) does.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn send_with(
        &self,
        message: impl Into<Message>,
        options: SendOptions,
    ) -> Result<(), SendError> {
        self.client.session.send_with(message, options)
    }

    /// Closes the connection once everything that is queued has been sent, without telling the
    /// client that it is disconnected: it will try to come back (Node's `close()`).
    pub fn close(&self) {
        self.client.session.close(CloseReason::ForcedClose);
    }

    /// Closes the connection at once; what is queued is dropped (Node's `close(true)`).
    pub fn discard(&self) {
        self.client.session.abort(CloseReason::ForcedClose);
    }
}

/// Listeners.
impl Conn {
    /// Calls `listener` with every packet that the client sends, before it has its effect (Node's
    /// event `packet`).
    pub fn on_packet(&self, listener: impl Fn(&Packet) + Send + Sync + 'static) -> &Self {
        self.listen("packet", move |event| {
            if let SessionEvent::PacketReceived(packet) = event {
                listener(packet);
            }
        })
    }

    /// Calls `listener` with every packet that is made for the client (Node's event
    /// `packetCreate`): messages, and the packets of the heartbeat.
    ///
    /// Sending from within it calls it again.
    pub fn on_packet_create(&self, listener: impl Fn(&Packet) + Send + Sync + 'static) -> &Self {
        self.listen("packetCreate", move |event| {
            if let SessionEvent::PacketCreated(packet) = event {
                listener(packet);
            }
        })
    }

    /// Calls `listener` when the client has shown that it is there (Node's event `heartbeat`).
    pub fn on_heartbeat(&self, listener: impl Fn() + Send + Sync + 'static) -> &Self {
        self.listen("heartbeat", move |event| {
            if let SessionEvent::Heartbeat = event {
                listener();
            }
        })
    }

    /// Calls `listener` when all that was queued has been handed to the transport (Node's event
    /// `drain`).
    pub fn on_drain(&self, listener: impl Fn() + Send + Sync + 'static) -> &Self {
        self.listen("drain", move |event| {
            if let SessionEvent::Drained = event {
                listener();
            }
        })
    }

    /// Calls `listener` when the client tries another transport (Node's event `upgrading`).
    pub fn on_upgrading(&self, listener: impl Fn(Transport) + Send + Sync + 'static) -> &Self {
        self.listen("upgrading", move |event| {
            if let SessionEvent::Upgrading(transport) = event {
                listener(transport);
            }
        })
    }

    /// Calls `listener` when the client has moved to another transport (Node's event `upgrade`).
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::Socket;
    ///
    /// async fn connected(socket: Socket) {
    ///     let conn = socket.conn();
    ///     println!("begins with {}", conn.transport());
    ///     conn.on_upgrade(|transport| println!("goes on with {transport}"));
    /// }
    /// ```
    pub fn on_upgrade(&self, listener: impl Fn(Transport) + Send + Sync + 'static) -> &Self {
        self.listen("upgrade", move |event| {
            if let SessionEvent::Upgraded(transport) = event {
                listener(transport);
            }
        })
    }

    /// Calls `listener` when the connection is closed, after its sockets have been disconnected
    /// (Node's event `close`).
    pub fn on_close(&self, listener: impl Fn(DisconnectReason) + Send + Sync + 'static) -> &Self {
        self.listen("close", move |event| {
            if let SessionEvent::Closed(reason) = event {
                listener(reason.into());
            }
        })
    }

    fn listen(
        &self,
        name: &'static str,
        listener: impl Fn(SessionEvent<'_>) + Send + Sync + 'static,
    ) -> &Self {
        // A panic would end the task of the connection, or that of whoever sends.
        let listener = move |event: SessionEvent<'_>| {
            if let Err(panic) = catch_call(|| listener(event)) {
                let panic = panic.message();
                tracing::error!(event = name, panic, "a listener of a connection panicked");
            }
        };
        self.client.session.observe(Arc::new(listener));
        self
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn")
            .field("transport", &self.transport())
            .field("state", &self.ready_state())
            .finish_non_exhaustive()
    }
}

impl Socket {
    /// The connection beneath the socket.
    #[must_use]
    pub fn conn(&self) -> Conn {
        Conn::new(Arc::clone(&self.state().client))
    }
}
