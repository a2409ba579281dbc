//! The transports: where packets meet HTTP, WebSocket and WebTransport.

pub(crate) mod arrived;
pub(crate) mod channel;
pub(crate) mod coding;
mod growth;
pub(crate) mod jsonp;
mod outgoing;
pub(crate) mod websocket;
pub(crate) mod webtransport;

/// How much is read at a time, in bytes. It lies on the stack: between reads a connection holds
/// nothing for them.
pub(crate) const READ_BUFFER: usize = 16 * 1024;

/// What is gathered before it is written although more is to come, in bytes.
const WRITE_BUFFER: usize = 16 * 1024;

/// The connection is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed;
