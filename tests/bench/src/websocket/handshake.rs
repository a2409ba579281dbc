//! The handshake, from the TCP connection to the ready client.

use super::Clients;
use super::connection::{Compression, Lost, Phase};
use crate::deflate::Inflater;
use crate::frame;
use crate::http::{self, Response, find};
use crate::network::{self, Lane};

/// The extension offer of a browser.
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
/// The extension parameter of a server that compresses messages without references to earlier ones.
const ALONE: &str = "server_no_context_takeover";

impl Clients {
    /// Returns the first request of a connection, or the upgrade request after long-polling.
    pub(super) fn first_request(&mut self, index: usize) -> Vec<u8> {
        let (path, host) = (&self.options.path, self.options.addr);
        let Some(connection) = self.connections.get_mut(index) else {
            return Vec::new();
        };
        let sid = match &connection.sid {
            None if self.options.variation.upgrade => {
                connection.phase = Phase::PollingOpen;
                return http::get(&format!("{path}?EIO=4&transport=polling"), host, "");
            }
            None => String::new(),
            Some(sid) => format!("&sid={sid}"),
        };
        connection.phase = Phase::Upgrade;
        let target = format!("{path}?EIO=4&transport=websocket{sid}");
        let extensions = if self.options.variation.deflate {
            OFFER
        } else {
            ""
        };
        let headers = format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extensions}"
        );
        http::get(&target, host, &headers)
    }

    /// Handles the response to the first request by long-polling, and connects for the WebSocket.
    pub(super) fn polled(&mut self, index: usize, bytes: &[u8]) -> Result<(), Lost> {
        let Some(connection) = self.connections.get_mut(index) else {
            return Err(Lost);
        };
        let sid = match http::parse(bytes) {
            Response::Partial => {
                connection.partial.extend_from_slice(bytes);
                return Ok(());
            }
            Response::Whole {
                status: 200, body, ..
            } => http::session_id(&body).map(Box::<str>::from),
            _ => None,
        };
        if sid.is_none() {
            let answer = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes));
            eprintln!("loadgen: no session opened: {answer}");
            return Err(Lost);
        }
        connection.sid = sid;
        let source = network::source(index, self.options.per_source, Lane::Second);
        let begun = network::connect(self.options.addr, source).and_then(|stream| {
            let started = connection.started;
            connection.begin(stream, &self.poller, index, started)
        });
        begun.map_err(|error| {
            if self.errors == 0 {
                eprintln!("loadgen: connect: {error}");
            }
            Lost
        })
    }

    /// Handles the response to the upgrade request. Returns the bytes after it.
    pub(super) fn upgraded<'a>(
        &mut self,
        index: usize,
        bytes: &'a [u8],
    ) -> Result<Option<&'a [u8]>, Lost> {
        let Some(connection) = self.connections.get_mut(index) else {
            return Err(Lost);
        };
        let Some(end) = find(bytes, b"\r\n\r\n") else {
            connection.partial.extend_from_slice(bytes);
            return Ok(None);
        };
        let (head, rest) = bytes.split_at(end + 4);
        if !head.starts_with(b"HTTP/1.1 101") {
            let answer = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes));
            eprintln!("loadgen: upgrade refused: {answer}");
            return Err(Lost);
        }
        if self.options.variation.deflate {
            connection.compression = compression(head).ok_or_else(|| {
                eprintln!("loadgen: the server does not compress; start it with --deflate");
                Lost
            })?;
        }
        if connection.sid.is_some() {
            connection.phase = Phase::Probe;
            self.write(index, &frame::text(b"2probe"));
        } else {
            connection.phase = Phase::EngineOpen;
        }
        Ok(Some(rest))
    }

    /// Counts a client that has joined its namespaces.
    pub(super) fn is_ready(&mut self, index: usize, at: u64) {
        if let Some(connection) = self.connections.get_mut(index) {
            connection.phase = Phase::Ready;
            let started = connection.started;
            self.handshake_times.record(at.saturating_sub(started));
        }
        self.ready += 1;
        self.handshaking -= 1;
        self.open_more();
    }

    /// Decompresses a message into `out`.
    pub(super) fn inflate(
        &mut self,
        index: usize,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Lost> {
        let compression = self.connections.get_mut(index);
        let done = match compression.map(|connection| &mut connection.compression) {
            Some(Compression::Own(inflater)) => inflater
                .get_or_insert_with(|| Box::new(Inflater::new()))
                .inflate(message, out),
            Some(Compression::Alone) => {
                self.inflater.forget();
                self.inflater.inflate(message, out)
            }
            Some(Compression::Off) | None => false,
        };
        if done {
            self.compressed += 1;
            return Ok(());
        }
        eprintln!("loadgen: invalid compressed message");
        Err(Lost)
    }
}

/// Returns the compression that the head of a response selects.
fn compression(head: &[u8]) -> Option<Compression> {
    let extensions = http::header(head, "sec-websocket-extensions")?;
    if !extensions.starts_with("permessage-deflate") {
        return None;
    }
    Some(if extensions.contains(ALONE) {
        Compression::Alone
    } else {
        Compression::Own(None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_selects_the_compression() {
        let of = |value: &str| {
            let head = format!("HTTP/1.1 101 X\r\nSec-WebSocket-Extensions: {value}\r\n\r\n");
            compression(head.as_bytes())
        };
        assert!(matches!(
            of("permessage-deflate"),
            Some(Compression::Own(None))
        ));
        let alone = of("permessage-deflate; server_no_context_takeover");
        assert!(matches!(alone, Some(Compression::Alone)));
        assert!(of("x-webkit-deflate-frame").is_none());
        assert!(compression(b"HTTP/1.1 101 X\r\n\r\n").is_none());
    }
}
