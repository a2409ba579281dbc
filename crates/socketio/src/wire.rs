//! Packets on their way to a session: encoding, sending, and the state shared by a client's sockets.
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
