//! The error of a failed measurement.

use std::{error, fmt, io};

/// The error of a failed measurement. Its text ends with the remedy.
#[derive(Debug)]
pub struct LoadError {
    text: String,
    source: Option<io::Error>,
}

impl LoadError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            source: None,
        }
    }

    pub(crate) fn io(text: impl Into<String>, source: io::Error) -> Self {
        Self {
            text: text.into(),
            source: Some(source),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl error::Error for LoadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
