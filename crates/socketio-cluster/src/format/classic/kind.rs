//! The types of messages.

/// The types of requests and answers (Node's `RequestType`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Type {
    Sockets,
    AllRooms,
    Join,
    Leave,
    Disconnect,
    Fetch,
    ServerSideEmit,
    Broadcast,
    ClientCount,
    Ack,
}

impl Type {
    const ALL: [Self; 10] = [
        Self::Sockets,
        Self::AllRooms,
        Self::Join,
        Self::Leave,
        Self::Disconnect,
        Self::Fetch,
        Self::ServerSideEmit,
        Self::Broadcast,
        Self::ClientCount,
        Self::Ack,
    ];

    pub(super) fn from_number(number: u64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }

    pub(super) fn number(self) -> u64 {
        self as u64
    }
}
