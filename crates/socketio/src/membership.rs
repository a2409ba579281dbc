//! The sockets of one namespace on this server, their rooms, and connection state recovery.
//!
//! May use `socket_state` and the modules below it.

pub(crate) mod connection_state_recovery;
pub(crate) mod local_namespace;
pub(crate) mod namespace_shared;
pub(crate) mod recovery;
