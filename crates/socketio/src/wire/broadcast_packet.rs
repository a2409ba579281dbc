//! A packet that is sent to many clients.

use engineio::{Broadcast, SendError};

use crate::wire::client_shared::ClientShared;
use crate::wire::encoded_packet::EncodedPacket;

/// A packet that is sent to many clients.
pub(crate) enum BroadcastPacket {
    /// A packet of one message, as most are.
    Sole(Broadcast),
    Several(EncodedPacket),
}

impl BroadcastPacket {
    pub(crate) fn new(packet: EncodedPacket) -> Self {
        match packet.single_message() {
            Some(message) => Self::Sole(Broadcast::new(message, packet.options())),
            None => Self::Several(packet),
        }
    }

    pub(crate) fn send(&mut self, client: &ClientShared) -> Result<(), SendError> {
        match self {
            Self::Sole(broadcast) => broadcast.send(&client.session),
            Self::Several(packet) => {
                client
                    .session
                    .enqueue(packet.messages(), packet.options())
                    .0
            }
        }
    }

    /// Sends the packet if the transport can take it now. Returns whether it could.
    pub(crate) fn send_volatile(&mut self, client: &ClientShared) -> bool {
        match self {
            Self::Sole(broadcast) => broadcast.send_volatile(&client.session),
            Self::Several(packet) => client.send_volatile(packet),
        }
    }
}
