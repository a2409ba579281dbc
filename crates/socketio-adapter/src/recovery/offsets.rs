//! How packets are numbered for clients.

use std::hash::{BuildHasher, RandomState};

/// Writes the numbers of packets as offsets, and reads offsets that clients send back.
///
/// An offset is a prefix that differs from namespace to namespace and from start to start of the
/// server, and the number. So that of an earlier process, or of another namespace, is unknown here. It
/// is no secret: it opens nothing without the id of a session.
#[derive(Debug)]
pub(super) struct Offsets {
    prefix: String,
}

impl Offsets {
    pub(super) fn new() -> Self {
        // The hasher's keys are random; a clash of 48 bits is good for a gap in one client's events.
        let random = RandomState::new().hash_one("offsets");
        Self {
            prefix: format!("{:012x}.", random >> 16),
        }
    }

    pub(super) fn write(&self, number: u64) -> String {
        [&self.prefix, itoa::Buffer::new().format(number)].concat()
    }

    /// Returns the number that an offset of ours stands for.
    pub(super) fn read(&self, offset: &str) -> Option<u64> {
        let number = offset.strip_prefix(self.prefix.as_str())?.parse().ok()?;
        // A sign or a leading zero parses as well.
        (self.write(number) == offset).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_read_as_it_was_written() {
        let offsets = Offsets::new();
        for number in [0, 1, 9, 10, u64::MAX] {
            assert_eq!(offsets.read(&offsets.write(number)), Some(number));
        }
    }

    #[test]
    fn nothing_else_is_an_offset() {
        let (offsets, others) = (Offsets::new(), Offsets::new());
        let prefix = &offsets.prefix;
        assert_eq!(offsets.read(&others.write(1)), None);
        assert_eq!(offsets.read(""), None);
        assert_eq!(offsets.read(prefix), None);
        for number in ["+1", "01", "-1", " 1", "1 ", "1a", "18446744073709551616"] {
            assert_eq!(offsets.read(&format!("{prefix}{number}")), None, "{number}");
        }
    }
}
