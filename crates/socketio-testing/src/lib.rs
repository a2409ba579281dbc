//! A wire-level client for tests of Engine.IO and Socket.IO servers.
//!
//! It implements HTTP/1.1 and WebSocket over plain TCP and has no packet codec: a test sends and expects messages as
//! they are on the wire. So a bug in the codec of a server is not hidden by the same bug in its test.
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
//! - [`WsClient`] is a WebSocket client that can send malformed [`Frame`]s.
//! - [`PollingClient`] is a session over HTTP long-polling.
//! - [`HttpConnection`] and [`Request`] send any request and return the [`RawResponse`].
//! - [`Program`] is a running server program, such as an example.
//!
//! Every step has the timeout [`DEADLINE`]. In an expected text, `…` matches any characters (see [`matches()`]).
//!
//! # Panics
//!
//! The methods are steps of a test. They panic if the server is unreachable, closes the connection, violates HTTP or
//! WebSocket, or does not send the expected answer within the deadline.

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
