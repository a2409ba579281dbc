//! The transports: packets on WebSocket and WebTransport, and the JSONP encoding of polling; may
//! use `config` and `http`.

pub(crate) mod channel;
pub(crate) mod coding;
pub(crate) mod jsonp;
mod message_buf;
pub(crate) mod read_window;
pub(crate) mod websocket;
pub(crate) mod webtransport;
mod write_queue;

/// The size of a read, in bytes. The buffer is on the stack, so that a connection holds none
/// between reads.
pub(crate) const READ_BUFFER: usize = 16 * 1024;

/// The number of bytes that are buffered before they are written although more packets are queued.
const WRITE_BUFFER: usize = 16 * 1024;

/// The error of a closed connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed;
