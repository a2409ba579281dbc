use std::error::Error;
use std::fmt;

/// What a peer did wrong; a server closes the connection, as Node's does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The first character is not a packet type.
    InvalidType,
    /// The number of attachments is missing, zero or no number; or a placeholder does not stand
    /// for one of them.
    IllegalAttachments,
    /// More attachments are announced than [`max_attachments`](crate::DecodeLimits::max_attachments).
    TooManyAttachments {
        /// The limit that was crossed.
        limit: usize,
    },
    /// The attachments have more bytes than
    /// [`max_attachment_bytes`](crate::DecodeLimits::max_attachment_bytes).
    AttachmentsTooLarge {
        /// The limit that was crossed, in bytes.
        limit: usize,
    },
    /// The namespace is longer than
    /// [`max_namespace_len`](crate::DecodeLimits::max_namespace_len).
    NamespaceTooLong {
        /// The limit that was crossed, in bytes.
        limit: usize,
    },
    /// The namespace is no text, or does not begin with `/`, or holds a comma. Only parsers other
    /// than the JSON one can find such a name.
    InvalidNamespace,
    /// The message is not the MessagePack of a packet.
    InvalidMsgpack,
    /// The acknowledgement id is over 2⁵³ − 1, so that JavaScript could not send it back unchanged.
    InvalidId,
    /// The payload is not JSON, or not of the shape that the type of the packet asks for.
    InvalidPayload,
    /// The payload is nested deeper than [`max_depth`](crate::DecodeLimits::max_depth).
    TooDeep {
        /// The limit that was crossed.
        limit: usize,
    },
    /// The event has a name that the protocol keeps for itself, see
    /// [`is_reserved`](crate::is_reserved).
    ReservedEvent,
    /// The name of the event is longer than
    /// [`max_event_name_len`](crate::DecodeLimits::max_event_name_len).
    EventNameTooLong {
        /// The limit that was crossed, in bytes.
        limit: usize,
    },
    /// A binary message came that no packet announced.
    UnexpectedBinary,
    /// A text came while attachments were awaited.
    UnexpectedText,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidType => f.write_str(
                "unknown packet type: begin each text with a digit from 0 to 6, and use the same \
                 parser on both sides",
            ),
            Self::IllegalAttachments => f.write_str(
                "illegal attachments: announce at least one as `<number>-`, and let each \
                 placeholder name one of them",
            ),
            Self::TooManyAttachments { limit } => write!(
                f,
                "more than {limit} attachments in one packet: send fewer or raise \
                 `max_attachments`"
            ),
            Self::AttachmentsTooLarge { limit } => write!(
                f,
                "attachments of more than {limit} bytes in one packet: send less at once or raise \
                 `max_attachment_bytes`"
            ),
            Self::NamespaceTooLong { limit } => write!(
                f,
                "namespace of more than {limit} bytes: use a shorter name or raise \
                 `max_namespace_len`"
            ),
            Self::InvalidNamespace => f.write_str(
                "invalid namespace: send its name, which begins with `/` and has no comma",
            ),
            Self::InvalidMsgpack => f.write_str(
                "malformed MessagePack: send each packet as one binary message that is a map, and \
                 use the same parser on both sides",
            ),
            Self::InvalidId => {
                f.write_str("invalid acknowledgement id: use a whole number up to 9007199254740991")
            }
            Self::InvalidPayload => f.write_str(
                "invalid payload: send JSON of the shape that the packet type asks for, an array \
                 that begins with the name for an event",
            ),
            Self::TooDeep { limit } => write!(
                f,
                "payload nested more than {limit} deep: send flatter data or raise `max_depth`"
            ),
            Self::ReservedEvent => f.write_str("reserved event name: use another name"),
            Self::EventNameTooLong { limit } => write!(
                f,
                "event name of more than {limit} bytes: use a shorter name or raise \
                 `max_event_name_len`"
            ),
            Self::UnexpectedBinary => f.write_str(
                "unexpected binary message: announce attachments in the packet before them, and \
                 use the same parser on both sides",
            ),
            Self::UnexpectedText => f.write_str(
                "text while attachments are awaited: send all attachments of a packet right after \
                 it",
            ),
        }
    }
}

impl Error for DecodeError {}
