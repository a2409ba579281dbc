//! The first packet on the stream of a WebTransport session.

use engineio_proto::{Packet, SessionId};

/// The request in the first packet on the stream of a WebTransport session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Greeting {
    /// Opens a new session: `0`.
    Open,
    /// Upgrades a polling session: `0{"sid":"…"}`.
    Upgrade(SessionId),
}

impl Greeting {
    /// Parses the first packet. Returns `None` for other packets.
    pub(crate) fn from_packet(packet: &Packet) -> Option<Self> {
        match packet {
            Packet::Open(content) if content.is_empty() => Some(Self::Open),
            Packet::Open(content) => session_id(content).map(Self::Upgrade),
            _ => None,
        }
    }
}

/// Returns the id in `{"sid":"…"}`, which the official clients build by concatenation. Session ids
/// contain no characters that JSON escapes.
fn session_id(json: &str) -> Option<SessionId> {
    let member = json.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let value = member.strip_prefix("\"sid\"")?.trim_start();
    let value = value.strip_prefix(':')?.trim_start();
    let id = value.strip_prefix('"')?.strip_suffix('"')?;
    (!id.is_empty() && !id.contains(['"', '\\'])).then(|| SessionId::from(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(wire: &'static str) -> Option<Greeting> {
        Greeting::from_packet(&Packet::decode_text(wire.into()).unwrap())
    }

    #[test]
    fn a_client_opens_or_upgrades_a_session() {
        assert_eq!(greeting("0"), Some(Greeting::Open));
        let upgrade = Greeting::Upgrade(SessionId::from("aB3_-x"));
        assert_eq!(greeting(r#"0{"sid":"aB3_-x"}"#), Some(upgrade.clone()));
        assert_eq!(greeting(r#"0 { "sid" : "aB3_-x" } "#), Some(upgrade));
    }

    #[test]
    fn other_packets_are_no_greeting() {
        for wire in [
            "1",
            "2",
            "2probe",
            "3",
            "4a",
            "5",
            "6",
            "bAQ==",
            "0{}",
            "0null",
            "0[]",
            "0\"x\"",
            r#"0{"sid":""}"#,
            r#"0{"sid":1}"#,
            r#"0{"sid":"a"#,
            r#"0{"sid":"a\u0062"}"#,
            r#"0{"sid":"a","sid":"b"}"#,
            r#"0{"id":"a"}"#,
            r#"0"sid":"a""#,
            "0{",
            "0}",
            "0{\"sid\":\"}",
        ] {
            assert_eq!(greeting(wire), None, "{wire}");
        }
    }
}
