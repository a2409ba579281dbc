//! The intentional differences from Node's server.

/// A case of the wire tests where the expectation differs from Node's.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// The name that the tests use.
    pub row: &'static str,
    /// The reason for the difference.
    pub reason: &'static str,
}

/// All deviations of the wire tests. A test can deviate only with an entry here.
pub const TABLE: &[Deviation] = &[
    Deviation {
        row: "length of error bodies",
        reason: "the length of the body is known when the head is written, so the response has a Content-Length; Node sends it chunked",
    },
    Deviation {
        row: "empty responses to rejected polling requests",
        reason: "the response has Content-Length: 0; Node sends an empty chunked body",
    },
    Deviation {
        row: "upgrade with another protocol version",
        reason: "the request is rejected before the 101 response; Node accepts the WebSocket and then writes HTTP text into it",
    },
    Deviation {
        row: "upgrade with transport=polling",
        reason: "the request is rejected with \"Bad request\" before the 101 response; Node accepts the WebSocket and closes it",
    },
    Deviation {
        row: "CONNECT and event in one payload",
        reason: "an event after its CONNECT waits until the socket has joined and is handled; Node closes the connection",
    },
    Deviation {
        row: "DISCONNECT and CONNECT in one read",
        reason: "packets take effect in order; Node reads the CONNECT before it has left the namespace and closes the connection",
    },
    Deviation {
        row: "reason of an invalid state over WebSocket",
        reason: "the reason is \"forced server close\" on both transports; Node reports the close of the WebSocket first",
    },
    Deviation {
        row: "ack id beyond 2^53-1",
        reason: "JavaScript cannot represent the id exactly, so the packet is malformed; Node answers with a different id",
    },
    Deviation {
        row: "ack id with a blank between digits",
        reason: "the id is no number, so the packet is malformed; Node answers with the id NaN",
    },
    Deviation {
        row: "attachment count ' 1'",
        reason: "a count consists of digits; Node accepts any text that JavaScript's Number() accepts",
    },
    Deviation {
        row: "attachment count 1e0",
        reason: "a count consists of digits; Node accepts any text that JavaScript's Number() accepts",
    },
    Deviation {
        row: "numbers and repeated keys",
        reason: "numbers keep their value beyond 2^53, and objects keep repeated keys; Node returns the values as parsed by JavaScript",
    },
    Deviation {
        row: "relayed attachments",
        reason: "arguments that are relayed without decoding keep their placeholders and attachments; Node creates new ones",
    },
    Deviation {
        row: "If-None-Match with a list or *",
        reason: "HTTP allows both; Node compares the whole header value with one tag",
    },
    Deviation {
        row: "headers of the browser client",
        reason: "the response has a Content-Length, a Vary header for caches, and a 304 response has the headers that HTTP requires",
    },
    Deviation {
        row: "recovery with a used private id",
        reason: "recovery removes the stored session; Node restores it for every client that sends the private id",
    },
    Deviation {
        row: "private id without an offset",
        reason: "the session cannot be recovered, so it is removed from the store; Node does not look it up",
    },
    Deviation {
        row: "recovery while the old connection is open",
        reason: "the client has abandoned the old connection, so the server closes it and recovers its session; Node finds no session",
    },
    Deviation {
        row: "undefined pid",
        reason: "MessagePack packets omit undefined members, as JSON packets do; Node encodes them as undefined",
    },
    Deviation {
        row: "member order of CONNECT_ERROR in MessagePack",
        reason: "all packets have the same member order; Node uses another order for CONNECT_ERROR",
    },
    Deviation {
        row: "relayed JavaScript values",
        reason: "arguments are JSON and binary with every parser; Node relays a `Date`, `undefined` or `ArrayBuffer` unchanged",
    },
    Deviation {
        row: "nil data in MessagePack",
        reason: "clients in languages without `undefined`, such as python-socketio, send nil in DISCONNECT; Node treats the packet as malformed and closes the connection",
    },
    Deviation {
        row: "reserved events in MessagePack",
        reason: "every parser rejects reserved events; Node checks them only in JSON, so a client can forge a `disconnect`",
    },
    Deviation {
        row: "binary over JSONP polling",
        reason: "JSONP carries text, so binary is always base64; Node writes the JSON representation of a Buffer",
    },
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_deviation_is_tested() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let tests = sources_in(&folder);
        for deviation in TABLE {
            assert!(
                tests.contains(&format!("\"{}\"", deviation.row)),
                "{deviation:?}"
            );
        }
    }

    fn sources_in(folder: &Path) -> String {
        std::fs::read_dir(folder)
            .expect("read the folder of the tests")
            .map(|entry| entry.expect("read a folder entry").path())
            .map(|path| match path.is_dir() {
                true => sources_in(&path),
                false => std::fs::read_to_string(path).expect("read a test file"),
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
