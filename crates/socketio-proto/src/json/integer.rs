//! Whole numbers as JSON writes them.

/// Appends a number in decimal.
pub(crate) fn push_integer(out: &mut String, number: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(number));
}
