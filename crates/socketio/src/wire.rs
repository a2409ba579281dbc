//! Encoding and sending of packets, and the state that the sockets of one client share.
//!
//! May use `handshake` and `error`.

pub(crate) mod backlink;
pub(crate) mod broadcast_packet;
pub(crate) mod client_shared;
pub(crate) mod codec;
pub(crate) mod disconnect_reason;
pub(crate) mod encoded_packet;
pub(crate) mod limits;
pub(crate) mod unicast_packet;
