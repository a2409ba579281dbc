//! A TCP connection that is read by line, by length or to its end.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::deadline::within;

/// A connection and the bytes that have been read ahead.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    ahead: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        match within(&format!("a connection to {addr}"), TcpStream::connect(addr)).await {
            Ok(stream) => {
                // A test writes small frames and waits for answers.
                stream.set_nodelay(true).ok();
                Self {
                    stream,
                    ahead: Vec::new(),
                }
            }
            Err(error) => panic!("no connection to {addr}: {error}. Is the server running?"),
        }
    }

    /// Writes all bytes. It does not fail if the server has closed the connection: the data that the server sent
    /// before is still unread and more informative.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let _ = within("the server to read", self.stream.write_all(bytes)).await;
    }

    /// Reads the next line and returns it without CRLF, or `None` at the end of the stream.
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.ahead.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8_lossy(&line).into_owned());
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// Reads the next `length` bytes, or fewer if the stream ends.
    pub(crate) async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.ahead.len() < length && self.fill().await {}
        self.ahead.drain(..length.min(self.ahead.len())).collect()
    }

    /// Reads to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.fill().await {}
        std::mem::take(&mut self.ahead)
    }

    /// Closes the connection with a TCP reset.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().ok();
    }

    /// Reads a chunk. Returns `false` at the end of the stream or after a reset.
    async fn fill(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        let Ok(length) = self.stream.read(&mut chunk).await else {
            return false;
        };
        self.ahead.extend(chunk.iter().take(length));
        length > 0
    }
}
