//! The public handle to a connection, [`Conn`].

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use engineio::log::Escaped;
use engineio::{
    CloseReason, Message, Packet, Protocol, ReadyState, SendError, SendOptions, SessionEvent,
    Transport,
};

use crate::handler::catch_call;
use crate::handshake::Handshake;
use crate::socket::Socket;
use crate::wire::client_shared::ClientShared;
use crate::wire::disconnect_reason::DisconnectReason;

/// A handle to the connection of a client, which its sockets share (Node's `socket.conn`).
///
/// Listeners are called in the order in which they were added, by the task that causes the event:
/// that of the connection, a request of the client, or a sender. They must not block. They are
/// dropped when the connection is closed. A listener added to a closed connection is never called.
#[derive(Clone)]
pub struct Conn {
    client: Arc<ClientShared>,
}

impl Conn {
    pub(crate) fn new(client: Arc<ClientShared>) -> Self {
        Self { client }
    }

    /// Returns the id of the connection, a secret between the client and the server.
    ///
    /// With the id, anyone can send in the name of the client. Keep it out of logs and do not send
    /// it to other clients. It differs from the id of each [`Socket`].
    #[must_use]
    pub fn id(&self) -> &str {
        self.client.session.id().as_str()
    }

    /// Returns the request that opened the connection (Node's `request`).
    #[must_use]
    pub fn handshake(&self) -> Arc<Handshake> {
        self.client.handshake()
    }

    /// Returns the address of the peer, see [`Handshake::address`].
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.handshake().address()
    }

    /// Returns the Engine.IO revision that the client uses.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.client.session.protocol()
    }

    /// Returns the current transport of the client.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.client.session.transport()
    }

    /// Returns the state of the connection (Node's `readyState`).
    #[must_use]
    pub fn ready_state(&self) -> ReadyState {
        self.client.session.ready_state()
    }

    /// Returns whether the client has upgraded to another transport (Node's `upgraded`).
    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        self.client.session.is_upgraded()
    }

    /// Returns whether an upgrade is in progress (Node's `upgrading`).
    #[must_use]
    pub fn is_upgrading(&self) -> bool {
        self.client.session.is_upgrading()
    }

    /// Returns the number of queued bytes.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.client.session.queued_bytes()
    }

    /// Sends an Engine.IO message unchanged (Node's `send` and `write`).
    ///
    /// A Socket.IO client parses every message as a Socket.IO packet and closes the connection if
    /// it is not one. Use this for packets that are already encoded.
    ///
    /// # Errors
    ///
    /// Fails if the connection is closed, or if this message exceeds
    /// [`max_outbound_bytes`](crate::SocketIoBuilder::max_outbound_bytes), which closes the
    /// connection.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.client.session.send(message)
    }

    /// Sends an Engine.IO message unchanged, with options.
    ///
    /// # Errors
    ///
    /// Fails for the same reasons as [`send`](Self::send).
    pub fn send_with(
        &self,
        message: impl Into<Message>,
        options: SendOptions,
    ) -> Result<(), SendError> {
        self.client.session.send_with(message, options)
    }

    /// Closes the connection after the queued packets were sent (Node's `close()`).
    ///
    /// The client receives no DISCONNECT packet, so it reconnects by itself.
    pub fn close(&self) {
        self.client.session.close(CloseReason::ForcedClose);
    }

    /// Closes the connection immediately and drops the queued packets (Node's `close(true)`).
    pub fn discard(&self) {
        self.client.session.abort(CloseReason::ForcedClose);
    }
}

/// Listeners.
impl Conn {
    /// Calls `listener` with each packet from the client, before the packet is handled (Node's
    /// event `packet`).
    pub fn on_packet(&self, listener: impl Fn(&Packet) + Send + Sync + 'static) -> &Self {
        self.listen("packet", move |event| {
            if let SessionEvent::PacketReceived(packet) = event {
                listener(packet);
            }
        })
    }

    /// Calls `listener` with each packet created for the client (Node's event `packetCreate`):
    /// messages, and the packets of the heartbeat.
    ///
    /// A listener that sends to the same connection is called recursively.
    pub fn on_packet_create(&self, listener: impl Fn(&Packet) + Send + Sync + 'static) -> &Self {
        self.listen("packetCreate", move |event| {
            if let SessionEvent::PacketCreated(packet) = event {
                listener(packet);
            }
        })
    }

    /// Calls `listener` when the client has answered a ping (Node's event `heartbeat`).
    pub fn on_heartbeat(&self, listener: impl Fn() + Send + Sync + 'static) -> &Self {
        self.listen("heartbeat", move |event| {
            if let SessionEvent::Heartbeat = event {
                listener();
            }
        })
    }

    /// Calls `listener` when all queued packets were passed to the transport (Node's event
    /// `drain`).
    pub fn on_drain(&self, listener: impl Fn() + Send + Sync + 'static) -> &Self {
        self.listen("drain", move |event| {
            if let SessionEvent::Drained = event {
                listener();
            }
        })
    }

    /// Calls `listener` when the client starts an upgrade (Node's event `upgrading`).
    pub fn on_upgrading(&self, listener: impl Fn(Transport) + Send + Sync + 'static) -> &Self {
        self.listen("upgrading", move |event| {
            if let SessionEvent::Upgrading(transport) = event {
                listener(transport);
            }
        })
    }

    /// Calls `listener` when the client has upgraded to another transport (Node's event `upgrade`).
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

    /// Calls `listener` when the connection is closed, after its sockets were disconnected (Node's
    /// event `close`).
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
        let client = self.client.log_client();
        // A panic would end the task of the connection or of a sender.
        let listener = move |event: SessionEvent<'_>| {
            if let Err(panic) = catch_call(|| listener(event)) {
                engineio::log_limited!(
                    error,
                    client,
                    "a listener of a connection panicked",
                    event = name,
                    panic = ?Escaped(panic.message()),
                );
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
    /// Returns a handle to the connection of the socket (Node's `socket.conn`).
    #[must_use]
    pub fn conn(&self) -> Conn {
        Conn::new(Arc::clone(&self.state().client))
    }
}
