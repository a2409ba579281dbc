//! The lengths in front of the packets of revision 3 payloads.

/// The most digits of a length: 10, which is enough for bodies of some gigabytes.
///
/// A longer number is refused before all of it has been read.
pub(super) const MAX_DIGITS: usize = 10;

/// Converts digits, each a number from 0 to 9, to a length.
///
/// Returns `None` if there are no digits, more than [`MAX_DIGITS`] digits, or a number above 9.
pub(super) fn from_digits(digits: impl Iterator<Item = u8>) -> Option<usize> {
    let mut length = None;
    for (position, digit) in digits.enumerate() {
        if position >= MAX_DIGITS || digit > 9 {
            return None;
        }
        let before: usize = length.unwrap_or_default();
        length = Some(before.checked_mul(10)?.checked_add(digit.into())?);
    }
    length
}

/// Returns the number of digits of `length`.
pub(super) fn digits_of(length: usize) -> usize {
    // A length has at most 20 digits, so this cannot saturate.
    length
        .checked_ilog10()
        .map_or(1, |log| log.saturating_add(1) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_make_a_number() {
        assert_eq!(from_digits([4, 1].into_iter()), Some(41));
        assert_eq!(from_digits([0].into_iter()), Some(0));
        assert_eq!(from_digits([0, 0, 7].into_iter()), Some(7));
        assert_eq!(from_digits([].into_iter()), None);
        assert_eq!(from_digits([1, 10].into_iter()), None);
    }

    #[test]
    fn a_length_may_have_the_most_digits_but_not_more() {
        assert_eq!(
            from_digits([9; MAX_DIGITS].into_iter()),
            Some(9_999_999_999)
        );
        assert_eq!(from_digits([0; MAX_DIGITS + 1].into_iter()), None);
    }

    #[test]
    fn digits_are_counted() {
        for (length, digits) in [(0, 1), (9, 1), (10, 2), (99, 2), (100, 3), (12_345, 5)] {
            assert_eq!(digits_of(length), digits);
        }
    }
}
