//! An in-process client for tests of Socket.IO servers.
//!
//! [`TestServer`] takes the service of an application, such as an axum `Router`, and connects
//! [`TestClient`]s to it. The clients call the service in the process of the test, without ports and
//! without TCP:
//!
//! - All layers take part: sessions, CORS, authentication, `allow_request`.
//! - With tokio's paused clock, an hour of heartbeats takes milliseconds, and timeouts are exact.
//! - Events and acknowledgements are typed, and a failed read lists what the client has received.
//!
//! # Examples
//!
//! ```
//! use axum::Router;
//! use socketio::{Reply, Socket, SocketIoLayer, extract::Data};
//! use socketio_test::TestServer;
//!
//! async fn message(socket: Socket, Data(text): Data<String>) -> Reply<usize> {
//!     socket.broadcast().emit("message", &text);
//!     Reply(text.len())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let sockets = SocketIoLayer::new();
//! sockets.io().of("/chat").on("message", message);
//! let app = Router::new().layer(sockets);
//!
//! let server = TestServer::new(app);
//! let ada = server.connect("/chat").await.unwrap();
//! let bob = server.connect("/chat").await.unwrap();
//! let length: usize = ada.emit_with_ack("message", "hello").await;
//! assert_eq!(length, 5);
//! let text: String = bob.event("message").await;
//! assert_eq!(text, "hello");
//! # }
//! ```
//!
//! The guide of `socketio` has a chapter about testing: time, middleware, acknowledgements in both
//! directions, reconnection, and handlers without a client.
//!
//! # Time
//!
//! A client waits for at most [`PATIENCE`] of tokio's clock. Start a test with
//! `#[tokio::test(start_paused = true)]`, and the clock advances when all tasks wait. Tests of
//! heartbeats, timeouts and silence then need no real time.
//!
//! # Features
//!
//! | feature | default | effect |
//! |---|---|---|
//! | `axum` | yes | the address of a client is available as axum's `ConnectInfo<SocketAddr>` too |

#![cfg_attr(docsrs, feature(doc_cfg))]

// From top to bottom; a module uses only the ones below it.
mod acknowledgement;
mod builder;
mod client;
mod clock;
mod connection;
mod disconnection;
mod event;
mod failure;
mod inbox;
mod options;
mod refused;
mod server;
mod service;

#[doc(inline)]
pub use socketio_proto::Args;

pub use self::acknowledgement::{AckSender, Acknowledgement, EventRejection};
pub use self::builder::{ClientBuilder, NamespaceBuilder};
pub use self::client::TestClient;
pub use self::disconnection::Disconnection;
pub use self::event::ReceivedEvent;
pub use self::options::PATIENCE;
pub use self::refused::ConnectRefused;
pub use self::server::{TestResponse, TestServer};
