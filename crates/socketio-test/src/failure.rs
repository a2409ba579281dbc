//! Failures of a test.

use std::panic::Location;

/// Returns the value, or fails the test with a text that begins with the place of the call.
///
/// The place is part of the text, because a panic in a future has the location of the library and not
/// that of the caller.
pub(crate) fn or_fail<T>(place: &Location<'_>, result: Result<T, String>) -> T {
    match result {
        Ok(value) => value,
        Err(text) => panic!("{place}: {text}"),
    }
}
