//! The format of Node's sharded Redis adapter.

use bytes::Bytes;
use bytestring::ByteString;
use socketio_adapter::{Room, Target};
use socketio_proto::Namespace;
use socketio_proto::envelope::EnvelopeWriter;

use super::error::{DecodeError, EncodeError};
use super::incoming::Incoming;
use super::limits::FormatLimits;
use super::{Destination, Format, Outgoing, channel, envelope};
use crate::message::{Body, Message, ServerId};

/// The length of the ids of sockets, by which Node's adapter distinguishes them from other rooms.
const SOCKET_ID_LEN: usize = 20;

/// The format of `createShardedAdapter` of Node's `@socket.io/redis-adapter`, for the sharded pub/sub of
/// Redis 7.
///
/// | channel | messages |
/// |---|---|
/// | `<prefix>#<namespace>#` | all except the following |
/// | `<prefix>#<namespace>#<room>#` | events for the sockets in exactly one room, see [`SubscriptionMode`] |
/// | `<prefix>#<namespace>#<server>#` | answers to one server |
///
/// A message is JSON, and MessagePack if it has attachments. The format has no heartbeats in Node:
/// servers are counted by the subscribers of the first channel, so subscribe each server to it exactly
/// once.
///
/// # Examples
///
/// ```
/// use socketio_cluster::{Namespace, Room, ShardedFormat, SubscriptionMode};
///
/// let format = ShardedFormat::new("socket.io", Namespace::MAIN)
///     .with_subscription_mode(SubscriptionMode::Dynamic);
/// assert_eq!(format.namespace_channel(), "socket.io#/#");
/// assert_eq!(format.room_channel("news"), "socket.io#/#news#");
/// assert!(format.subscribes_to_room(&Room::from("news"), false));
/// ```
#[derive(Clone, Debug)]
pub struct ShardedFormat {
    namespace: Namespace,
    channel: ByteString,
    mode: SubscriptionMode,
    limits: FormatLimits,
}

/// The rooms whose events are published on a separate channel (Node's option `subscriptionMode`).
///
/// All servers of a cluster have the same mode. With channels of rooms, a server receives only what
/// concerns its sockets, but subscribes and unsubscribes when rooms are created and removed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SubscriptionMode {
    /// No room.
    Static,
    /// All rooms except the own rooms of sockets, whose names have 20 characters. The default.
    #[default]
    Dynamic,
    /// All rooms.
    DynamicPrivate,
}

impl ShardedFormat {
    /// Creates the format of a namespace.
    ///
    /// All servers of a cluster have the same prefix (Node's option `channelPrefix`, whose default is
    /// `socket.io`).
    #[must_use]
    pub fn new(prefix: &str, namespace: Namespace) -> Self {
        Self {
            channel: format!("{prefix}#{namespace}#").into(),
            namespace,
            mode: SubscriptionMode::default(),
            limits: FormatLimits::default(),
        }
    }

    /// Sets the rooms whose events are published on a separate channel.
    #[must_use]
    pub fn with_subscription_mode(mut self, mode: SubscriptionMode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the limits of received messages.
    #[must_use]
    pub fn with_limits(mut self, limits: FormatLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the channel that every server of the namespace subscribes to.
    #[must_use]
    pub fn namespace_channel(&self) -> &str {
        &self.channel
    }

    /// Returns the channel of answers to this server.
    #[must_use]
    pub fn server_channel(&self, server: &ServerId) -> ByteString {
        channel::below(&self.channel, server.as_str())
    }

    /// Returns the channel of events for the sockets in exactly this room.
    #[must_use]
    pub fn room_channel(&self, room: &str) -> ByteString {
        channel::below(&self.channel, room)
    }

    /// Returns whether a server with members of this room subscribes to its channel. `is_own` states
    /// whether it is the own room of a socket.
    ///
    /// In the mode [`Dynamic`](SubscriptionMode::Dynamic) other servers also publish on the channel of an
    /// own room whose name does not have 20 characters, so this returns true for it. Node's servers do
    /// not subscribe to it and miss these events.
    #[must_use]
    pub fn subscribes_to_room(&self, room: &Room, is_own: bool) -> bool {
        match self.mode {
            SubscriptionMode::Static => false,
            SubscriptionMode::Dynamic => !is_own || !has_len_of_socket_id(room),
            SubscriptionMode::DynamicPrivate => true,
        }
    }

    /// Returns whether events for the sockets in this room are published on its channel.
    fn publishes_to_room(&self, room: &Room) -> bool {
        match self.mode {
            SubscriptionMode::Static => false,
            SubscriptionMode::Dynamic => !has_len_of_socket_id(room),
            SubscriptionMode::DynamicPrivate => true,
        }
    }

    fn broadcast_channel(&self, target: &Target) -> ByteString {
        match target.rooms() {
            [room] if self.publishes_to_room(room) => self.room_channel(room.as_str()),
            _ => self.channel.clone(),
        }
    }
}

/// Returns whether a name has as many characters as JavaScript counts in the id of a socket.
fn has_len_of_socket_id(room: &Room) -> bool {
    room.as_str().encode_utf16().count() == SOCKET_ID_LEN
}

impl Format for ShardedFormat {
    fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    fn encode(&self, to: &Destination, message: &Message) -> Result<Outgoing, EncodeError> {
        if message.namespace != self.namespace {
            return Err(EncodeError::OtherNamespace);
        }
        let channel = match (to, &message.body) {
            (Destination::Server(server), _) => self.server_channel(server),
            // All servers count the sockets of an event with acknowledgements, so that the sender knows
            // how many counts to expect.
            (
                Destination::All,
                Body::Broadcast {
                    options,
                    request: None,
                    ..
                },
            ) => self.broadcast_channel(&options.target),
            (Destination::All, _) => self.channel.clone(),
        };
        let writer = if envelope::has_binary(&message.body) {
            EnvelopeWriter::msgpack()
        } else {
            EnvelopeWriter::json()
        };
        let payload = envelope::encode(writer, message)?.finish()?;
        Ok(Outgoing::new(channel, payload))
    }

    fn decode_header<'m>(
        &'m self,
        channel: &str,
        payload: &'m Bytes,
    ) -> Result<Incoming<'m>, DecodeError> {
        if !channel.starts_with(&*self.channel) {
            return Err(DecodeError::UnknownChannel);
        }
        envelope::decode(payload, &self.namespace, &self.limits)
    }

    /// Returns the name in a channel of a room or server, which look alike. It is a room if it is not
    /// the id of this server.
    fn room_of_channel<'c>(&self, channel: &'c str) -> Option<&'c str> {
        channel::name_below(&self.channel, channel)
    }
}
