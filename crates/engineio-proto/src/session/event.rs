//! What a session tells whoever drives it.

use crate::{close_reason::CloseReason, packet::Packet};

/// Something that the driver of a session, or the application, has to know. Each comes once.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The transport that is being probed took too long: close it. The session lives on polling.
    ProbeExpired,
    /// The session is on the transport that was probed.
    Upgraded,
    /// The session is over. No event follows.
    Closed(CloseReason),
}

/// What to do with a transport that is being probed after it sent a packet.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub enum ProbeResult {
    /// Write this packet to it.
    Reply(Packet),
    /// The session moved to it: from now on it is the transport.
    Upgraded,
    /// Close it. The session lives on polling, if it lived.
    Rejected,
}

/// The events that were not reported yet. The order in which they are reported is fixed, so no
/// queue is needed.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) probe_expired: bool,
    pub(super) upgraded: bool,
    pub(super) closed: bool,
}
