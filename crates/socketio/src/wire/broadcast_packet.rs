use engineio::{Broadcast, SendError};

use crate::wire::client_shared::Link;
use crate::wire::encoded_packet::Encoded;

/// A packet on its way to many clients.
pub(crate) enum Delivery {
    /// One message, as most packets are.
    Sole(Broadcast),
    Several(Encoded),
}

impl Delivery {
    pub(crate) fn new(packet: Encoded) -> Self {
        match packet.sole() {
            Some(message) => Self::Sole(Broadcast::new(message, packet.options())),
            None => Self::Several(packet),
        }
    }

    pub(crate) fn send(&mut self, link: &Link) -> Result<(), SendError> {
        match self {
            Self::Sole(broadcast) => broadcast.send(&link.session),
            Self::Several(packet) => link
                .session
                .send_all_with(packet.messages(), packet.options()),
        }
    }

    /// Sends the packet if the transport can take it now. Returns whether it could.
    pub(crate) fn send_volatile(&mut self, link: &Link) -> bool {
        match self {
            Self::Sole(broadcast) => broadcast.send_volatile(&link.session),
            Self::Several(packet) => link.send_volatile(packet),
        }
    }
}
