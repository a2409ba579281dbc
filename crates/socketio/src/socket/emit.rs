//! Sending of events to the client of a socket.

use std::fmt;
use std::time::Duration;

use engineio::log::{Chain, Escaped};
use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::{BroadcastOptions, Target};
use socketio_proto::{Args, Packet};

use super::Socket;
use super::ack::AckFuture;
use crate::error::emit_error::EmitError;
use crate::wire::unicast_packet::UnicastPacket;

impl Socket {
    /// Sends an event to the client.
    ///
    /// A tuple is sent as several arguments, `()` as none, and any other value as one.
    /// [`Bytes`](bytes::Bytes) at any depth are sent as binary.
    ///
    /// The call returns immediately. Packets are queued until the transport is ready. If the socket
    /// is disconnected, the event is discarded, or stored for the client if it can still
    /// [recover](crate::guide::recovery) the socket.
    ///
    /// If the name is reserved or the arguments cannot be serialised, an error is logged. To handle
    /// the error, use [`try_emit`](Self::try_emit).
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
        SocketEmitter::new(self).emit(event, args);
    }

    /// Sends an event to the client as [`emit`](Self::emit) does, and returns an error if it cannot
    /// be sent.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is reserved, the arguments cannot be serialised, or the socket
    /// is disconnected.
    pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
        SocketEmitter::new(self).try_emit(event, args)
    }

    /// Sends an event to the client immediately, and returns the future of its acknowledgement
    /// (Node's `emitWithAck`).
    ///
    /// The answer is deserialised like arguments: a tuple takes several. Without a
    /// [`timeout`](Self::timeout), the future waits until the socket is disconnected. Setting a
    /// timeout is recommended: while
    /// [`max_pending_events`](crate::SocketIoBuilder::max_pending_events) handlers of the client
    /// are unfinished, its answers are not read.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use socketio::{AckError, Socket};
    ///
    /// async fn ask(socket: Socket) -> Result<String, AckError> {
    ///     let limit = Duration::from_secs(5);
    ///     socket.timeout(limit).emit_with_ack("question", "how are you?").await
    /// }
    /// ```
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> AckFuture<T> {
        SocketEmitter::new(self).emit_with_ack(event, args)
    }

    /// Sends a `message` event to the client (Node's `socket.send`).
    #[doc(alias = "write")]
    pub fn send<T: Serialize + ?Sized>(&self, args: &T) {
        self.emit("message", args);
    }

    /// Sets how long the next [`emit_with_ack`](SocketEmitter::emit_with_ack) waits for its
    /// acknowledgement. By default it waits until the socket is disconnected.
    pub fn timeout(&self, timeout: Duration) -> SocketEmitter<'_> {
        SocketEmitter::new(self).timeout(timeout)
    }

    /// Marks the next packet as volatile: it is dropped if the transport is not ready.
    pub fn volatile(&self) -> SocketEmitter<'_> {
        SocketEmitter::new(self).volatile()
    }

    /// Sets whether the transport may compress the next packet: `true` by default.
    ///
    /// Disable it for data that is already compressed, such as images.
    pub fn compress(&self, compress: bool) -> SocketEmitter<'_> {
        SocketEmitter::new(self).compress(compress)
    }
}

/// A socket together with the options of the next packet.
#[derive(Clone)]
#[must_use = "nothing is sent until `emit` or `emit_with_ack` is called"]
pub struct SocketEmitter<'a> {
    pub(super) socket: &'a Socket,
    pub(super) timeout: Option<Duration>,
    pub(super) volatile: bool,
    pub(super) compress: bool,
}

impl<'a> SocketEmitter<'a> {
    pub(super) fn new(socket: &'a Socket) -> Self {
        Self {
            socket,
            timeout: None,
            volatile: false,
            compress: true,
        }
    }

    /// Sets how long to wait for an acknowledgement. By default, until the socket is disconnected.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Marks the packet as volatile: it is dropped if the transport is not ready.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sets whether the transport may compress the packet: `true` by default.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// Sends an event to the client, see [`Socket::emit`].
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
        match self.try_emit(event, args) {
            Ok(()) => {}
            Err(EmitError::Disconnected) => {
                tracing::trace!(event = ?Escaped(event), "the socket is disconnected")
            }
            Err(error) => engineio::log_limited!(
                error,
                self.socket.log_client(),
                "the event was not sent",
                event = ?Escaped(event),
                error = %Escaped(Chain(&error)),
            ),
        }
    }

    /// Sends an event to the client, see [`Socket::try_emit`].
    ///
    /// # Errors
    ///
    /// Returns an error if the name is reserved, the arguments cannot be serialised, or the socket
    /// is disconnected.
    pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
        self.send_event(event, None, args)
    }

    /// Sends an event to the client and returns the future of its acknowledgement, see
    /// [`Socket::emit_with_ack`].
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> AckFuture<T> {
        AckFuture::send(self.socket, event, self.timeout, |id| {
            self.send_event(event, Some(id), args)
        })
    }

    /// Sends a `message` event to the client, see [`Socket::send`].
    #[doc(alias = "write")]
    pub fn send<T: Serialize + ?Sized>(&self, args: &T) {
        self.emit("message", args);
    }

    fn send_event<T: Serialize + ?Sized>(
        &self,
        event: &str,
        ack: Option<u64>,
        args: &T,
    ) -> Result<(), EmitError> {
        EmitError::check_name(event)?;
        let (state, namespace) = (self.socket.state(), self.socket.namespace_shared());
        if ack.is_none() && !self.volatile && self.socket.is_recoverable() {
            // The adapter stores the packet in case the client does not receive it.
            let packet = Packet::event(
                namespace.name().clone(),
                Args::from_serialize(Some(event), args)?,
            );
            let mut options = BroadcastOptions::new(Target::all().to(&state.id));
            options.flags.compress = self.compress;
            namespace.adapter.broadcast(packet, options);
            return Ok(());
        }
        if state.has_left() {
            return Err(EmitError::Disconnected);
        }
        let codec = &namespace.local.codec;
        let mut packet = if namespace.local.outgoing.has_listeners() {
            let args = Args::from_serialize(Some(event), args)?;
            namespace.local.outgoing.notify(state, &args);
            let packet =
                codec.packet(&Packet::event(namespace.name().clone(), args).with_id(ack))?;
            UnicastPacket::from(packet)
        } else {
            codec.event(namespace.name(), ack, event, args)?
        };
        packet.set_compress(self.compress);
        if self.volatile {
            let sent = packet.send_volatile(&state.client.session);
            // A dropped packet has no answer to wait for.
            return if sent || ack.is_none() {
                Ok(())
            } else {
                Err(EmitError::Dropped)
            };
        }
        let sent = packet.send(&state.client.session);
        sent.map_err(|_| EmitError::Disconnected)
    }
}

impl fmt::Debug for SocketEmitter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketEmitter")
            .field("socket", self.socket)
            .field("timeout", &self.timeout)
            .field("volatile", &self.volatile)
            .field("compress", &self.compress)
            .finish()
    }
}
