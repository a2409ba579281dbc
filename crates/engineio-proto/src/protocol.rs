//! The revisions of the protocol.

use std::fmt;

/// A revision of the Engine.IO protocol: the `EIO` query parameter.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Protocol {
    /// Revision 4, spoken by Socket.IO clients since 3.0: the server sends the pings.
    V4,
}

impl Protocol {
    /// The revision that an `EIO` query parameter asks for, if this crate speaks it.
    #[must_use]
    pub fn parse(eio: &str) -> Option<Self> {
        match eio {
            "4" => Some(Self::V4),
            _ => None,
        }
    }

    /// The number of the revision.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V4 => 4,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_revision_four_is_spoken() {
        assert_eq!(Protocol::parse("4"), Some(Protocol::V4));
        assert_eq!(Protocol::V4.to_string(), "4");
        for eio in ["", "3", "04", "4 ", "5", "four"] {
            assert_eq!(Protocol::parse(eio), None, "{eio:?}");
        }
    }
}
