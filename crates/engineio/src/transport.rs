//! The transports: where packets meet HTTP and WebSocket.

pub(crate) mod polling;
pub(crate) mod websocket;
