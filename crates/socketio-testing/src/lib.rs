//! A wire-level client for tests of Engine.IO and Socket.IO servers.
//!
//! It speaks HTTP/1.1 and WebSocket over plain TCP with code of its own and knows no codec: what a test sends and
//! expects are the texts that travel. So a test shows the conversation as it is on the wire, and a fault in a
//! server's codec cannot hide behind the same fault in its test.
//!
//! ```no_run
//! # async fn conversation(addr: std::net::SocketAddr) {
//! use socketio_testing::WsClient;
//!
//! let mut client = WsClient::connect(addr, "/socket.io/?EIO=4&transport=websocket").await;
//! client.expect(r#"0{"sid":"…","upgrades":[],"pingInterval":25000,…}"#).await;
//! client.send("40").await;
//! client.expect(r#"40{"sid":"…"}"#).await;
//! client.send(r#"42["echo",1]"#).await;
//! client.expect(r#"42["echo",1]"#).await;
//! # }
//! ```
//!
//! - [`WsClient`] is a WebSocket client that sends what it is told, malformed [`Frame`]s included.
//! - [`PollingClient`] polls: one session, its GETs and POSTs.
//! - [`HttpConnection`] and [`Request`] send any request and give the [`RawResponse`] as it came.
//! - [`Program`] is a program that serves, such as an example.
//!
//! Every wait ends after [`DEADLINE`]. In an expected text, `…` stands for any characters (see [`matches()`]).
//!
//! # Panics
//!
//! As the methods are steps of a test, all of them panic when the server does not do what the step says: it cannot be
//! reached, closes the connection, violates HTTP or WebSocket, answers something else, or not within the deadline.

pub use self::deadline::{DEADLINE, within};
pub use self::frame::{Frame, Opcode};
pub use self::http::{HttpConnection, RawResponse, Request};
pub use self::pattern::{assert_matches, matches};
pub use self::polling::{PendingPoll, PollingClient};
pub use self::program::Program;
pub use self::websocket::{Message, ServerFrame, WsClient};

mod deadline;
mod frame;
mod http;
mod pattern;
mod polling;
mod program;
mod websocket;
mod wire;
