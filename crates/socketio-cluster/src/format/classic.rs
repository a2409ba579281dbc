//! The format of Node's classic Redis adapter and emitter.

mod channels;
mod decode;
mod encode;
mod kind;

use bytes::Bytes;
use bytestring::ByteString;
use socketio_proto::Namespace;

use self::channels::Channels;
use super::error::{DecodeError, EncodeError};
use super::incoming::Incoming;
use super::limits::FormatLimits;
use super::{Destination, Format, Outgoing, channel};
use crate::message::{Message, ServerId};

/// The format of `createAdapter` of Node's `@socket.io/redis-adapter`, and of `@socket.io/redis-emitter`
/// and the emitters of other languages.
///
/// | channel | messages | encoding |
/// |---|---|---|
/// | `<prefix>#<namespace>#` | events for sockets | MessagePack |
/// | `<prefix>#<namespace>#<room>#` | events for the sockets in exactly one room | MessagePack |
/// | `<prefix>-request#<namespace>#` | requests, room changes, events for servers | JSON or MessagePack |
/// | `<prefix>-response#<namespace>#` | answers | JSON or MessagePack |
/// | `<prefix>-response#<namespace>#<server>#` | answers to one server | JSON or MessagePack |
///
/// Answers name their request, but not their sender. Servers are counted by the subscribers of the
/// channel of requests, so subscribe each server to it exactly once.
///
/// The format has no heartbeats and does not announce that a server closes. Attachments of events for
/// servers are sent as JSON objects with the bytes as numbers, as Node sends a `Buffer`. Such objects
/// are read as attachments.
///
/// # Examples
///
/// ```
/// use socketio_cluster::{ClassicFormat, Namespace, ServerId};
///
/// let format = ClassicFormat::new("shop", Namespace::new("/orders")?);
/// assert_eq!(format.broadcast_pattern(), "shop#/orders#*");
/// assert_eq!(format.request_channel(), "shop-request#/orders#");
/// let server = ServerId::new("wKe5IT");
/// assert_eq!(format.server_channel(&server), "shop-response#/orders#wKe5IT#");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClassicFormat {
    namespace: Namespace,
    channels: Channels,
    limits: FormatLimits,
}

impl ClassicFormat {
    /// Creates the format of a namespace.
    ///
    /// All servers and emitters of a cluster have the same prefix (Node's option `key`, whose default is
    /// `socket.io`).
    #[must_use]
    pub fn new(prefix: &str, namespace: Namespace) -> Self {
        Self {
            channels: Channels::new(prefix, &namespace),
            namespace,
            limits: FormatLimits::default(),
        }
    }

    /// Sets whether answers are published on the channel of the server that has sent the request (Node's
    /// option `publishOnSpecificResponseChannel`). Default: false.
    #[must_use]
    pub fn with_server_channels(mut self, uses_server_channels: bool) -> Self {
        self.channels.uses_server_channels = uses_server_channels;
        self
    }

    /// Sets the limits of received messages.
    #[must_use]
    pub fn with_limits(mut self, limits: FormatLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the pattern of Redis for all channels of events for sockets.
    #[must_use]
    pub fn broadcast_pattern(&self) -> String {
        channel::pattern(&self.channels.broadcast)
    }

    /// Returns the channel of events for sockets in no or several rooms.
    #[must_use]
    pub fn broadcast_channel(&self) -> &str {
        &self.channels.broadcast
    }

    /// Returns the channel of events for the sockets in exactly this room.
    #[must_use]
    pub fn room_channel(&self, room: &str) -> ByteString {
        channel::below(&self.channels.broadcast, room)
    }

    /// Returns the channel of requests.
    #[must_use]
    pub fn request_channel(&self) -> &str {
        &self.channels.request
    }

    /// Returns the channel of answers to all servers.
    #[must_use]
    pub fn response_channel(&self) -> &str {
        &self.channels.response
    }

    /// Returns the channel of answers to this server.
    #[must_use]
    pub fn server_channel(&self, server: &ServerId) -> ByteString {
        channel::below(&self.channels.response, server.as_str())
    }
}

impl Format for ClassicFormat {
    fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    fn encode(&self, to: &Destination, message: &Message) -> Result<Outgoing, EncodeError> {
        if message.namespace != self.namespace {
            return Err(EncodeError::OtherNamespace);
        }
        encode::message(&self.channels, to, message)
    }

    fn decode_header<'m>(
        &'m self,
        channel: &str,
        payload: &'m Bytes,
    ) -> Result<Incoming<'m>, DecodeError> {
        let namespace = &self.namespace;
        decode::message(&self.channels, channel, payload, namespace, &self.limits)
    }

    fn room_of_channel<'c>(&self, channel: &'c str) -> Option<&'c str> {
        channel::name_below(&self.channels.broadcast, channel)
    }
}
