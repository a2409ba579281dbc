//! A TCP connection read by line, by length or to its end.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::deadline::within;

/// A connection and what has been read of it ahead.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    ahead: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        match within(&format!("a connection to {addr}"), TcpStream::connect(addr)).await {
            Ok(stream) => {
                // A test writes small frames and waits for the answers.
                stream.set_nodelay(true).ok();
                Self {
                    stream,
                    ahead: Vec::new(),
                }
            }
            Err(error) => panic!("no connection to {addr}: {error}. Is the server running?"),
        }
    }

    /// Writes all of it. A server that has closed the connection meanwhile is no fault here: what it sent before is
    /// still to be read and says more.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let _ = within("the server to read", self.stream.write_all(bytes)).await;
    }

    /// The next line without its CRLF, or `None` at the end of the stream.
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

    /// The next `length` bytes, or fewer if the stream ends before.
    pub(crate) async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.ahead.len() < length && self.fill().await {}
        self.ahead.drain(..length.min(self.ahead.len())).collect()
    }

    /// Everything to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.fill().await {}
        std::mem::take(&mut self.ahead)
    }

    /// Ends the connection with a reset instead of an orderly close.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().ok();
    }

    /// Reads some more; `false` at the end of the stream, for which a reset by the server counts too.
    async fn fill(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        let Ok(length) = self.stream.read(&mut chunk).await else {
            return false;
        };
        self.ahead.extend(chunk.iter().take(length));
        length > 0
    }
}
