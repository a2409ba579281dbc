//! The missed packets of a client, and the callback that replays them.

use std::fmt;

use socketio_proto::Packet;

use crate::options::Flags;

/// A packet that a client has missed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MissedPacket {
    /// The packet, with its offset as last argument.
    pub packet: Packet,
    /// The flags of its broadcast.
    pub flags: Flags,
}

impl MissedPacket {
    /// Creates a missed packet. Its last argument is its offset.
    #[must_use]
    pub fn new(packet: Packet, flags: Flags) -> Self {
        Self { packet, flags }
    }
}

/// A callback that recovers a socket: it sends the missed packets and adds the socket to its rooms.
///
/// An adapter calls it at most once, while it delivers nothing to the sockets of this server (see
/// [`Adapter::resume_session`](crate::Adapter::resume_session)).
#[must_use = "the client waits for the missed packets"]
pub struct Resume(Box<dyn FnOnce(Vec<MissedPacket>) -> bool + Send>);

impl Resume {
    /// Creates a callback from `recover`, which takes the missed packets, oldest first.
    ///
    /// `recover` returns whether the socket was recovered; the client may have disconnected again. It
    /// must not block and must not call the adapter.
    pub fn new(recover: impl FnOnce(Vec<MissedPacket>) -> bool + Send + 'static) -> Self {
        Self(Box::new(recover))
    }

    /// Recovers the socket. Returns whether it was recovered.
    #[must_use = "pass the result to the caller of `resume_session`"]
    pub fn call(self, missed: Vec<MissedPacket>) -> bool {
        (self.0)(missed)
    }
}

impl fmt::Debug for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resume").finish_non_exhaustive()
    }
}
