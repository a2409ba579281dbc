//! A client that uses HTTP long-polling.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::http::{HttpConnection, RawResponse, Request};
use crate::pattern::{assert_matches, matches};
use crate::websocket::WsClient;

/// The separator of the packets of a payload (Engine.IO protocol 4).
const SEPARATOR: char = '\u{1e}';

/// An Engine.IO session over HTTP long-polling. Every request uses a new connection.
#[derive(Debug)]
pub struct PollingClient {
    addr: SocketAddr,
    target: String,
    open_packet: String,
    sid: String,
    unread: VecDeque<String>,
}

impl PollingClient {
    /// Opens a session at `/socket.io/` with protocol 4.
    pub async fn handshake(addr: SocketAddr) -> Self {
        Self::handshake_at(addr, "/socket.io/?EIO=4&transport=polling").await
    }

    /// Opens a session at the target (path and query, without `sid`).
    pub async fn handshake_at(addr: SocketAddr, target: &str) -> Self {
        let response = Request::get(target).send(addr).await;
        response.assert(200, r#"0{"sid":"…",…}"#);
        let payload = response.text();
        let mut packets = payload.split(SEPARATOR).map(str::to_owned);
        let open_packet = packets.next().unwrap_or_default();
        // The pattern above guarantees this structure.
        let sid = open_packet.split('"').nth(3).unwrap_or_default().to_owned();
        Self {
            addr,
            target: target.to_owned(),
            sid,
            unread: packets.collect(),
            open_packet,
        }
    }

    /// Opens a session and joins the namespace `/`.
    pub async fn connect(addr: SocketAddr) -> Self {
        let mut client = Self::handshake(addr).await;
        client.send("40").await;
        client.expect(r#"40{"sid":"…"}"#).await;
        client
    }

    /// Returns the id of the session.
    #[must_use]
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// Returns the first packet of the session, `0{"sid":…}`.
    #[must_use]
    pub fn open_packet(&self) -> &str {
        &self.open_packet
    }

    /// Returns the target of the session's requests: path and query with `sid`.
    #[must_use]
    pub fn target(&self) -> String {
        format!("{}&sid={}", self.target, self.sid)
    }

    /// Returns the target of a WebSocket of this session.
    #[must_use]
    pub fn upgrade_target(&self) -> String {
        self.target()
            .replace("transport=polling", "transport=websocket")
    }

    /// Opens a WebSocket for this session, without the packets of an upgrade.
    pub async fn websocket(&self) -> WsClient {
        WsClient::connect(self.addr, &self.upgrade_target()).await
    }

    /// Polls and returns the response.
    pub async fn get(&self) -> RawResponse {
        Request::get(&self.target()).send(self.addr).await
    }

    /// Posts a payload and returns the response.
    pub async fn post(&self, body: impl Into<Vec<u8>>) -> RawResponse {
        Request::post(&self.target(), body).send(self.addr).await
    }

    /// Sends a poll without reading the response.
    pub async fn begin_get(&self) -> PendingPoll {
        let mut connection = HttpConnection::open(self.addr).await;
        connection.send(&Request::get(&self.target())).await;
        PendingPoll { connection }
    }

    /// Sends a request with the session's `sid` and returns the response.
    pub async fn raw_request(
        &self,
        method: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> RawResponse {
        let mut request = Request::new(method, &self.target());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send(self.addr).await
    }

    /// Posts a payload and asserts that the response is `ok`.
    pub async fn send(&self, payload: &str) {
        self.post(payload).await.assert(200, "ok");
    }

    /// Returns the next packet, which must [`match`](crate::matches) the pattern. Polls if none is buffered.
    pub async fn expect(&mut self, pattern: &str) -> String {
        if self.unread.is_empty() {
            let response = self.get().await;
            assert_eq!(
                response.status,
                200,
                "expected the packet {pattern:?}, but the poll was answered {:?}",
                response.text()
            );
            self.unread = response
                .text()
                .split(SEPARATOR)
                .map(str::to_owned)
                .collect();
        }
        // Splitting yields at least one packet, possibly an empty one.
        let packet = self.unread.pop_front().unwrap_or_default();
        assert!(
            matches(pattern, &packet),
            "expected the packet {pattern:?}, got {packet:?} and then {:?}",
            self.unread
        );
        packet
    }

    /// Returns the next buffered packet, if any.
    pub fn next_at_hand(&mut self) -> Option<String> {
        self.unread.pop_front()
    }

    /// Asserts that the next poll reports that the session is closed, and that the server has removed it.
    pub async fn expect_close(&self) {
        assert!(self.unread.is_empty(), "unread packets: {:?}", self.unread);
        self.get().await.assert(200, "6\u{1e}1");
        self.expect_gone().await;
    }

    /// Asserts that the server has removed the session.
    pub async fn expect_gone(&self) {
        self.get()
            .await
            .assert(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    }

    /// Closes the session as a client does.
    pub async fn close(self) {
        self.send("1").await;
    }
}

/// A poll that the server has not answered yet.
#[derive(Debug)]
pub struct PendingPoll {
    connection: HttpConnection,
}

impl PendingPoll {
    /// Returns the response to the poll.
    pub async fn response(mut self) -> RawResponse {
        self.connection.response().await
    }

    /// Returns the payload of the response, which must [`match`](crate::matches) the pattern.
    pub async fn expect(self, pattern: &str) -> String {
        let response = self.response().await;
        assert_eq!(
            response.status,
            200,
            "the pending poll was answered {:?}",
            response.text()
        );
        assert_matches("the answer to the pending poll", pattern, &response.text());
        response.text()
    }

    /// Drops the poll with a TCP reset, as a crashed client does.
    pub fn reset(self) {
        self.connection.reset();
    }
}
