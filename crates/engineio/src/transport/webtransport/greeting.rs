//! What the first packet on the stream of a WebTransport session asks for.

use engineio_proto::{Packet, SessionId};

/// What the first packet on the stream of a WebTransport session asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Greeting {
    /// A new session: `0`.
    Open,
    /// To carry on a session that polls: `0{"sid":"…"}`.
    Upgrade(SessionId),
}

impl Greeting {
    /// Reads the packet. `None` for all others.
    pub(crate) fn of(packet: &Packet) -> Option<Self> {
        match packet {
            Packet::Open(content) if content.is_empty() => Some(Self::Open),
            Packet::Open(content) => session_id(content).map(Self::Upgrade),
            _ => None,
        }
    }
}

/// The id in `{"sid":"…"}`, which the official clients put together as a text. Ids hold nothing that
/// JSON would escape.
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
        Greeting::of(&Packet::decode_text(wire.into()).unwrap())
    }

    #[test]
    fn a_client_opens_or_carries_on() {
        assert_eq!(greeting("0"), Some(Greeting::Open));
        let upgrade = Greeting::Upgrade(SessionId::from("aB3_-x"));
        assert_eq!(greeting(r#"0{"sid":"aB3_-x"}"#), Some(upgrade.clone()));
        assert_eq!(greeting(r#"0 { "sid" : "aB3_-x" } "#), Some(upgrade));
    }

    #[test]
    fn others_ask_for_nothing() {
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
