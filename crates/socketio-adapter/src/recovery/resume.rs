//! How a client that is back is told what it has missed.

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

/// Takes a socket back into its namespace: sends what it has missed and puts it into its rooms.
///
/// An adapter calls it at most once, at a moment when it delivers nothing to the sockets of this
/// server (see [`Adapter::resume_session`](crate::Adapter::resume_session)).
#[must_use = "the client waits for what it has missed"]
pub struct Resume(Box<dyn FnOnce(Vec<MissedPacket>) -> bool + Send>);

impl Resume {
    /// Returns what calls `take_back` with the packets that were missed, oldest first. It returns
    /// whether the socket was taken back: the client may have gone again.
    ///
    /// It must not wait, and must not call the adapter.
    pub fn new(take_back: impl FnOnce(Vec<MissedPacket>) -> bool + Send + 'static) -> Self {
        Self(Box::new(take_back))
    }

    /// Takes the socket back. Returns whether it is.
    #[must_use = "a socket that was not taken back is not resumed"]
    pub fn call(self, missed: Vec<MissedPacket>) -> bool {
        (self.0)(missed)
    }
}

impl fmt::Debug for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resume").finish_non_exhaustive()
    }
}
