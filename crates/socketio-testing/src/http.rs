//! A minimal HTTP/1.1 client that exposes requests and responses unchanged.

use std::net::SocketAddr;

use crate::deadline::within;
use crate::wire::Wire;

/// A request that is sent exactly as it is built.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// Creates a request with this method and target (path and query), without a body. Sending it adds only `Host`.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Creates a GET request.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// Creates a POST request with the content type of Engine.IO clients, `text/plain;charset=UTF-8`.
    pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", target)
            .header("Content-Type", "text/plain;charset=UTF-8")
            .body(body)
    }

    /// Creates a WebSocket request with the key of the example in RFC 6455, section 1.3.
    #[must_use]
    pub fn websocket(target: &str) -> Self {
        Self::get(target)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", WEBSOCKET_KEY)
    }

    /// Adds a header. Headers with the same name are kept.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes all headers with this name.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers
            .retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self
    }

    /// Sets the body, which is sent with a `Content-Length`.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends the request on a new connection and returns the response.
    pub async fn send(&self, addr: SocketAddr) -> RawResponse {
        HttpConnection::open(addr).await.exchange(self).await
    }

    fn encode(&self, addr: SocketAddr) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {addr}\r\n",
            self.method, self.target
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }
}

/// The key of the example in RFC 6455, section 1.3.
const WEBSOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The answer to [`WEBSOCKET_KEY`].
pub(crate) const WEBSOCKET_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A response of which only the framing is decoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RawResponse {
    /// The status code.
    pub status: u16,
    /// The headers in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The body without a chunked encoding. It is not decompressed.
    pub body: Vec<u8>,
}

impl RawResponse {
    /// Returns the value of the first header with this name, ignoring case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the body as a string. Invalid UTF-8 is replaced by `U+FFFD`.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns whether the body had `Transfer-Encoding: chunked`.
    #[must_use]
    pub fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    }

    /// Asserts that the response has this status and that its body [`matches()`](crate::matches) the pattern.
    #[track_caller]
    pub fn assert(&self, status: u16, body: &str) {
        let text = self.text();
        assert!(
            self.status == status && crate::matches(body, &text),
            "expected the answer {status} {body:?}, got {} {text:?}",
            self.status
        );
    }
}

/// A persistent HTTP connection.
#[derive(Debug)]
pub struct HttpConnection {
    addr: SocketAddr,
    wire: Wire,
}

impl HttpConnection {
    /// Connects to the server.
    pub async fn open(addr: SocketAddr) -> Self {
        Self {
            addr,
            wire: Wire::open(addr).await,
        }
    }

    /// Sends a request and returns the response.
    pub async fn exchange(&mut self, request: &Request) -> RawResponse {
        self.send(request).await;
        let what = format!("the answer to {} {}", request.method, request.target);
        within(&what, self.read(request.method == "HEAD")).await
    }

    /// Sends a request. Read the response with [`response`](Self::response).
    pub async fn send(&mut self, request: &Request) {
        self.wire.write(&request.encode(self.addr)).await;
    }

    /// Sends bytes unchanged.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.wire.write(bytes).await;
    }

    /// Reads the next response, which must not be the response to HEAD.
    pub async fn response(&mut self) -> RawResponse {
        within("a response", self.read(false)).await
    }

    /// Reads until the server closes the connection.
    pub async fn rest(&mut self) -> Vec<u8> {
        within("the end of the connection", self.wire.rest()).await
    }

    /// Drops the connection with a TCP reset, as a crashed client does.
    pub fn reset(self) {
        self.wire.reset();
    }

    pub(crate) fn into_wire(self) -> Wire {
        self.wire
    }

    async fn read(&mut self, to_head: bool) -> RawResponse {
        let status = self.status_line().await;
        let headers = self.headers().await;
        let mut response = RawResponse {
            status,
            headers,
            body: Vec::new(),
        };
        if !to_head {
            response.body = self.body(&response).await;
        }
        response
    }

    async fn status_line(&mut self) -> u16 {
        let Some(line) = self.wire.line().await else {
            panic!("the server closed the connection instead of answering");
        };
        let status = line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.split(' ').next())
            .and_then(|code| code.parse().ok());
        status.unwrap_or_else(|| panic!("no HTTP/1.1 status line: {line:?}"))
    }

    async fn headers(&mut self) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        loop {
            match self.wire.line().await {
                None => panic!("the server closed the connection within the headers {headers:?}"),
                Some(line) if line.is_empty() => return headers,
                Some(line) => match line.split_once(':') {
                    Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
                    None => panic!("no header: {line:?}"),
                },
            }
        }
    }

    async fn body(&mut self, response: &RawResponse) -> Vec<u8> {
        if response.status < 200 || response.status == 204 || response.status == 304 {
            return Vec::new();
        }
        if response.is_chunked() {
            return self.chunks().await;
        }
        let Some(length) = response.header("content-length") else {
            return self.wire.rest().await;
        };
        let Ok(length) = length.parse() else {
            panic!("no Content-Length: {length:?}");
        };
        let body = self.wire.take(length).await;
        assert_eq!(
            body.len(),
            length,
            "the server closed the connection within a body"
        );
        body
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = self.wire.line().await.unwrap_or_default();
            let Ok(length) = usize::from_str_radix(&line, 16) else {
                panic!("no length of a chunk: {line:?}");
            };
            let chunk = self.wire.take(length).await;
            assert_eq!(
                chunk.len(),
                length,
                "the server closed the connection within a chunk"
            );
            body.extend(chunk);
            // A CRLF follows each chunk and the (absent) trailers.
            assert_eq!(
                self.wire.line().await.as_deref(),
                Some(""),
                "a chunk is longer than its size"
            );
            if length == 0 {
                return body;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Starts a server that reads one request and answers with these bytes.
    async fn answering(bytes: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.expect("a request");
            stream
                .write_all(bytes.as_bytes())
                .await
                .expect("the client reads");
            request.truncate(length);
            String::from_utf8(request).expect("text")
        });
        (addr, server)
    }

    #[tokio::test]
    async fn a_request_is_written_as_it_was_built() {
        let (addr, server) = answering("HTTP/1.1 204 No Content\r\n\r\n").await;
        let request = Request::new("PUT", "/x?y")
            .header("A", "1")
            .header("a", "2")
            .body("hé");

        request.send(addr).await.assert(204, "");

        assert_eq!(
            server.await.expect("the server lives"),
            format!(
                "PUT /x?y HTTP/1.1\r\nHost: {addr}\r\nA: 1\r\na: 2\r\nContent-Length: 3\r\n\r\nhé"
            )
        );
    }

    #[tokio::test]
    async fn a_body_with_its_length() {
        let (addr, _server) = answering("HTTP/1.1 200 OK\r\ncontent-LENGTH:  2\r\n\r\nok").await;
        let response = Request::get("/").send(addr).await;
        response.assert(200, "ok");
        assert_eq!(response.header("Content-Length"), Some("2"));
        assert!(!response.is_chunked());
    }

    #[tokio::test]
    async fn a_body_in_chunks() {
        let (addr, _server) =
            answering("HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n").await;
        let response = Request::get("/").send(addr).await;
        response.assert(400, "abc0123456789");
        assert!(response.is_chunked());
    }

    #[tokio::test]
    async fn a_body_to_the_end_of_the_connection() {
        let (addr, _server) = answering("HTTP/1.1 200 OK\r\n\r\nall of it").await;
        Request::get("/").send(addr).await.assert(200, "all …");
    }

    #[tokio::test]
    #[should_panic(expected = "closed the connection within a body")]
    async fn a_body_that_is_cut_fails_the_test() {
        let (addr, _server) = answering("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok").await;
        Request::get("/").send(addr).await;
    }

    #[tokio::test]
    #[should_panic(expected = "closed the connection instead of answering")]
    async fn no_answer_fails_the_test() {
        let (addr, _server) = answering("").await;
        Request::get("/").send(addr).await;
    }
}
