use std::error::Error;
use std::fmt;

/// A value that has no JSON form, or a packet that has none in the encoding of a
/// [`Parser`](crate::Parser).
///
/// JSON has no keys but texts and numbers, and a [`Serialize`](serde::Serialize) of one's own may
/// fail for reasons of its own; nothing else is refused.
#[derive(Debug)]
pub struct EncodeError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Json(serde_json::Error),
    Parser(Box<dyn Error + Send + Sync>),
}

impl EncodeError {
    pub(crate) fn new(source: serde_json::Error) -> Self {
        Self {
            kind: Kind::Json(source),
        }
    }

    /// What a parser has said of a packet.
    #[must_use]
    pub fn from_parser(error: Box<dyn Error + Send + Sync>) -> Self {
        Self {
            kind: Kind::Parser(error),
        }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Json(error) => write!(
                f,
                "the arguments have no JSON form: {error}; use texts or numbers as keys of maps"
            ),
            Kind::Parser(error) => write!(
                f,
                "the parser cannot encode the packet: {error}; send what it has a form for"
            ),
        }
    }
}

// The text of the cause is part of `Display` already; as the source it would be printed twice.
impl Error for EncodeError {}
