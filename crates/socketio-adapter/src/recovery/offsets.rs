//! The encoding of packet numbers as offsets.

use std::hash::{BuildHasher, RandomState};

/// Writes packet numbers as offsets, and reads the offsets that clients send back.
///
/// An offset is a prefix and the number. The prefix differs between namespaces and between starts of
/// the server, so an offset of an earlier process or of another namespace is unknown. It is not a
/// secret: it is of no use without the id of a session.
#[derive(Debug)]
pub(super) struct Offsets {
    prefix: String,
}

impl Offsets {
    pub(super) fn new() -> Self {
        // The keys of the hasher are random. A collision of 48 bits costs one client a gap in its
        // events.
        let random = RandomState::new().hash_one("offsets");
        Self {
            prefix: format!("{:012x}.", random >> 16),
        }
    }

    pub(super) fn write(&self, number: u64) -> String {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(number);
        let mut offset = String::with_capacity(self.prefix.len().saturating_add(digits.len()));
        offset.push_str(&self.prefix);
        offset.push_str(digits);
        offset
    }

    /// Returns the number of an offset that this instance has written.
    pub(super) fn read(&self, offset: &str) -> Option<u64> {
        let number = offset.strip_prefix(self.prefix.as_str())?.parse().ok()?;
        // `parse` also accepts a sign or a leading zero.
        (self.write(number) == offset).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_offset_is_read_back() {
        let offsets = Offsets::new();
        for number in [0, 1, 9, 10, u64::MAX] {
            assert_eq!(offsets.read(&offsets.write(number)), Some(number));
        }
    }

    #[test]
    fn other_strings_are_not_offsets() {
        let (offsets, foreign) = (Offsets::new(), Offsets::new());
        let prefix = &offsets.prefix;
        assert_eq!(offsets.read(&foreign.write(1)), None);
        assert_eq!(offsets.read(""), None);
        assert_eq!(offsets.read(prefix), None);
        for number in ["+1", "01", "-1", " 1", "1 ", "1a", "18446744073709551616"] {
            assert_eq!(offsets.read(&format!("{prefix}{number}")), None, "{number}");
        }
    }
}
