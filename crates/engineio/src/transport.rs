//! The transports: where packets meet HTTP and WebSocket.

pub(crate) mod coding;
pub(crate) mod jsonp;
pub(crate) mod polling;
pub(crate) mod websocket;
