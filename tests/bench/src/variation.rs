//! Variations of the clients' behavior.

use std::str::FromStr;

use crate::error::LoadError;

/// Additional behavior of the clients, which the server must support.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Variation {
    /// Messages of at least 1 KiB are compressed in both directions.
    pub(crate) deflate: bool,
    /// The clients join a second namespace, `/two`.
    pub(crate) namespace: bool,
    /// Events have an offset as their last argument.
    pub(crate) recovery: bool,
    /// The clients join rooms of the pool before they are idle.
    pub(crate) rooms: bool,
    /// The clients start with long-polling.
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
