//! A long-polling client.

use std::collections::VecDeque;
use std::net::TcpStream;

/// The phase of the handshake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Dead,
    /// The GET without a session id is pending.
    EngineOpen,
    /// The POST of the CONNECT packet and a GET are pending.
    NamespaceConnect,
    Ready,
}

/// The two keep-alive connections of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Get = 0,
    Post = 1,
}

/// A connection with the received part of a response.
pub(super) struct Half {
    pub(super) stream: TcpStream,
    pub(super) connected: bool,
    pub(super) partial: Vec<u8>,
}

impl Half {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            connected: false,
            partial: Vec::new(),
        }
    }
}

/// A client: a GET is always pending, and at most one POST.
pub(super) struct Client {
    pub(super) phase: Phase,
    pub(super) get: Half,
    pub(super) post: Half,
    /// The complete GET request.
    pub(super) get_request: Vec<u8>,
    /// The POST request up to the content length.
    pub(super) post_head: Vec<u8>,
    pub(super) posting: bool,
    pub(super) owes_pong: bool,
    /// The number of operations that the next POST may send.
    pub(super) credits: usize,
    /// The start times of the pending operations.
    pub(super) queue: VecDeque<u64>,
}

impl Client {
    pub(super) fn new(get: TcpStream, post: TcpStream) -> Self {
        Self {
            phase: Phase::EngineOpen,
            get: Half::new(get),
            post: Half::new(post),
            get_request: Vec::new(),
            post_head: Vec::new(),
            posting: false,
            owes_pong: false,
            credits: 0,
            queue: VecDeque::new(),
        }
    }

    pub(super) fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Get => &mut self.get,
            Side::Post => &mut self.post,
        }
    }

    /// Sets the requests of the session with this id.
    pub(super) fn session(&mut self, path: &str, host: &str, sid: &str) {
        let target = format!("{path}?EIO=4&transport=polling&sid={sid}");
        let common = format!("Host: {host}\r\nUser-Agent: loadgen\r\nAccept: */*\r\n");
        self.get_request = format!("GET {target} HTTP/1.1\r\n{common}\r\n").into_bytes();
        self.post_head = format!(
            "POST {target} HTTP/1.1\r\n{common}\
             Content-Type: text/plain;charset=UTF-8\r\nContent-Length: "
        )
        .into_bytes();
    }

    /// Encodes a POST with `body`.
    pub(super) fn post_request(&self, body: &[u8], request: &mut Vec<u8>) {
        request.clear();
        request.extend_from_slice(&self.post_head);
        request.extend_from_slice(body.len().to_string().as_bytes());
        request.extend_from_slice(b"\r\n\r\n");
        request.extend_from_slice(body);
    }
}
