//! A client that polls.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::http::{HttpConnection, RawResponse, Request};
use crate::pattern::{assert_matches, matches};
use crate::websocket::WsClient;

/// Stands between the packets of a payload (Engine.IO protocol 4).
const SEPARATOR: char = '\u{1e}';

/// One Engine.IO session by HTTP long-polling. Every request goes over a connection of its own.
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
        // The answer has this shape, see above.
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

    /// The id of the session.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// The first packet of the session, `0{"sid":…}`.
    pub fn open_packet(&self) -> &str {
        &self.open_packet
    }

    /// The target of the session's requests: path and query with `sid`.
    pub fn target(&self) -> String {
        format!("{}&sid={}", self.target, self.sid)
    }

    /// The target of a WebSocket that belongs to this session.
    pub fn upgrade_target(&self) -> String {
        self.target()
            .replace("transport=polling", "transport=websocket")
    }

    /// Opens a WebSocket for this session; the conversation of the upgrade is still to come.
    pub async fn websocket(&self) -> WsClient {
        WsClient::connect(self.addr, &self.upgrade_target()).await
    }

    /// Polls: the next answer as it is.
    pub async fn get(&self) -> RawResponse {
        Request::get(&self.target()).send(self.addr).await
    }

    /// Posts a payload: the answer as it is.
    pub async fn post(&self, body: impl Into<Vec<u8>>) -> RawResponse {
        Request::post(&self.target(), body).send(self.addr).await
    }

    /// Sends a poll whose answer is read later.
    pub async fn begin_get(&self) -> PendingPoll {
        let mut connection = HttpConnection::open(self.addr).await;
        connection.send(&Request::get(&self.target())).await;
        PendingPoll { connection }
    }

    /// Sends any request that carries the session's `sid`.
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

    /// Posts a payload, which must be answered with `ok`.
    pub async fn send(&self, payload: &str) {
        self.post(payload).await.assert(200, "ok");
    }

    /// The next packet, which must [`match`](crate::matches) the pattern. Polls if none is at hand. Returns it.
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
        // Splitting gives at least one packet, if an empty one.
        let packet = self.unread.pop_front().unwrap_or_default();
        assert!(
            matches(pattern, &packet),
            "expected the packet {pattern:?}, got {packet:?} and then {:?}",
            self.unread
        );
        packet
    }

    /// The next packet that has already been received, if any.
    pub fn next_at_hand(&mut self) -> Option<String> {
        self.unread.pop_front()
    }

    /// The server must have closed the session and tell so to the next poll, and then know it no more.
    pub async fn expect_close(&self) {
        assert!(self.unread.is_empty(), "unread packets: {:?}", self.unread);
        self.get().await.assert(200, "6\u{1e}1");
        self.expect_gone().await;
    }

    /// The server must not know the session any more.
    pub async fn expect_gone(&self) {
        self.get()
            .await
            .assert(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    }

    /// Closes the session as a client does that leaves.
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
    /// The answer to the poll.
    pub async fn response(mut self) -> RawResponse {
        self.connection.response().await
    }

    /// The payload of the answer, which must [`match`](crate::matches) the pattern.
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

    /// Drops the poll with a TCP reset, as a client that crashed.
    pub fn reset(self) {
        self.connection.reset();
    }
}
