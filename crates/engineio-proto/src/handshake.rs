//! What the server tells a client that has just connected.

use std::{fmt::Write as _, time::Duration};

use crate::{json, packet::Packet, session_id::SessionId, transport::Transport};

/// What the server tells a client that has just connected: the content of the `open` packet.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use engineio_proto::{Handshake, SessionId, Transport};
///
/// let handshake = Handshake {
///     sid: &SessionId::from("lv_VI97HAXpY6yYWAAAC"),
///     upgrades: &[Transport::WebSocket],
///     ping_interval: Duration::from_secs(25),
///     ping_timeout: Duration::from_secs(20),
///     max_payload: 1_000_000,
/// };
/// assert_eq!(
///     handshake.to_json(),
///     "{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],\
///      \"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}",
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Handshake<'a> {
    /// The id that the client names in all its later requests.
    pub sid: &'a SessionId,
    /// The transports to which the client may move.
    pub upgrades: &'a [Transport],
    /// The time between pings. Sent in milliseconds.
    pub ping_interval: Duration,
    /// The time within which a ping has to be answered. Sent in milliseconds.
    pub ping_timeout: Duration,
    /// The number of bytes that one request or frame of the client may have.
    pub max_payload: usize,
}

impl Handshake<'_> {
    /// The content of the `open` packet, its keys in the order of Node's server.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(128);
        self.push_json(&mut out);
        out
    }

    /// The `open` packet.
    #[must_use]
    pub fn to_packet(&self) -> Packet {
        Packet::Open(self.to_json().into())
    }

    fn push_json(&self, out: &mut String) {
        out.push_str("{\"sid\":");
        json::push_string(out, self.sid.as_str());
        out.push_str(",\"upgrades\":[");
        for (position, transport) in self.upgrades.iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            json::push_string(out, transport.as_str());
        }
        // Writing into a `String` cannot fail.
        let _ = write!(
            out,
            "],\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{}}}",
            self.ping_interval.as_millis(),
            self.ping_timeout.as_millis(),
            self.max_payload,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake<'a>(sid: &'a SessionId, upgrades: &'a [Transport]) -> Handshake<'a> {
        Handshake {
            sid,
            upgrades,
            ping_interval: Duration::from_millis(300),
            ping_timeout: Duration::from_millis(200),
            max_payload: 1_000,
        }
    }

    #[test]
    fn without_upgrades_the_list_is_empty() {
        assert_eq!(
            handshake(&SessionId::from("id"), &[]).to_json(),
            r#"{"sid":"id","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000}"#,
        );
    }

    #[test]
    fn several_upgrades_are_separated() {
        let both = [Transport::Polling, Transport::WebSocket];
        let json = handshake(&SessionId::from("id"), &both).to_json();
        assert!(
            json.contains(r#""upgrades":["polling","websocket"]"#),
            "{json}"
        );
    }

    #[test]
    fn the_open_packet_travels_as_type_zero() {
        let packet = handshake(&SessionId::from("id"), &[]).to_packet();
        assert!(packet.encode_base64().starts_with(r#"0{"sid":"id","#));
    }
}
