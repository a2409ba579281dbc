//! What clients do beyond the usual.

use std::str::FromStr;

use crate::error::LoadError;

/// What clients do beyond the usual, and expect of the server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Variation {
    /// Messages of a kibibyte and more are compressed in both directions.
    pub(crate) deflate: bool,
    /// They join a second namespace, `/two`.
    pub(crate) namespace: bool,
    /// Events have an offset as last argument.
    pub(crate) recovery: bool,
    /// They join rooms out of the pool before they are idle.
    pub(crate) rooms: bool,
    /// They begin with long-polling.
    pub(crate) upgrade: bool,
}

impl FromStr for Variation {
    type Err = LoadError;

    fn from_str(text: &str) -> Result<Self, LoadError> {
        let mut variation = Self::default();
        for name in text.split(',') {
            match name {
                "deflate" => variation.deflate = true,
                "namespace" => variation.namespace = true,
                "recovery" => variation.recovery = true,
                "rooms" => variation.rooms = true,
                "upgrade" => variation.upgrade = true,
                _ => {
                    return Err(LoadError::new(format!(
                        "unknown variation `{name}`; see --help"
                    )));
                }
            }
        }
        Ok(variation)
    }
}
