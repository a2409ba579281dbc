//! Tests the server with other implementations: clients of several versions, Node's server as the
//! oracle, and a WebTransport server.

mod eio3_clients;
mod errors;
mod msgpack;
mod notepack;
mod parser;
mod recovery_wire;
mod serve_client;
mod webtransport;
mod wire_eio3;
mod wraps;
