use std::error::Error;
use std::fmt;

use serde::de;

/// Arguments that do not fit the type asked for.
#[derive(Debug)]
pub struct ArgsError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Missing {
        index: usize,
        count: usize,
    },
    Unfit {
        index: usize,
        source: serde_json::Error,
    },
    /// What the type itself said, about no argument in particular.
    Refused {
        message: Box<str>,
    },
}

impl ArgsError {
    /// The argument that is at fault, counted from 0; `None` if the type refused the arguments
    /// as a whole.
    #[must_use]
    pub fn argument(&self) -> Option<usize> {
        match self.kind {
            Kind::Missing { index, .. } | Kind::Unfit { index, .. } => Some(index),
            Kind::Refused { .. } => None,
        }
    }

    /// Whether the argument was not sent at all.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.kind, Kind::Missing { .. })
    }

    pub(crate) fn missing(index: usize, count: usize) -> Self {
        Self {
            kind: Kind::Missing { index, count },
        }
    }

    pub(crate) fn unfit(index: usize, source: serde_json::Error) -> Self {
        Self {
            kind: Kind::Unfit { index, source },
        }
    }
}

impl fmt::Display for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Missing { index, count } => write!(
                f,
                "argument {} of {count} is missing: send it, or take it as an `Option`",
                index.saturating_add(1)
            ),
            Kind::Unfit { index, source } => write!(
                f,
                "argument {} does not fit: {source}; send what the receiver takes, or take what \
                 is sent",
                index.saturating_add(1)
            ),
            Kind::Refused { message } => write!(
                f,
                "the arguments do not fit: {message}; send what the receiver takes, or take what \
                 is sent"
            ),
        }
    }
}

// The text of the cause is part of `Display` already; as the source it would be printed twice.
impl Error for ArgsError {}

impl de::Error for ArgsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            kind: Kind::Refused {
                message: message.to_string().into(),
            },
        }
    }
}
