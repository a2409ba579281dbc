//! The formats of messages: how they are encoded, and on which channels of the bus they are published.

mod channel;
mod classic;
mod envelope;
mod error;
mod incoming;
mod limits;
mod read;
mod sharded;
mod write;

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use socketio_proto::Namespace;

pub use self::classic::ClassicFormat;
pub use self::error::{DecodeError, EncodeError};
pub use self::incoming::Incoming;
pub use self::limits::FormatLimits;
pub use self::sharded::{ShardedFormat, SubscriptionMode};
use crate::message::{Message, ServerId};

/// The format of the messages of one namespace.
///
/// A format knows the names of the bus's channels. It publishes an event for exactly one room on the
/// channel of that room if Node's adapter does.
///
/// The formats of this crate implement the trait. Other crates only call it.
///
/// # Examples
///
/// ```
/// use socketio_cluster::{
///     Args, BroadcastOptions, Body, ClassicFormat, Destination, Format, Message, Namespace, ServerId,
///     Target,
/// };
///
/// let format = ClassicFormat::new("socket.io", Namespace::MAIN);
/// let body = Body::Broadcast {
///     event: Args::from_serialize(Some("news"), &("hello",))?,
///     options: BroadcastOptions::new(Target::all().to("readers")),
///     request: None,
///     accepts_no_answer: false,
/// };
/// let message = Message::new(ServerId::new("AFHGFF"), Namespace::MAIN, body);
/// let outgoing = format.encode(&Destination::All, &message)?;
/// assert_eq!(outgoing.channel, "socket.io#/#readers#");
/// assert_eq!(format.room_of_channel(&outgoing.channel), Some("readers"));
/// assert_eq!(format.decode(&outgoing.channel, &outgoing.payload)?, message);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Format: fmt::Debug + Send + Sync + 'static {
    /// Returns the namespace.
    fn namespace(&self) -> &Namespace;

    /// Encodes a message and selects the channel to publish it on.
    ///
    /// # Errors
    ///
    /// If the format has no such message, the event has no name or a reserved one, or a part is too
    /// large.
    fn encode(&self, to: &Destination, message: &Message) -> Result<Outgoing, EncodeError>;

    /// Decodes the outer part of a message that was received on this channel. Events and answers stay
    /// encoded, because many of them concern no socket or request of this server.
    ///
    /// # Errors
    ///
    /// If the message is malformed or exceeds the limits.
    fn decode_header<'m>(
        &'m self,
        channel: &str,
        payload: &'m Bytes,
    ) -> Result<Incoming<'m>, DecodeError>;

    /// Decodes a message that was received on this channel.
    ///
    /// # Errors
    ///
    /// If the message is malformed or exceeds the limits.
    fn decode(&self, channel: &str, payload: &Bytes) -> Result<Message, DecodeError> {
        self.decode_header(channel, payload)?.into_message()
    }

    /// Returns the room to whose members all events of this channel are sent. `None` if it is no such
    /// channel.
    ///
    /// A server without members of the room may ignore the message without decoding it.
    fn room_of_channel<'c>(&self, channel: &'c str) -> Option<&'c str>;
}

/// The servers that a message is published to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Destination {
    /// All servers, or those with members of the room if the message is an event for one room.
    All,
    /// One server. A format without channels of single servers publishes to all.
    Server(ServerId),
}

/// An encoded message.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Outgoing {
    /// The name of the channel to publish on.
    pub channel: ByteString,
    /// The encoded message.
    pub payload: Bytes,
}

impl Outgoing {
    pub(crate) fn new(channel: ByteString, payload: Bytes) -> Self {
        Self { channel, payload }
    }
}
