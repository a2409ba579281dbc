//! The content of the `open` packet.

use std::{fmt::Write as _, time::Duration};

use crate::{json, packet::Packet, session_id::SessionId, transport::Transport};

/// The content of the `open` packet, which a client receives when its session opens.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use engineio_proto::{Handshake, SessionId, Transport};
///
/// let sid = SessionId::from("lv_VI97HAXpY6yYWAAAC");
/// let handshake = Handshake::new(&sid)
///     .upgrades(&[Transport::WebSocket])
///     .ping_timeout(Duration::from_secs(5));
/// assert_eq!(
///     handshake.to_json(),
///     "{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],\
///      \"pingInterval\":25000,\"pingTimeout\":5000,\"maxPayload\":1000000}",
/// );
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
#[non_exhaustive]
pub struct Handshake<'a> {
    /// The id that the client sends with all its later requests.
    pub sid: &'a SessionId,
    /// The transports to which the client may upgrade. Default: none.
    pub upgrades: &'a [Transport],
    /// The time between pings, sent in milliseconds. Default: 25 seconds.
    pub ping_interval: Duration,
    /// The time within which a ping has to be answered, sent in milliseconds. Default: 20 seconds.
    pub ping_timeout: Duration,
    /// The largest request body and the largest frame of the client, in bytes. Default: 1,000,000.
    pub max_payload: usize,
}

impl<'a> Handshake<'a> {
    /// Creates a handshake for the session `sid`, with the defaults of Node's server.
    pub fn new(sid: &'a SessionId) -> Self {
        Self {
            sid,
            upgrades: &[],
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            max_payload: 1_000_000,
        }
    }

    /// Sets the transports to which the client may upgrade.
    pub fn upgrades(mut self, upgrades: &'a [Transport]) -> Self {
        self.upgrades = upgrades;
        self
    }

    /// Sets the time between pings.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// Sets the time within which a ping has to be answered.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// Sets the largest request body and the largest frame of the client, in bytes.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Returns the content of the `open` packet, with the keys in the order of Node's server.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(128);
        self.push_json(&mut out);
        out
    }

    /// Returns the `open` packet.
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

    #[test]
    fn every_field_is_written() {
        let sid = SessionId::from("id");
        let handshake = Handshake::new(&sid)
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(200))
            .max_payload(1_000);
        assert_eq!(
            handshake.to_json(),
            r#"{"sid":"id","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000}"#,
        );
    }

    #[test]
    fn upgrades_are_separated_by_commas() {
        let both = [Transport::Polling, Transport::WebSocket];
        let json = Handshake::new(&SessionId::from("id"))
            .upgrades(&both)
            .to_json();
        assert!(
            json.contains(r#""upgrades":["polling","websocket"]"#),
            "{json}"
        );
    }

    #[test]
    fn the_open_packet_has_type_zero() {
        let packet = Handshake::new(&SessionId::from("id")).to_packet();
        assert!(packet.encode_base64().starts_with(r#"0{"sid":"id","#));
    }
}
