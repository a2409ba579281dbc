//! Reserved event names.

/// Returns whether an event name is reserved for the protocol, so that neither side may emit it.
///
/// The names are those of Node's server: `connect`, `connect_error`, `disconnect`,
/// `disconnecting`, `newListener`, `removeListener`. `error` and `connection` are not among them.
///
/// # Examples
///
/// ```
/// use socketio_proto::is_reserved;
///
/// assert!(is_reserved("disconnecting"));
/// assert!(!is_reserved("error"));
/// ```
#[must_use]
#[inline]
pub fn is_reserved(event: &str) -> bool {
    // Called for each event. A match compares the length first, which decides for most names.
    matches!(
        event,
        "connect"
            | "connect_error"
            | "disconnect"
            | "disconnecting"
            | "newListener"
            | "removeListener"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_names_are_reserved() {
        for name in [
            "connect",
            "connect_error",
            "disconnect",
            "disconnecting",
            "newListener",
            "removeListener",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in [
            "",
            "error",
            "connection",
            "Connect",
            "connect ",
            "reconnect",
        ] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
