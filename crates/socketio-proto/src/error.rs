//! The errors of decoding messages, encoding packets and reading arguments.

use std::error::Error;
use std::fmt;

use serde::de;

use crate::excerpt::excerpt;

/// The error of an invalid message. A server closes the connection, as Node's does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The first character is not a packet type.
    InvalidType,
    /// The number of attachments is missing, zero or not a number, or a placeholder does not refer to
    /// an attachment.
    IllegalAttachments,
    /// More attachments are announced than [`max_attachments`](crate::DecodeLimits#structfield.max_attachments).
    TooManyAttachments {
        /// The exceeded limit.
        limit: usize,
    },
    /// The attachments have more bytes than
    /// [`max_attachment_bytes`](crate::DecodeLimits#structfield.max_attachment_bytes).
    AttachmentsTooLarge {
        /// The exceeded limit in bytes.
        limit: usize,
    },
    /// The namespace is longer than
    /// [`max_namespace_len`](crate::DecodeLimits#structfield.max_namespace_len).
    NamespaceTooLong {
        /// The exceeded limit in bytes.
        limit: usize,
    },
    /// The namespace is not a string, does not begin with `/`, or contains a comma. Only parsers of
    /// other encodings return this error.
    InvalidNamespace,
    /// The message is not a packet in MessagePack.
    InvalidMsgpack,
    /// The acknowledgement id exceeds 2⁵³ − 1, which JavaScript cannot represent exactly.
    InvalidId,
    /// The payload is not JSON, or does not have the structure that the type of the packet requires.
    InvalidPayload,
    /// The payload is nested deeper than [`max_depth`](crate::DecodeLimits#structfield.max_depth).
    TooDeep {
        /// The exceeded limit.
        limit: usize,
    },
    /// The name of the event is reserved for the protocol, see
    /// [`is_reserved`](crate::is_reserved).
    ReservedEvent,
    /// The name of the event is longer than
    /// [`max_event_name_len`](crate::DecodeLimits#structfield.max_event_name_len).
    EventNameTooLong {
        /// The exceeded limit in bytes.
        limit: usize,
    },
    /// A binary message arrived that no packet has announced.
    UnexpectedBinary,
    /// A text message arrived while a packet waits for attachments.
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
                "illegal attachments: announce at least one as `<number>-`, and refer to an \
                 attachment in each placeholder",
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
                "invalid namespace: send a name that begins with `/` and contains no comma",
            ),
            Self::InvalidMsgpack => f.write_str(
                "malformed MessagePack: send each packet as one binary message that is a map, and \
                 use the same parser on both sides",
            ),
            Self::InvalidId => {
                f.write_str("invalid acknowledgement id: use a whole number up to 9007199254740991")
            }
            Self::InvalidPayload => f.write_str(
                "invalid payload: send JSON with the structure that the packet type requires, for an \
                 event an array that begins with the name",
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

/// The error that a value cannot be serialized as JSON, or that a [`Parser`](crate::Parser) cannot
/// encode a packet.
///
/// JSON serialization fails if a key of a map is neither a string nor a number, or if a custom
/// [`Serialize`](serde::Serialize) fails.
#[derive(Debug)]
pub struct EncodeError {
    kind: EncodeErrorKind,
}

#[derive(Debug)]
enum EncodeErrorKind {
    Json(serde_json::Error),
    Parser(Box<dyn Error + Send + Sync>),
}

impl EncodeError {
    pub(crate) fn new(source: serde_json::Error) -> Self {
        Self {
            kind: EncodeErrorKind::Json(source),
        }
    }

    /// Creates an error from the error of a parser.
    #[must_use]
    pub fn from_parser(error: Box<dyn Error + Send + Sync>) -> Self {
        Self {
            kind: EncodeErrorKind::Parser(error),
        }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            EncodeErrorKind::Json(error) => write!(
                f,
                "the arguments have no JSON form: {error}; use strings or numbers as keys of maps"
            ),
            EncodeErrorKind::Parser(error) => write!(
                f,
                "the parser cannot encode the packet: {error}; send values that it supports"
            ),
        }
    }
}

// `Display` contains the text of the cause, so `source` would repeat it.
impl Error for EncodeError {}

/// The error that arguments do not match the requested type.
///
/// The text of the cause may quote the arguments. It is cut to 256 bytes, and control characters,
/// line breaks and invisible characters in it are escaped, so that a peer cannot forge a log line.
#[derive(Debug)]
pub struct ArgsError {
    kind: ArgsErrorKind,
}

#[derive(Debug)]
enum ArgsErrorKind {
    Missing {
        index: usize,
        count: usize,
    },
    Unfit {
        index: usize,
        message: Box<str>,
    },
    /// The error of the type itself, for no argument in particular.
    Refused {
        message: Box<str>,
    },
}

impl ArgsError {
    /// Returns the index of the invalid argument, counted from 0; `None` if the type rejected the
    /// arguments as a whole.
    #[must_use]
    pub fn argument(&self) -> Option<usize> {
        match self.kind {
            ArgsErrorKind::Missing { index, .. } | ArgsErrorKind::Unfit { index, .. } => {
                Some(index)
            }
            ArgsErrorKind::Refused { .. } => None,
        }
    }

    /// Returns whether the argument was not sent.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.kind, ArgsErrorKind::Missing { .. })
    }

    pub(crate) fn missing(index: usize, count: usize) -> Self {
        Self {
            kind: ArgsErrorKind::Missing { index, count },
        }
    }

    pub(crate) fn unfit(index: usize, source: &serde_json::Error) -> Self {
        let message = excerpt(source);
        Self {
            kind: ArgsErrorKind::Unfit { index, message },
        }
    }
}

impl fmt::Display for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ArgsErrorKind::Missing { index, count } => write!(
                f,
                "argument {} of {count} is missing: send it, or take it as an `Option`",
                index.saturating_add(1)
            ),
            ArgsErrorKind::Unfit { index, message } => write!(
                f,
                "argument {} does not fit: {message}; send what the receiver takes, or take what \
                 is sent",
                index.saturating_add(1)
            ),
            ArgsErrorKind::Refused { message } => write!(
                f,
                "the arguments do not fit: {message}; send what the receiver takes, or take what \
                 is sent"
            ),
        }
    }
}

// `Display` contains the text of the cause, so `source` would repeat it.
impl Error for ArgsError {}

impl de::Error for ArgsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            kind: ArgsErrorKind::Refused {
                message: excerpt(message),
            },
        }
    }
}
