//! Where this project's server answers otherwise than Node's, on purpose.

/// A row of the wire tests with another expectation than Node's.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// The name by which the tests call it.
    pub row: &'static str,
    /// Why the server differs.
    pub reason: &'static str,
}

/// All deviations that the wire tests know. A test cannot deviate without an entry here.
pub const TABLE: &[Deviation] = &[
    Deviation {
        row: "length of error bodies",
        reason: "the body is known when the head is written, so it goes with its Content-Length; Node sends it chunked",
    },
    Deviation {
        row: "empty answers to refused polling requests",
        reason: "likewise Content-Length: 0, where Node sends an empty chunked body",
    },
    Deviation {
        row: "upgrade with another protocol version",
        reason: "refused before the 101; Node accepts the WebSocket and then writes HTTP text into it",
    },
    Deviation {
        row: "upgrade with transport=polling",
        reason: "refused before the 101 with \"Bad request\"; Node accepts the WebSocket and closes it",
    },
    Deviation {
        row: "second WebSocket of a session",
        reason: "refused before the 101 with \"Bad request\"; Node accepts the WebSocket and closes it",
    },
    Deviation {
        row: "CONNECT and event in one payload",
        reason: "an event behind its CONNECT waits for it and is handled; Node closes the connection",
    },
    Deviation {
        row: "DISCONNECT and CONNECT in one read",
        reason: "packets take effect one after the other; Node has not left yet when it reads the CONNECT, and closes",
    },
    Deviation {
        row: "reason of an invalid state over WebSocket",
        reason: "\"forced server close\" on both transports; Node's WebSocket reports the close of the transport first",
    },
    Deviation {
        row: "ack id beyond 2^53-1",
        reason: "cannot be answered exactly by everybody, so it is malformed; Node answers another id",
    },
    Deviation {
        row: "ack id with a space",
        reason: "an id is a run of digits; Node takes what JavaScript's Number() accepts",
    },
    Deviation {
        row: "attachment count ' 1'",
        reason: "a count is a run of digits; Node takes what JavaScript's Number() accepts",
    },
    Deviation {
        row: "attachment count 1e0",
        reason: "a count is a run of digits; Node takes what JavaScript's Number() accepts",
    },
    Deviation {
        row: "numbers and repeated keys",
        reason: "a number keeps its value, also beyond 2^53; Node's answer is what JavaScript makes of it",
    },
    Deviation {
        row: "relayed attachments",
        reason: "arguments that are sent on unread keep their placeholders and attachments; Node makes new ones",
    },
    Deviation {
        row: "If-None-Match with a list or *",
        reason: "both are valid in HTTP; Node compares the header as a whole",
    },
    Deviation {
        row: "headers of the browser client",
        reason: "Content-Length is known, Vary keeps caches from giving a compressed file to everybody, and a 304 has what HTTP asks of it",
    },
    Deviation {
        row: "an id for recovery that is used again",
        reason: "a session is taken out of the store by the client that comes back; Node revives it for everybody who knows the id",
    },
    Deviation {
        row: "a secret without an offset",
        reason: "its session cannot be recovered, so nobody shall have it any more; Node does not look for it",
    },
    Deviation {
        row: "recovery of a connection that is not known to be lost",
        reason: "the client has given the old connection up, so it is closed and its session is kept; Node finds no session",
    },
    Deviation {
        row: "pid that is undefined",
        reason: "a member without a value is left out of MessagePack as it is left out of JSON",
    },
    Deviation {
        row: "members of a refusal in MessagePack",
        reason: "the members of every packet are in one order; in Node's this one has another",
    },
    Deviation {
        row: "relayed values of JavaScript",
        reason: "arguments are JSON and binary whatever parser carries them; Node sends on a `Date`, `undefined` or an `ArrayBuffer` as such",
    },
    Deviation {
        row: "nil for no data in MessagePack",
        reason: "languages without `undefined`, such as python-socketio's, send it when they leave; Node closes the connection as malformed",
    },
    Deviation {
        row: "reserved events in MessagePack",
        reason: "refused by every parser; Node's checks them in JSON only, so that a client can forge a `disconnect`",
    },
    Deviation {
        row: "binary for a page that polls with scripts",
        reason: "scripts carry text, so it goes as base64 whether the client asked for that or not; Node writes what JSON makes of a buffer",
    },
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_deviation_is_tested() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let tests = texts_below(&folder);
        for deviation in TABLE {
            assert!(
                tests.contains(&format!("\"{}\"", deviation.row)),
                "{deviation:?}"
            );
        }
    }

    fn texts_below(folder: &Path) -> String {
        std::fs::read_dir(folder)
            .expect("a folder of tests")
            .map(|entry| entry.expect("an entry").path())
            .map(|path| match path.is_dir() {
                true => texts_below(&path),
                false => std::fs::read_to_string(path).expect("a text"),
            })
            .collect()
    }

    #[test]
    fn every_deviation_is_listed_once_and_has_a_reason() {
        for (at, deviation) in TABLE.iter().enumerate() {
            assert!(!deviation.reason.is_empty(), "{deviation:?}");
            assert!(
                TABLE
                    .iter()
                    .skip(at + 1)
                    .all(|other| other.row != deviation.row),
                "{deviation:?}"
            );
        }
    }
}
