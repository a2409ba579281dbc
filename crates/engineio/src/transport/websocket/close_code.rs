//! Close codes (RFC 6455, section 7.4).

use std::num::NonZeroU16;

/// A close code that is valid in a close frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CloseCode(NonZeroU16);

impl CloseCode {
    /// A protocol violation.
    pub(crate) const PROTOCOL: Self = Self::known(1002);
    /// A message with invalid content: text that is not UTF-8, or data that cannot be inflated.
    pub(crate) const INVALID: Self = Self::known(1007);
    /// A violation of the server's policy.
    pub(crate) const POLICY: Self = Self::known(1008);
    /// A message that is too large.
    pub(crate) const SIZE: Self = Self::known(1009);

    const fn known(code: u16) -> Self {
        Self(NonZeroU16::new(code).expect("a code is not zero"))
    }

    /// Parses a received close code. Returns `None` for codes that must not be sent.
    pub(super) fn from_wire(code: u16) -> Option<Self> {
        match code {
            // Reserved, or placeholders for a missing code or a lost connection.
            1004..=1006 => None,
            1000..=1014 | 3000..=4999 => NonZeroU16::new(code).map(Self),
            _ => None,
        }
    }

    pub(super) fn to_wire(self) -> u16 {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_close_codes_are_accepted() {
        for code in [1000, 1001, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
            assert_eq!(CloseCode::from_wire(code), Some(CloseCode::known(code)));
        }
        for code in [
            0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535,
        ] {
            assert_eq!(CloseCode::from_wire(code), None, "{code}");
        }
    }
}
