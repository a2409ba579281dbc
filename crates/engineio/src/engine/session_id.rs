//! Ids of new sessions.

use std::fmt;

use engineio_proto::SessionId;

use crate::http::connection_failure::BoxError;

/// The maximum length of a session id, in bytes.
///
/// The id is part of the URL of every request of a polling client.
const MAX_LEN: usize = 128;

/// The number of random bytes in a generated id.
const RANDOM_BYTES: usize = 15;

/// Generates a session id that is impossible to guess, from 15 random bytes. The default of
/// [`Application::generate_id`](crate::Application::generate_id).
///
/// # Errors
///
/// If the operating system returns no random bytes.
pub fn random() -> Result<SessionId, BoxError> {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(|error| {
        format!("no random bytes for a session id, check the system's random source: {error}")
    })?;
    Ok(SessionId::from_random(random))
}

/// Checks that an id needs no escaping in a query, in JSON and in a cookie.
pub(crate) fn check(id: &SessionId) -> Result<(), InvalidId> {
    let id = id.as_str();
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    if (1..=MAX_LEN).contains(&id.len()) && id.bytes().all(is_safe) {
        Ok(())
    } else {
        Err(InvalidId::Unfit)
    }
}

/// The reason why a generated id cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum InvalidId {
    /// Another session uses the id.
    InUse,
    /// The length or a character is invalid.
    Unfit,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str(
                "the generated id belongs to another session: generate each id from random bytes",
            ),
            Self::Unfit => write!(
                f,
                "the generated id is invalid: use 1 to {MAX_LEN} letters, digits, `-`, `_`, `.` and `~`"
            ),
        }
    }
}

impl std::error::Error for InvalidId {}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_fit(id: &str) -> bool {
        check(&SessionId::from(id)).is_ok()
    }

    #[test]
    fn a_random_id_is_valid_and_unique() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!(check(&one), Ok(()));
        assert_ne!(one, other);
    }

    #[test]
    fn an_id_needs_no_escaping_and_has_a_limited_length() {
        assert!(is_fit("f47ac10b-58cc-4372-a567-0e02b2c3d479"));
        assert!(is_fit("~a._-"));
        assert!(is_fit(&"x".repeat(128)));
        for unfit in [
            "",
            "a b",
            "a&b",
            "a\"",
            "ä",
            "a%20",
            "a/b",
            &"x".repeat(129),
        ] {
            assert!(!is_fit(unfit), "{unfit}");
        }
    }
}
