//! Names of events.

/// The names that the protocol keeps for itself.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// Whether an event name is kept for the protocol, so that neither side may emit it.
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
pub fn is_reserved(event: &str) -> bool {
    RESERVED.contains(&event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_names_are_reserved_and_their_neighbours_are_not() {
        for name in RESERVED {
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
