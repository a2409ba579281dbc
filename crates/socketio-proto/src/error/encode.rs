use std::error::Error;
use std::fmt;

/// A value that has no JSON form.
///
/// JSON has no keys but texts and numbers, and a [`Serialize`](serde::Serialize) of one's own may
/// fail for reasons of its own; nothing else is refused.
#[derive(Debug)]
pub struct EncodeError {
    source: serde_json::Error,
}

impl EncodeError {
    pub(crate) fn new(source: serde_json::Error) -> Self {
        Self { source }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the arguments have no JSON form: {}; use texts or numbers as keys of maps",
            self.source
        )
    }
}

// The text of the cause is part of `Display` already; as the source it would be printed twice.
impl Error for EncodeError {}
