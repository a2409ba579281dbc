//! The errors of encoding and decoding messages.

use std::error::Error;
use std::fmt;

use socketio_proto::MessageTooLarge;

/// The error of a message of the bus that is malformed, unknown or too large.
///
/// A server ignores such a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The channel does not belong to the format and namespace.
    UnknownChannel,
    /// The type of the message is unknown, for example because its sender is newer.
    UnknownType,
    /// This member is missing, or its value is invalid.
    InvalidMember(&'static str),
    /// The encoding of the message or of arguments is invalid.
    Malformed(socketio_proto::DecodeError),
    /// The message is larger than
    /// [`max_message_bytes`](crate::FormatLimits#structfield.max_message_bytes).
    MessageTooLarge {
        /// The exceeded limit in bytes.
        limit: usize,
    },
    /// A list has more rooms than [`max_rooms`](crate::FormatLimits#structfield.max_rooms).
    TooManyRooms {
        /// The exceeded limit.
        limit: usize,
    },
    /// An answer has more sockets than [`max_sockets`](crate::FormatLimits#structfield.max_sockets).
    TooManySockets {
        /// The exceeded limit.
        limit: usize,
    },
    /// An id is longer than [`max_id_len`](crate::FormatLimits#structfield.max_id_len).
    IdTooLong {
        /// The exceeded limit in bytes.
        limit: usize,
    },
    /// The name of a room is longer than [`max_room_len`](crate::FormatLimits#structfield.max_room_len).
    RoomTooLong {
        /// The exceeded limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownChannel => f.write_str(
                "a message of another channel: subscribe only to the channels of the format",
            ),
            Self::UnknownType => f.write_str(
                "a message of an unknown type: use the same adapter and prefix on all servers",
            ),
            Self::InvalidMember(name) => write!(
                f,
                "the member `{name}` is missing or invalid: use the same adapter and prefix on all \
                 servers"
            ),
            Self::Malformed(error) => write!(f, "malformed message of the bus: {error}"),
            Self::MessageTooLarge { limit } => write!(
                f,
                "a message of more than {limit} bytes: send less at once or raise \
                 `max_message_bytes`"
            ),
            Self::TooManyRooms { limit } => write!(
                f,
                "a list of more than {limit} rooms: send fewer or raise `max_rooms`"
            ),
            Self::TooManySockets { limit } => write!(
                f,
                "an answer with more than {limit} sockets: fetch fewer or raise `max_sockets`"
            ),
            Self::IdTooLong { limit } => write!(
                f,
                "an id of more than {limit} bytes: use shorter ids or raise `max_id_len`"
            ),
            Self::RoomTooLong { limit } => write!(
                f,
                "the name of a room of more than {limit} bytes: use shorter names or raise \
                 `max_room_len`"
            ),
        }
    }
}

// `Display` contains the text of the cause, so `source` would repeat it.
impl Error for DecodeError {}

impl From<socketio_proto::DecodeError> for DecodeError {
    fn from(error: socketio_proto::DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// The error of a message that cannot be encoded.
#[derive(Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// The arguments of an event do not begin with a name.
    NoEventName,
    /// The name of the event is reserved, and other servers or their clients would fail.
    ReservedEvent,
    /// The format has no such message.
    NotSupported,
    /// The message belongs to another namespace than the format.
    OtherNamespace,
    /// A part of the message is too large for MessagePack.
    TooLarge(MessageTooLarge),
    /// The description of a socket has no JSON form.
    Socket(serde_json::Error),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEventName => {
                f.write_str("an event without a name: create its arguments with a name")
            }
            Self::ReservedEvent => f.write_str("a reserved event name: use another name"),
            Self::NotSupported => {
                f.write_str("the format has no such message: use the format that defines it")
            }
            Self::OtherNamespace => f.write_str(
                "a message of another namespace: encode it with the format of its namespace",
            ),
            Self::TooLarge(error) => error.fmt(f),
            Self::Socket(error) => write!(
                f,
                "the description of a socket has no JSON form: {error}; use strings or numbers as \
                 keys of maps"
            ),
        }
    }
}

// `Display` contains the text of the cause, so `source` would repeat it.
impl Error for EncodeError {}

impl From<MessageTooLarge> for EncodeError {
    fn from(error: MessageTooLarge) -> Self {
        Self::TooLarge(error)
    }
}

impl From<serde_json::Error> for EncodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Socket(error)
    }
}
