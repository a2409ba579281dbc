//! The messages of Node's `ClusterAdapter`, which its sharded Redis adapter and others share:
//! `{type,data,uid,nsp}`.

mod decode;
mod encode;

pub(super) use self::decode::message as decode;
pub(super) use self::encode::{has_binary, message as encode};

/// The types of messages (Node's `MessageType`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Type {
    InitialHeartbeat = 1,
    Heartbeat,
    Broadcast,
    Join,
    Leave,
    Disconnect,
    Fetch,
    FetchResponse,
    ServerSideEmit,
    ServerSideEmitResponse,
    ClientCount,
    Ack,
    Close,
}

impl Type {
    const ALL: [Self; 13] = [
        Self::InitialHeartbeat,
        Self::Heartbeat,
        Self::Broadcast,
        Self::Join,
        Self::Leave,
        Self::Disconnect,
        Self::Fetch,
        Self::FetchResponse,
        Self::ServerSideEmit,
        Self::ServerSideEmitResponse,
        Self::ClientCount,
        Self::Ack,
        Self::Close,
    ];

    fn from_number(number: u64) -> Option<Self> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        Self::ALL.get(index).copied()
    }

    fn number(self) -> u64 {
        self as u64
    }
}
