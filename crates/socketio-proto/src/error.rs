//! The errors of decoding messages, encoding packets and reading arguments.

use std::any::type_name;
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
/// Its text may quote the arguments. It is cut to 256 bytes, and control characters, line breaks and
/// invisible characters in it are escaped, so that a peer cannot forge a log line. Log
/// [`redacted`](Self::redacted) instead if the arguments may be secret. `Debug` hides them too.
#[derive(Clone)]
pub struct ArgsError {
    kind: Box<ArgsErrorKind>,
}

#[derive(Clone)]
enum ArgsErrorKind {
    Missing {
        index: usize,
        count: usize,
    },
    Unfit {
        index: usize,
        /// The name of the Rust type of the argument.
        expected: &'static str,
        message: Box<str>,
    },
    /// The error of the type itself, for no argument in particular.
    Refused {
        /// The name of the Rust type of the arguments, once it is known.
        expected: Option<&'static str>,
        message: Box<str>,
    },
}

impl ArgsError {
    /// Returns the index of the invalid argument, counted from 0; `None` if the type rejected the
    /// arguments as a whole.
    #[must_use]
    pub fn argument(&self) -> Option<usize> {
        match *self.kind {
            ArgsErrorKind::Missing { index, .. } | ArgsErrorKind::Unfit { index, .. } => {
                Some(index)
            }
            ArgsErrorKind::Refused { .. } => None,
        }
    }

    /// Returns whether the argument was not sent.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(*self.kind, ArgsErrorKind::Missing { .. })
    }

    /// Returns the text for logs: it names the argument and the expected Rust type, and hides the
    /// value.
    ///
    /// Nothing of the reason is kept, because the error of a type may quote the value anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio_proto::Args;
    ///
    /// let args = Args::from_serialize(Some("login"), &("ada", "open sesame"))?;
    /// let error = args.deserialize::<(String, u32)>().unwrap_err();
    /// assert!(error.to_string().contains("open sesame"));
    /// let text = error.redacted().to_string();
    /// assert!(text.starts_with("argument 2 does not fit `u32`, and its value is hidden"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn redacted(&self) -> impl fmt::Display + '_ {
        RedactedArgsError(self)
    }

    #[cold]
    pub(crate) fn missing(index: usize, count: usize) -> Self {
        ArgsErrorKind::Missing { index, count }.into()
    }

    /// Creates the error of an argument that is not a `T`.
    #[cold]
    pub(crate) fn unfit<T>(index: usize, source: &serde_json::Error) -> Self {
        Self::unfit_for(index, type_name::<T>(), source)
    }

    /// As [`unfit`](Self::unfit), compiled once for all types.
    fn unfit_for(index: usize, expected: &'static str, source: &serde_json::Error) -> Self {
        let kind = ArgsErrorKind::Unfit {
            index,
            expected,
            message: excerpt(source),
        };
        kind.into()
    }

    /// Adds the name of the type that the arguments were requested as, unless an argument is named.
    #[cold]
    pub(crate) fn requested_as<T>(mut self) -> Self {
        if let ArgsErrorKind::Refused { expected, .. } = &mut *self.kind {
            *expected = Some(type_name::<T>());
        }
        self
    }
}

impl From<ArgsErrorKind> for ArgsError {
    fn from(kind: ArgsErrorKind) -> Self {
        // Boxed, because the result of every deserialization has room for an error.
        Self {
            kind: Box::new(kind),
        }
    }
}

impl fmt::Display for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            ArgsErrorKind::Missing { index, count } => write!(
                f,
                "argument {} of {count} is missing: send it, or take it as an `Option`",
                index.saturating_add(1)
            ),
            ArgsErrorKind::Unfit { index, message, .. } => write!(
                f,
                "argument {} does not fit: {message}; send what the receiver takes, or take what \
                 is sent",
                index.saturating_add(1)
            ),
            ArgsErrorKind::Refused { message, .. } => write!(
                f,
                "the arguments do not fit: {message}; send what the receiver takes, or take what \
                 is sent"
            ),
        }
    }
}

/// Hides the arguments, because the error of an `unwrap` in a handler becomes the text of a panic.
impl fmt::Debug for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArgsError({:?})", self.redacted().to_string())
    }
}

/// The text of an error without the values of a peer.
struct RedactedArgsError<'a>(&'a ArgsError);

impl fmt::Display for RedactedArgsError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REMEDY: &str = "send what the receiver takes, or take what is sent";
        match &*self.0.kind {
            ArgsErrorKind::Missing { .. } => self.0.fmt(f),
            ArgsErrorKind::Unfit {
                index, expected, ..
            } => write!(
                f,
                "argument {} does not fit `{expected}`, and its value is hidden; {REMEDY}",
                index.saturating_add(1)
            ),
            ArgsErrorKind::Refused {
                expected: Some(expected),
                ..
            } => write!(
                f,
                "the arguments do not fit `{expected}`, and their values are hidden; {REMEDY}"
            ),
            ArgsErrorKind::Refused { expected: None, .. } => write!(
                f,
                "the arguments do not fit, and their values are hidden; {REMEDY}"
            ),
        }
    }
}

// `Display` contains the text of the cause, so `source` would repeat it.
impl Error for ArgsError {}

impl de::Error for ArgsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let kind = ArgsErrorKind::Refused {
            expected: None,
            message: excerpt(message),
        };
        kind.into()
    }
}

#[cfg(test)]
mod tests {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::{Deserialize, Deserializer};
    use serde_json::Value;

    use super::*;
    use crate::Args;

    #[derive(Debug, Deserialize)]
    enum Kind {
        Known,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Fields {
        kind: Kind,
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only read")]
    enum Untagged {
        Number(u32),
    }

    /// A type whose own error quotes the value.
    #[derive(Debug)]
    struct Custom;

    impl<'de> Deserialize<'de> for Custom {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = Value::deserialize(deserializer)?;
            Err(D::Error::custom(format_args!("{value}, expected {value}")))
        }
    }

    fn error<T: DeserializeOwned + fmt::Debug>(args: &Value) -> ArgsError {
        let args = Args::from_serialize(Some("login"), args);
        let args = args.expect("JSON");
        args.deserialize::<T>().expect_err("another type")
    }

    #[test]
    fn a_redacted_error_names_the_argument_and_the_type_but_no_value() {
        assert!(matches!(
            serde_json::from_str(r#""Known""#),
            Ok(Kind::Known)
        ));
        let text = Value::from("SECRET");
        let key = serde_json::json!({ "SECRET": 1 });
        let value = serde_json::json!({ "kind": "SECRET" });
        for (error, expected) in [
            (error::<u32>(&text), "argument 1 does not fit `u32`,"),
            (
                error::<(bool, u8)>(&text),
                "argument 1 does not fit `bool`,",
            ),
            (error::<Option<u32>>(&text), "`core::option::Option<u32>`,"),
            (error::<Kind>(&text), "tests::Kind`,"),
            (error::<Fields>(&key), "tests::Fields`,"),
            (error::<Fields>(&value), "tests::Fields`,"),
            (
                error::<Untagged>(&text),
                "do not fit `socketio_proto::error::tests::Untagged`,",
            ),
            (error::<Custom>(&text), "tests::Custom`,"),
            (error::<[Custom; 1]>(&text), "tests::Custom`,"),
            (
                error::<(String, u8)>(&text),
                "argument 2 of 2 is missing: send it",
            ),
        ] {
            let redacted = error.redacted().to_string();
            assert!(redacted.contains(expected), "{redacted}");
            for shown in [redacted, format!("{error:?}")] {
                assert!(!shown.contains("SECRET"), "{shown}");
            }
        }
    }

    #[test]
    fn a_redacted_error_of_a_payload_names_the_type() {
        let args = Args::from_serialize(None, "SECRET").expect("JSON");
        let error = args.deserialize_payload::<[u32; 1]>();
        let error = error.expect_err("another type");
        assert!(error.to_string().contains("SECRET"));
        let redacted = error.redacted().to_string();
        assert!(redacted.contains("do not fit `[u32; 1]`,"), "{redacted}");
        assert!(!format!("{redacted}{error:?}").contains("SECRET"));
    }
}
